"""Which copy of a mention counts.

Mentions are unique by (source, id). Of several copies the one of the first feed in configured order counts, then the
lowest (epoch, seq); the others are duplicates. A copy that is late is only late.
"""

from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import groupby

from models.records import Mention

from .classified import LineStamp
from .raw import RawLine, is_late
from .rules import Terms


@dataclass(frozen=True, slots=True)
class Copies:
    """Every mention line in exactly one list. ``waiting`` lies at W or above: nothing is decided about it yet."""

    counted: list[Mention]
    duplicates: list[Mention]
    late: list[Mention]
    waiting: list[Mention]


def stamp_of(mention: Mention) -> LineStamp:
    return LineStamp(mention.feed, mention.epoch, mention.seq)


def sort_copies(lines: Iterable[RawLine], rejected: frozenset[LineStamp], watermark_ms: int, terms: Terms) -> Copies:
    """``lines`` are distinct; ``rejected`` are mention lines that ``classify`` itself turned down."""
    sorted_out = Copies([], [], [], [])
    groups: dict[tuple[str, str, str], list[Mention]] = defaultdict(list)
    for line in lines:
        mention = line.value
        if not isinstance(mention, Mention) or line.stamp in rejected:
            continue
        if is_late(mention, terms.lateness_ms):
            sorted_out.late.append(mention)
        elif mention.created_at_ms >= watermark_ms:
            sorted_out.waiting.append(mention)
        else:
            # Copies have the same author. Two people under one id are two mentions, and both are kept.
            groups[mention.source, mention.id, mention.author].append(mention)
    for copies in groups.values():
        counted, duplicates = _choose(copies, terms)
        sorted_out.counted.extend(counted)
        sorted_out.duplicates.extend(duplicates)
    return sorted_out


def _choose(copies: Sequence[Mention], terms: Terms) -> tuple[list[Mention], list[Mention]]:
    """An id that comes back with another time is a duplicate up to ``dedupe_ms`` later, then a new mention."""
    rank = {feed: index for index, feed in enumerate(terms.feed_order)}

    def preference(copy: Mention) -> tuple[int, int, str, int, int]:
        return (copy.created_at_ms, rank.get(copy.feed, len(rank)), copy.feed, copy.epoch, copy.seq)

    counted: list[Mention] = []
    duplicates: list[Mention] = []
    ordered = sorted(copies, key=preference)
    for time_ms, at_once in groupby(ordered, key=lambda copy: copy.created_at_ms):
        first, *others = at_once
        known = bool(counted) and time_ms - counted[-1].created_at_ms <= terms.dedupe_ms
        (duplicates if known else counted).append(first)
        duplicates.extend(others)
    return counted, duplicates
