"""Whom a mention concerns: brands, the author's role seen from each, and the customers, as keyed hashes.

A customer's mention concerns every brand that it names by a handle, answers, or speaks a keyword of
(``streams.stages.keywords``), each once, in however many ways. A brand's own post concerns that brand alone, whatever
it says of others. Whose words those are that a mention repeats, ``streams.stages.retweets`` decides: they concern
nobody a second time.

:meth:`Router.route_mentions` says so mention by mention. Compiled code does the same for whole batches
(``streams.stages.route_columns``), and leaves to it what is rare.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final, Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from config.settings import Brand
from models.packing import Strings
from models.records import FOLLOWER_BANDS, Mention, Role
from streams.stages.customer_hash import SEPARATOR, CustomerHash, fitting_key
from streams.stages.handle_table import handle_table
from streams.stages.keywords import KeywordIndex
from streams.stages.mention_table import Coded, MentionTable
from streams.stages.retweets import OWN, kinds_of, own_parts
from streams.stages.route_columns import NO_BRAND as NO_BRAND
from streams.stages.route_columns import names_of, route_columns

_CACHED_CUSTOMERS: Final = 131_072  # about 20 MB
_CACHED_NAMES: Final = 16_384

_CUSTOMER: Final = int(Role.CUSTOMER)
_NONE: Final = int(Role.NONE)


class Concern(msgspec.Struct, frozen=True, gc=False):
    """One (mention, brand). ``subjects`` are the hashes whose cases the mention touches; a mention that addresses
    nobody has its own author's there and ``addressed`` false."""

    mention: int
    brand: int  # index into the router's brands, or NO_BRAND
    role: int  # Role; a plain number, since enums are slow to compare and to hash
    subjects: tuple[str, ...]
    addressed: bool


class Concerns(msgspec.Struct, frozen=True):
    """The concerns of a batch, column by column, in order of mentions, then of configured brands. The subjects of
    concern i are ``subjects[subject_ends[i]:subject_ends[i + 1]]``: hashes as numbers, whose 16 hex digits, the first
    the most significant, are what people read. Reads like a sequence of ``Concern``."""

    mention: NDArray[np.int64]
    brand: NDArray[np.int64]  # index into the router's brands, or NO_BRAND
    role: NDArray[np.uint8]
    addressed: NDArray[np.bool_]
    subjects: NDArray[np.uint64]
    subject_ends: NDArray[np.int64]

    @classmethod
    def of(cls, concerns: Sequence[Concern]) -> Self:
        ends = np.zeros(len(concerns) + 1, np.int64)
        np.cumsum([len(concern.subjects) for concern in concerns], out=ends[1:])
        return cls(
            mention=np.array([concern.mention for concern in concerns], np.int64),
            brand=np.array([concern.brand for concern in concerns], np.int64),
            role=np.array([concern.role for concern in concerns], np.uint8),
            addressed=np.array([concern.addressed for concern in concerns], np.bool_),
            subjects=np.array([int(name, 16) for concern in concerns for name in concern.subjects], np.uint64),
            subject_ends=ends,
        )

    def merged_with(self, other: Self) -> Self:
        """The concerns of both in order of mentions. No mention has concerns in both."""
        mention = np.concatenate((self.mention, other.mention))
        order = np.argsort(mention, kind="stable")
        counts = np.concatenate((np.diff(self.subject_ends), np.diff(other.subject_ends)))
        begins = np.concatenate((self.subject_ends[:-1], other.subject_ends[:-1] + len(self.subjects)))[order]
        ends = np.zeros(len(order) + 1, np.int64)
        np.cumsum(counts[order], out=ends[1:])
        places = np.arange(ends[-1]) + np.repeat(begins - ends[:-1], counts[order])
        return type(self)(
            mention=mention[order],
            brand=np.concatenate((self.brand, other.brand))[order],
            role=np.concatenate((self.role, other.role))[order],
            addressed=np.concatenate((self.addressed, other.addressed))[order],
            subjects=np.concatenate((self.subjects, other.subjects))[places],
            subject_ends=ends,
        )

    def __len__(self) -> int:
        return len(self.mention)

    def __getitem__(self, index: int) -> Concern:
        named = self.subjects[self.subject_ends[index] : self.subject_ends[index + 1]].tolist()
        return Concern(
            int(self.mention[index]),
            int(self.brand[index]),
            int(self.role[index]),
            tuple([f"{number:016x}" for number in named]),
            bool(self.addressed[index]),
        )

    def __iter__(self) -> Iterator[Concern]:
        return map(self.__getitem__, range(len(self)))


class Router:
    """Brands by handle and by keyword. Pure: it remembers nothing but hashes that it could compute again."""

    def __init__(self, brands: Sequence[Brand], customer_key: bytes) -> None:
        self.brands = tuple(brands)
        self._parties = _parties(brands)
        self._handles = handle_table(self._parties)
        self._keywords = KeywordIndex((word, index) for index, brand in enumerate(brands) for word in brand.keywords)
        self._hash = make_hasher(customer_key)
        self._customers = CustomerHash(customer_key)
        self._brands_of = lru_cache(maxsize=_CACHED_NAMES)(self._find_brands)

    def route(self, table: MentionTable) -> Concerns:
        """Every (mention, brand) in order of mentions, then of configured brands."""
        kinds = kinds_of(table.text)
        spoken = self._keywords.find_in(table.text, kinds == OWN)
        names = names_of(table, self._handles)
        columns, aside = route_columns(names, self._handles, spoken, kinds)
        sources = Coded(table.source.codes[columns.subject_rows], table.source.names)
        subjects = self._customers.hash_all(sources, Strings(names.data, names.ends), columns.subject_names)
        concerns = Concerns(
            columns.mention, columns.brand, columns.role, columns.addressed, subjects, columns.subject_ends
        )
        if not len(aside):
            return concerns
        rest = Concerns.of(self.route_mentions([table[row] for row in aside.tolist()]))
        return concerns.merged_with(msgspec.structs.replace(rest, mention=aside[rest.mention]))

    def route_mentions(self, mentions: Sequence[Mention]) -> list[Concern]:
        """What :meth:`route` says, one mention after the other."""
        party, brands_of, hash_customer = self._parties.get, self._brands_of, self._hash
        mentions = own_parts(mentions)
        spoken = self._keywords.find([mention.text for mention in mentions])
        concerns: list[Concern] = []
        for index, mention in enumerate(mentions):
            own = party(mention.author.lower()) or (party(mention.handle.lower()) if mention.handle else None)
            if own is not None:
                concerns.append(self._reply(index, mention, *own))
                continue
            brands = brands_of(mention.mentions, mention.handles, mention.reply_to_author)
            if index in spoken:
                brands = tuple(sorted({*brands, *spoken[index]}))
            author = (hash_customer(mention.source, mention.author),)
            if not brands:
                concerns.append(Concern(index, NO_BRAND, _NONE, author, False))
            for brand in brands:
                concerns.append(Concern(index, brand, _CUSTOMER, author, True))
        return concerns

    def _reply(self, index: int, mention: Mention, brand: int, role: int) -> Concern:
        """A brand's own post: it concerns the customers that it names. A brand that continues its own thread answers
        itself, which is nobody."""
        named = dict.fromkeys((mention.reply_to_author, *mention.mentions))
        customers = tuple(
            self._hash(mention.source, name)
            for name in named
            if name and name != mention.author and name.lower() not in self._parties
        )
        if customers:
            return Concern(index, brand, role, customers, True)
        return Concern(index, brand, role, (self._hash(mention.source, mention.author),), False)

    def _find_brands(
        self, mentions: tuple[str, ...], handles: tuple[str, ...], reply_to_author: str
    ) -> tuple[int, ...]:
        """Brands that are addressed. Most mentions address one brand in one of a few ways: remembered."""
        named = (self._parties.get(name.lower()) for name in (*mentions, *handles, reply_to_author))
        return tuple(sorted({brand for brand, _ in filter(None, named)}))


def _parties(brands: Sequence[Brand]) -> dict[str, tuple[int, int]]:
    """Lower-case handle to (brand, role). Of several brands that claim a handle the first one has it."""
    parties: dict[str, tuple[int, int]] = {}
    for index, brand in enumerate(brands):
        for handles, role in ((brand.bot_handles, Role.BOT), (brand.handles, Role.BRAND)):
            for handle in handles:
                parties.setdefault(handle.removeprefix("@").lower(), (index, int(role)))
    parties.pop("", None)
    return parties


def make_hasher(key: bytes) -> Callable[[str, str], str]:
    """The keyed hash of (source, author): BLAKE2b, 8 bytes as 16 hex digits. Keys above 64 bytes are hashed first."""
    keyed = blake2b(digest_size=8, key=fitting_key(key))

    @lru_cache(maxsize=_CACHED_CUSTOMERS)
    def hash_customer(source: str, author: str) -> str:
        hashed = keyed.copy()  # twice as fast as a new one with the key
        hashed.update(f"{source}{SEPARATOR}{author}".encode())
        return hashed.hexdigest()

    return hash_customer


def bands_of(followers: "np.typing.NDArray[np.int64]") -> "np.typing.NDArray[np.int64]":
    """Index into FOLLOWER_BANDS of each number of followers."""
    return np.searchsorted(np.array(FOLLOWER_BANDS), followers, side="right") - 1
