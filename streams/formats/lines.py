"""What a reader makes of each line of a source, and the limits that all readers share."""

import re
from typing import Final, TypeAlias

import msgspec

from models.records import Control, Mention, RejectReason

EARLIEST_MS: Final = 1_142_899_200_000  # 2006-03-21, the day of the first tweet
FUTURE_SLACK_MS: Final = 300_000  # clocks of sources and ours may differ by so much
LARGEST_NUMBER: Final = 2**53 - 1  # what every JSON reader can hold exactly
DEFAULT_LINE_BYTES: Final = 1_048_576


class ReadLimits(msgspec.Struct, frozen=True, kw_only=True):
    """``now_ms`` bounds event times from above; ``line_bytes`` bounds one line of the source (and one record)."""

    now_ms: int
    line_bytes: int = DEFAULT_LINE_BYTES


class Good(msgspec.Struct, frozen=True):
    """A mention without stamps. ``seq`` is the number that the source itself gave it, 0 if it numbers nothing;
    ``feed`` and ``epoch`` come from the source too. ``official``: the source says that a brand speaks here."""

    mention: Mention
    official: bool = False
    feed: str = ""
    epoch: int = 0
    seq: int = 0


class SourceControl(msgspec.Struct, frozen=True):
    """A control line of the source (or an announcement in a recorded feed), without stamps."""

    control: Control
    feed: str = ""
    epoch: int = 0
    seq: int = 0


class Broken(msgspec.Struct, frozen=True):
    """A line that is no mention: its bytes as they came (cut at the line limit), its 1-based line or row."""

    raw: bytes
    position: int
    reason: RejectReason
    feed: str = ""
    epoch: int = 0
    seq: int = 0


SourceLine: TypeAlias = Good | SourceControl | Broken


class MalformedError(Exception):
    """Carries a reason from the depth of a parser to its reader, which turns it into :class:`Broken`."""

    def __init__(self, reason: RejectReason) -> None:
        super().__init__(reason)
        self.reason = reason


def check_mention(mention: Mention, limits: ReadLimits) -> Mention:
    """Raises MalformedError for a mention that no later step could carry."""
    if not EARLIEST_MS <= mention.created_at_ms <= limits.now_ms + FUTURE_SLACK_MS:
        raise MalformedError(RejectReason.TIME_OUT_OF_RANGE)
    if not mention.id or not mention.author or not 0 <= mention.followers <= LARGEST_NUMBER:
        raise MalformedError(RejectReason.WRONG_SHAPE)
    if "\x00" in mention.text or "\x00" in mention.id or "\x00" in mention.author:
        raise MalformedError(RejectReason.BAD_TEXT)
    return mention


def check_heartbeat(control: Control, limits: ReadLimits) -> Control:
    """Raises MalformedError for a time that would carry a feed's time to where no mention could follow."""
    if control.at_ms and not EARLIEST_MS <= control.at_ms <= limits.now_ms + FUTURE_SLACK_MS:
        raise MalformedError(RejectReason.TIME_OUT_OF_RANGE)
    return control


_HANDLE: Final = re.compile(r"(?<![\w@])@(\w{1,50})")


def handles_in(text: str) -> tuple[str, ...]:
    """The @names in a text, lower-case and unique, in order."""
    if "@" not in text:
        return ()
    return tuple(dict.fromkeys(name.lower() for name in _HANDLE.findall(text)))


REPEAT: Final = re.compile(r"(?<!\w)RT @\w{1,50}:")  # what follows is another's words


def as_retweet(text: str, name: str) -> str:
    """The text of a native retweet of ``name``'s post in the one form that all later steps know it by:
    ``RT @name: ...`` (see ``streams.stages.retweets``)."""
    return text if REPEAT.match(text) else f"RT @{name}: {text}"
