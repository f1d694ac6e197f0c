"""The sample firehose as if it spoke of one brand, or of many: the same texts and threads, other names in them."""

import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, Final
from zlib import crc32

from config.settings import Brand

_AUTHOR: Final = re.compile(rb'"author":"([^"\\]*)"')
_ANSWERED: Final = re.compile(rb'"reply_to_author":"([^"\\]*)"')


def one_brand(brands: Sequence[Brand]) -> list[dict[str, Any]]:
    """A brand that answers to the names of all ``brands``, as a setting."""
    return [
        {
            "name": "All",
            "handles": [handle for brand in brands for handle in brand.handles],
            "bot_handles": [handle for brand in brands for handle in brand.bot_handles],
            "keywords": [keyword for brand in brands for keyword in brand.keywords],
        }
    ]


def clones_needed(brands: Sequence[Brand], count: int) -> int:
    """How many copies of all ``brands`` there must be for ``count`` of them."""
    return -(-count // len(brands))


def many_brands(brands: Sequence[Brand], count: int) -> list[dict[str, Any]]:
    """``count`` brands as a setting: clones of ``brands``, whose names end in the clone's number."""
    clones = range(clones_needed(brands, count))
    return [_clone(brand, number) for number in clones for brand in brands][:count]


def _clone(brand: Brand, number: int) -> dict[str, Any]:
    plain = brand.model_dump(mode="json", exclude_none=True)
    ending = _ending(number)
    names = {field: [name + ending for name in plain[field]] for field in ("handles", "bot_handles", "keywords")}
    return plain | names | {"name": plain["name"] + ending}


def _ending(number: int) -> str:
    return str(number) if number else ""


def rename(lines: Iterable[bytes], brands: Sequence[Brand], clones: int) -> Iterator[bytes]:
    """The JSON ``lines`` with each customer's conversations moved to one of the ``clones``, drawn by the customer."""
    names = {name.lower() for brand in brands for name in (*brand.handles, *brand.bot_handles)}
    spoken = sorted(names | {word.lower() for brand in brands for word in brand.keywords}, key=len, reverse=True)
    pattern = re.compile(rb"(?i)(?<!\w)(" + "|".join(map(re.escape, spoken)).encode() + rb")(?!\w)")
    for raw in lines:
        ending = _ending(crc32(_customer(raw, names)) % clones).encode()
        yield pattern.sub(rb"\g<1>" + ending, raw) if ending else raw


def _customer(raw: bytes, brand_names: set[str]) -> bytes:
    """Whose conversation a line belongs to; of lines without an author nobody's."""
    author, answered = _AUTHOR.search(raw), _ANSWERED.search(raw)
    if author is None:
        return b""
    is_brand = author[1].decode(errors="replace").lower() in brand_names
    return answered[1] if is_brand and answered is not None else author[1]


def rename_file(source: Path, target: Path, brands: Sequence[Brand], clones: int) -> Path:
    """Write ``source`` renamed to ``target``."""
    with source.open("rb") as lines, target.open("wb") as file:
        file.writelines(rename(lines, brands, clones))
    return target
