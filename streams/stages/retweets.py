"""What an author says and what an author only repeats.

A retweet is a message that begins with ``RT @name:``. That is how X writes a native one, and how people did before
there was one; the readers of ``streams.formats`` see to it that each native retweet has that form. All of it is the
original's, which is counted where it arrives itself. So a retweet names nobody, addresses nobody and speaks no keyword.

The same words *behind* words of the author's quote: what follows the colon is the original's, what stands before it is
the author's, the quoted name included. A native quote needs no care: the original does not stand in its text, and no
reader takes anything from it.
"""

from collections.abc import Sequence

import msgspec

from models.records import Mention
from streams.formats.lines import REPEAT, handles_in


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
