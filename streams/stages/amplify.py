"""Copies of a line that look like other customers' lines: fresh ids and authors, the same brands.

Copy *c* of the whole source is named by one suffix, so ids, replies and customers refer to each other inside a copy as
they did in the source. Copy 0 is the source itself.
"""

from itertools import chain
from typing import Final, NamedTuple
from zlib import crc32

import msgspec

from models.records import Control, ControlKind, Mention
from streams.stages.stamp import Kind, Line

_decode_mention: Final = msgspec.json.Decoder(Mention).decode
_decode_control: Final = msgspec.json.Decoder(Control).decode
_encode: Final = msgspec.json.Encoder().encode


class Template(NamedTuple):
    """A line with ``mark`` wherever a copy's suffix belongs; ``mark`` is empty when all copies are alike."""

    payload: bytes
    mark: bytes
    author_crc: int
    has_fresh_author: bool


def copy_suffix(seed: int, copy: int) -> bytes:
    """What sets the names of one copy apart; nothing for copy 0."""
    if copy == 0:
        return b""
    return b"~%d" % copy if seed == 0 else b"~%d.%d" % (seed, copy)


def copied_seq(seq: int, copies: int, copy: int) -> int:
    """The number of a copy: a gap of n numbers in the source becomes one of n * copies."""
    return (seq - 1) * copies + copy + 1


def make_template(line: Line, keep: frozenset[str], copies: int) -> Template:
    """Prepare a line for copying. ``keep`` holds the lower-case handles and identities of brands."""
    if line.kind == Kind.BROKEN:
        return Template(line.payload, b"", line.author_crc, has_fresh_author=False)
    mark = _unused_mark(line.payload)
    if line.kind == Kind.CONTROL:
        control = _marked_control(_decode_control(line.payload), keep, copies, mark)
        return Template(_encode(control), mark.encode(), line.author_crc, has_fresh_author=False)
    mention = _decode_mention(line.payload)
    fresh = _is_fresh(mention.author, keep) and _is_fresh(mention.handle, keep)
    marked = _marked_mention(mention, keep, mark, mark if fresh else "")
    return Template(_encode(marked), mark.encode(), line.author_crc, has_fresh_author=fresh)


def fill_template(template: Template, suffix: bytes) -> tuple[bytes, int]:
    """(payload, CRC-32 of the author) of one copy."""
    payload = template.payload.replace(template.mark, suffix) if template.mark else template.payload
    return payload, crc32(suffix, template.author_crc) if template.has_fresh_author else template.author_crc


def _marked_mention(mention: Mention, keep: frozenset[str], mark: str, author_mark: str) -> Mention:
    def marked(name: str) -> str:
        return name + mark if name and _is_fresh(name, keep) else name

    return msgspec.structs.replace(
        mention,
        id=mention.id + mark,
        author=mention.author + author_mark,
        handle=mention.handle + author_mark if mention.handle else "",
        reply_to=mention.reply_to + mark if mention.reply_to else "",
        reply_to_author=marked(mention.reply_to_author),
        mentions=tuple(map(marked, mention.mentions)),
        handles=tuple(map(marked, mention.handles)),
    )


def _marked_control(control: Control, keep: frozenset[str], copies: int, mark: str) -> Control:
    """Limit notices count for all copies at once: each copy says the total, so that the sum of the deltas is K-fold."""
    if control.control is ControlKind.LIMIT:
        return msgspec.structs.replace(control, track=control.track * copies)
    author = control.author
    return msgspec.structs.replace(
        control,
        id=control.id + mark if control.id else "",
        author=author + mark if author and _is_fresh(author, keep) else author,
    )


def _is_fresh(name: str, keep: frozenset[str]) -> bool:
    return name.lower() not in keep


def _unused_mark(payload: bytes) -> str:
    """A character that ``payload`` lacks: first the noncharacters of Unicode, then those for private use. One alone,
    because a longer mark could begin in the name before it."""
    codes = chain(range(0xFDD0, 0xFDF0), range(0xE000, 0xF900), range(0xF0000, 0x10FFFE))
    return next(mark for code in codes if (mark := chr(code)).encode() not in payload)
