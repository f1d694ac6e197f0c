"""What an author says and what an author only repeats.

A retweet is a message that begins with ``RT @name:``. That is how X writes a native one, and how people did before
there was one; the readers of ``streams.formats`` see to it that each native retweet has that form. All of it is the
original's, which is counted where it arrives itself. So a retweet names nobody, addresses nobody and speaks no keyword.

The same words *behind* words of the author's quote: what follows the colon is the original's, what stands before it is
the author's, the quoted name included. A native quote needs no care: the original does not stand in its text, and no
reader takes anything from it.
"""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import numpy as np

from models.compiled import compiled, inner
from models.features import Bytes
from models.packing import Strings
from models.records import Mention
from streams.formats.lines import REPEAT, handles_in

OWN: Final = 0  # all of it is the author's
REPEATED: Final = 1  # none of it
MIXED: Final = 2  # may be in part; ``own_parts`` knows

_NAME_BYTES: Final = 50  # of REPEAT


def own_parts(mentions: Sequence[Mention]) -> list[Mention]:
    """Each mention with nothing in it but what its author says."""
    return [_own_part(mention) if "RT @" in mention.text else mention for mention in mentions]


def _own_part(mention: Mention) -> Mention:
    text = mention.text
    repeat = REPEAT.search(text)
    if repeat is None:
        return mention
    if not text[: repeat.start()].strip():
        return msgspec.structs.replace(mention, text="", mentions=(), handles=(), reply_to_author="")
    own = text[: repeat.end()]
    repeated = set(handles_in(text[repeat.end() :])) - set(handles_in(own))
    return msgspec.structs.replace(
        mention,
        text=own,
        mentions=tuple(name for name in mention.mentions if name.lower() not in repeated),
        handles=tuple(name for name in mention.handles if name.lower() not in repeated),
    )


def kinds_of(texts: Strings) -> Bytes:
    """Whose each text is, as far as its bytes tell: OWN, REPEATED or MIXED."""
    kinds = np.empty(len(texts), np.uint8)
    data = texts.data.view()
    data.flags.writeable = False  # numba compiles anew for an array that can be written
    _tell_kinds(data, texts.offsets, kinds)
    return kinds


@compiled
def _tell_kinds(data: Any, offsets: Any, kinds: Any) -> None:
    for row in range(len(kinds)):
        start, end = offsets[row], offsets[row + 1]
        kinds[row] = OWN
        for at in range(start + 3, end):
            if data[at] == 64 and data[at - 1] == 32 and data[at - 2] == 84 and data[at - 3] == 82:  # RT @
                kinds[row] = REPEATED if _is_blank(data, start, at - 3) and _is_name(data, at + 1, end) else MIXED
                break


@inner
def _is_blank(data: Any, start: int, end: int) -> bool:
    """Whether there are only blanks of ASCII."""
    at = start
    while at < end and (data[at] == 32 or 9 <= data[at] <= 13 or 28 <= data[at] <= 31):
        at += 1
    return bool(at == end)


@inner
def _is_name(data: Any, start: int, end: int) -> bool:
    """Whether a name in ASCII stands here, and a colon behind it."""
    at = start
    while at < end and at - start <= _NAME_BYTES and _is_word(data[at]):
        at += 1
    return start < at <= start + _NAME_BYTES and at < end and data[at] == 58


@inner
def _is_word(byte: int) -> bool:
    return 97 <= byte | 32 <= 122 or 48 <= byte <= 57 or byte == 95
