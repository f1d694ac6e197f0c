"""Learns from a source which of its authors are brands."""

from collections.abc import Iterable
from typing import Final

import msgspec

from config.settings import Brand
from models.records import Mention

_CANDIDATES: Final = 20_000
_CUSTOMERS_NEEDED: Final = 2  # a verified person answers friends; a brand answers strangers, and more than one


class LearnedBrand(msgspec.Struct, frozen=True):
    """An author who speaks for a brand: display ``name``, lower-case ``handle``, the identity that the source uses,
    number of its mentions."""

    name: str
    handle: str
    author: str
    replies: int

    @property
    def brand(self) -> Brand:
        return Brand(name=self.name, handles=(self.handle,))


class _Candidate:
    __slots__ = ("author", "certain", "customers", "name", "replies")

    def __init__(self, mention: Mention) -> None:
        self.name, self.author = mention.handle or mention.author, mention.author
        self.certain, self.replies = mention.source == "twcs", 0
        self.customers: set[str] = set()


class BrandLearner:
    """Sees every mention that the source calls official, in any order; its memory is bounded.

    Outbound rows of TWCS are certain. A verified author is taken for a brand once it has answered two different
    people, because verification alone also marks celebrities.
    """

    def __init__(self, known_handles: Iterable[str] = ()) -> None:
        self._known = {handle.lower() for handle in known_handles}
        self._candidates: dict[str, _Candidate] = {}

    def see(self, mention: Mention) -> None:
        handle = (mention.handle or mention.author).lower()
        if handle in self._known:
            return
        if handle not in self._candidates:
            if len(self._candidates) >= _CANDIDATES:
                return
            self._candidates[handle] = _Candidate(mention)
        candidate = self._candidates[handle]
        candidate.replies += 1
        if len(candidate.customers) < _CUSTOMERS_NEEDED and mention.reply_to_author not in ("", mention.author):
            candidate.customers.add(mention.reply_to_author)

    def learned(self) -> tuple[LearnedBrand, ...]:
        """The brands, the most talkative first."""
        taken = (
            LearnedBrand(candidate.name, handle, candidate.author, candidate.replies)
            for handle, candidate in self._candidates.items()
            if candidate.certain or len(candidate.customers) >= _CUSTOMERS_NEEDED
        )
        return tuple(sorted(taken, key=lambda brand: (-brand.replies, brand.handle)))


def brands_toml(brands: Iterable[Brand]) -> str:
    """The brands as a TOML fragment of the configuration."""
    return "\n".join(
        f"[[brands]]\nname = {_quoted(brand.name)}\nhandles = [{', '.join(map(_quoted, brand.handles))}]\n"
        for brand in brands
    )


def _quoted(text: str) -> str:
    """A TOML basic string; its escapes are those of JSON, which also escapes the delete character for us."""
    return msgspec.json.encode(text).decode().replace("\x7f", "\\u007f")
