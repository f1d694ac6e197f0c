"""The first pass of a replay: read the whole file once, sort it, count it, find out what is wrong with it."""

import hashlib
import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from itertools import groupby, islice
from typing import Final, NamedTuple
from zlib import crc32

import msgspec

from config.errors import UnheardError
from models.records import ANNOUNCEMENTS, Control, ControlKind, Mention, RejectReason
from streams.formats.detect import detect_format, read_source
from streams.formats.lines import Broken, Good, ReadLimits, SourceControl, SourceLine
from streams.runtime.external_sort import ExternalSort
from streams.runtime.replay_plan import ReplayPlan, SourceSummary
from streams.stages.learn import BrandLearner
from streams.stages.stamp import Entry, EpochSpan, Kind, Line, Placed, Silence, epoch_spans, place

_FEEDS_LIMIT: Final = 1_000
_EPOCHS_LIMIT: Final = 10_000
_BRAND_NAMES_LIMIT: Final = 50_000
_GUESSES_LIMIT: Final = 100_000
_STAMP_BYTES: Final = 400  # room that stamps and a copy's suffixes take beside the mention
_REPORT_LINES: Final = 5_000
_encode: Final = msgspec.json.Encoder().encode


class _Number(NamedTuple):
    """A number of a source whose lines are shuffled: it goes to whichever line comes to its place."""

    feed: int
    epoch: int
    seq: int
    ordinal: int


class _Feed(NamedTuple):
    name: str
    is_numbered: bool


class FeedInfo(msgspec.Struct, frozen=True):
    """``first_epoch``/``epochs``: the span of epoch numbers in the file."""

    name: str
    source: str
    first_epoch: int
    epochs: int


class ReplaySource:
    """The sorted lines of one file. ``known_handles`` are those of configured brands.

    Sources that number their lines are ordered feed by feed by (epoch, seq) and merged by feed time; the others by
    (created_at, id), where a control or broken line stays behind the line before it. A broken line that does not say
    its number has the next one of the line before it, unless another line says that this is its own.
    """

    def __init__(
        self, plan: ReplayPlan, limits: ReadLimits, silence: Silence, known_handles: Iterable[str], run_items: int
    ) -> None:
        self._plan, self._limits, self._silence = plan, limits, silence
        self._known = {handle.lower() for handle in known_handles}
        self._learner = BrandLearner(self._known)
        self._entries = ExternalSort(Entry, _entry_bytes, run_items)
        self._numbers = ExternalSort(_Number, lambda _: 32, run_items)
        self._merged: ExternalSort[Placed] | None = None
        self._jitter = random.Random(plan.seed)
        self._feeds: dict[_Feed, int] = {}
        self._named: dict[tuple[str, bool], int] = {}  # as lines name them, the empty name included
        self._sources: dict[int, str] = {}
        self._first: dict[int, tuple[tuple[int, int, int, str, int], int]] = {}
        self._bounds: dict[tuple[int, int], tuple[int, int]] = {}
        self._counts: Counter[int] = Counter()
        self._broken: Counter[RejectReason] = Counter()
        self._range: tuple[int, int] | None = None
        self._last_place = (0, "")
        self._brand_names: set[str] = set()
        self._last_number: tuple[str, int, int] | None = None  # (feed, epoch, seq) of the line before
        self._guessed: set[int] = set()  # ordinals of lines whose number was concluded
        self._unplaced: set[int] = set()  # those of them whose number was another's
        self.spans: tuple[EpochSpan, ...] = ()

    # ------------------------------------------------------------ reading

    def read(self, on_lines: Callable[[int], None]) -> SourceSummary:
        """Read and sort the file. Raises UnheardError if it cannot be replayed; nothing has been sent then."""
        source_format = detect_format(self._plan.file, self._limits)
        ordinal = 0
        for ordinal, line in enumerate(read_source(self._plan.file, source_format, self._limits), start=1):
            self._take(line, ordinal)
            if ordinal % _REPORT_LINES == 0:
                on_lines(ordinal)
        on_lines(ordinal)
        if not self._counts:
            raise UnheardError(f"{self._plan.file} has no lines to replay")
        self._place_the_unplaced()
        self._merge()
        self.spans = self._bounded_spans()
        return SourceSummary(
            format=source_format,
            lines=self._counts.total(),
            mentions=self._counts[Kind.MENTION],
            control=self._counts[Kind.CONTROL],
            broken=dict(sorted(self._broken.items())),
            first_ms=self._range and self._range[0],
            last_ms=self._range and self._range[1],
            feeds=self._sent_feeds(),
            brands=self._learner.learned(),
        )

    def _take(self, line: SourceLine, ordinal: int) -> None:
        match line:
            case Good():
                self._take_mention(line, ordinal)
            case SourceControl(control=control) if control.control in ANNOUNCEMENTS:
                self._take_announcement(line)
            case SourceControl(control=control):
                self._add(line, self._last_place, ordinal, _control_line(control), control.source)
            case Broken():
                self._take_broken(line, ordinal)

    def _take_mention(self, line: Good, ordinal: int) -> None:
        mention = line.mention
        payload = _encode(mention)
        if len(payload) + _STAMP_BYTES > self._limits.line_bytes:
            raw = payload[: self._limits.line_bytes]
            broken = Broken(raw, ordinal, RejectReason.TOO_LARGE, line.feed, line.epoch, line.seq)
            self._take_broken(broken, ordinal)
            return
        time_ms = mention.created_at_ms
        lowest, highest = self._range or (time_ms, time_ms)
        self._range = min(lowest, time_ms), max(highest, time_ms)
        self._note_author(mention, line.official)
        shuffled_ms = time_ms + self._jitter.randrange(self._plan.shuffle_ms) if self._plan.shuffle_ms else time_ms
        self._last_place = shuffled_ms, mention.id
        author_crc = crc32(mention.author.encode())
        self._add(line, self._last_place, ordinal, Line(Kind.MENTION, time_ms, payload, author_crc), mention.source)

    def _take_broken(self, line: Broken, ordinal: int) -> None:
        self._broken[line.reason] += 1
        if not line.seq and self._last_number is not None and len(self._guessed) < _GUESSES_LIMIT:
            feed, epoch, seq = self._last_number
            line = msgspec.structs.replace(line, feed=feed, epoch=epoch, seq=seq + 1)
            self._guessed.add(ordinal)
        travelling = Line(Kind.BROKEN, 0, line.raw, 0, line.reason.value, line.position)
        self._add(line, self._last_place, ordinal, travelling, "")

    def _take_announcement(self, line: SourceControl) -> None:
        """Announcements of a recorded feed say where its numbers begin and end; the replay makes its own of them."""
        if not line.feed:
            return
        place_of = self._feed_index(line.feed, is_numbered=True), line.epoch
        first, last = self._bounds.get(place_of, (0, 0))
        if line.control.control is ControlKind.FEED_START:
            self._bounds[place_of] = line.control.first_seq, last
        elif line.control.control is ControlKind.END_OF_FEED:
            self._bounds[place_of] = first, line.control.last_seq

    def _add(self, line: SourceLine, at: tuple[int, str], ordinal: int, travelling: Line, source: str) -> None:
        seq = line.seq
        feed = self._feed_index(line.feed, seq > 0)
        self._last_number = (line.feed, line.epoch, seq) if seq else None
        if source and feed not in self._sources:
            self._sources[feed] = source
        epoch = line.epoch if seq else line.epoch or 1
        self._counts[travelling.kind] += 1
        if self._plan.shuffle_ms and seq:
            self._numbers.add(_Number(feed, epoch, seq, ordinal))
            seq = 0
        entry = Entry(feed, epoch, seq, *at, ordinal, travelling)
        if travelling.time_ms:
            known = self._first.get(feed)
            if known is None or entry[1:6] < known[0]:
                self._first[feed] = entry[1:6], travelling.time_ms
        self._entries.add(entry)

    def _feed_index(self, name: str, is_numbered: bool) -> int:
        index = self._named.get((name, is_numbered))
        if index is None:
            feed = _Feed(name or self._plan.feed_name, is_numbered)
            index = self._feeds.setdefault(feed, len(self._feeds))
            if index >= _FEEDS_LIMIT:
                raise UnheardError(f"{self._plan.file} names more than {_FEEDS_LIMIT} feeds")
            self._named[name, is_numbered] = index
        return index

    def _note_author(self, mention: Mention, official: bool) -> None:
        if official:
            self._learner.see(mention)
        elif mention.handle and mention.handle.lower() in self._known and len(self._brand_names) < _BRAND_NAMES_LIMIT:
            self._brand_names.add(mention.author.lower())

    # ------------------------------------------------------------ order

    def lines(self) -> Iterator[Placed]:
        """The lines in the order of sending, with the stamps of the source itself; as often as asked."""
        placed = iter(self._merged) if self._merged is not None else self._placed()
        return placed if self._plan.limit is None else islice(placed, self._plan.limit)

    def _merge(self) -> None:
        """One feed is in order as it is; several are merged by feed time."""
        if len(self._feeds) > 1:
            self._merged = ExternalSort(Placed, _placed_bytes)
            self._merged.extend(self._placed())

    def _placed(self) -> Iterator[Placed]:
        first_ms = {feed: time_ms for feed, (_, time_ms) in self._first.items()}
        lowest = self._range[0] if self._range else 0
        offset_ms = round(self._plan.start_offset_s * 1000)
        return place(self._ordered(), first_ms, lowest + offset_ms if offset_ms else 0, self._silence)

    def _ordered(self) -> Iterator[Entry]:
        """Sorted entries; shuffled ones get their feed's numbers in the new order."""
        if not self._plan.shuffle_ms:
            yield from self._kept()
            return
        numbered = {index for feed, index in self._feeds.items() if feed.is_numbered}
        numbers = (number for number in self._numbers if number.ordinal not in self._unplaced)
        for entry in self._kept():
            yield entry._replace(seq=next(numbers).seq) if entry.feed in numbered else entry

    def _kept(self) -> Iterator[Entry]:
        """All entries but those that have moved to another feed."""
        if not self._unplaced:
            return iter(self._entries)
        return (entry for entry in self._entries if not (entry.ordinal in self._unplaced and self._is_guess(entry)))

    def _is_guess(self, entry: Entry) -> bool:
        return entry.feed != self._feed_index("", is_numbered=False)

    def _place_the_unplaced(self) -> None:
        """Move lines whose concluded number is another's to the feed of those without a number."""
        if not self._guessed:
            return
        numbers: Iterable[Entry | _Number] = self._numbers if self._plan.shuffle_ms else self._entries
        for place_of, group in groupby(numbers, key=lambda item: item[:3]):
            ordinals = [item.ordinal for item in group]
            if place_of[2] and len(ordinals) > 1:
                certain = [ordinal for ordinal in ordinals if ordinal not in self._guessed]
                self._unplaced.update(set(ordinals) - set(certain or ordinals[:1]))
        if self._unplaced:
            index = self._feed_index("", is_numbered=False)
            moved = [entry for entry in self._entries if entry.ordinal in self._unplaced]
            self._entries.extend(entry._replace(feed=index, epoch=1, seq=0) for entry in moved)

    def _bounded_spans(self) -> tuple[EpochSpan, ...]:
        """What is sent, by feed and epoch. Where the file says it, an epoch begins or ends with numbers that are
        missing from the file, or has no line at all, unless an option cut the file there."""
        found = epoch_spans(self.lines())
        if not found:
            raise UnheardError(f"{self._plan.file} has no lines behind --start-offset")
        spans = {(span.feed, span.epoch): self._bounded(span) for span in found}
        if self._plan.limit is None and not self._plan.start_offset_s:
            for (feed, epoch), (first, last) in self._bounds.items():
                lost = EpochSpan(feed, epoch, 0, first or 1, last, 0)
                spans.setdefault((feed, epoch), lost)
        if len(spans) > _EPOCHS_LIMIT:
            raise UnheardError(f"{self._plan.file} has more than {_EPOCHS_LIMIT} epochs")
        return tuple(spans[place] for place in sorted(spans))

    def _bounded(self, span: EpochSpan) -> EpochSpan:
        first, last = self._bounds.get((span.feed, span.epoch), (0, 0))
        is_whole_start, is_whole_end = not self._plan.start_offset_s, self._plan.limit is None
        return msgspec.structs.replace(
            span,
            first_seq=min(first, span.first_seq) if first and is_whole_start else span.first_seq,
            last_seq=max(last, span.last_seq) if is_whole_end else span.last_seq,
        )

    # ------------------------------------------------------------ what the shell asks

    def feeds(self) -> tuple[FeedInfo, ...]:
        """By index. Lines without a number in a feed whose other lines have one make a feed of their own."""
        infos = []
        for feed, index in self._feeds.items():
            twin = _Feed(feed.name, not feed.is_numbered) in self._feeds
            name = f"{feed.name}-unnumbered" if twin and not feed.is_numbered else feed.name
            epochs = [span.epoch for span in self.spans if span.feed == index] or [1]
            first = min(epochs)
            infos.append(FeedInfo(name, self._sources.get(index, "x"), first, max(epochs) - first + 1))
        return tuple(infos)

    def _sent_feeds(self) -> tuple[str, ...]:
        feeds = self.feeds()
        return tuple(dict.fromkeys(feeds[span.feed].name for span in self.spans))

    def first_ms(self) -> int:
        """Feed time of the first line that is sent, 0 for a file without mentions."""
        return next((line.feed_time_ms for line in self.lines()), 0)

    def brand_names(self) -> frozenset[str]:
        """Lower-case handles and identities of configured and learned brands: copies keep them."""
        learned = self._learner.learned()
        names = {name for brand in learned for name in (brand.handle, brand.author.lower())}
        return frozenset(names | self._known | self._brand_names)

    def close(self) -> None:
        """Remove what was sorted onto disk."""
        self._entries.close()
        self._numbers.close()
        if self._merged is not None:
            self._merged.close()


def _control_line(control: Control) -> Line:
    """Only of a heartbeat the time is one of the feed."""
    is_heartbeat = control.control is ControlKind.HEARTBEAT
    time_ms = control.at_ms if is_heartbeat else 0
    return Line(Kind.CONTROL, time_ms, _encode(control), is_heartbeat=is_heartbeat)


def _entry_bytes(entry: Entry) -> int:
    return len(entry.line.payload)


def _placed_bytes(placed: Placed) -> int:
    return len(placed.line.payload)


def fingerprint(plan: ReplayPlan, silence: Silence, partitions: int, brand_names: frozenset[str]) -> str:
    """16 hex digits that differ when the file, an option or a rule does that changes what is sent or where to."""
    digest = hashlib.blake2b(digest_size=8)
    try:
        with plan.file.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    except OSError as error:
        raise UnheardError(f"cannot read {plan.file}: {error.strerror}") from None
    options = (
        plan.feed_name,
        plan.epoch,
        plan.amplify,
        plan.seed,
        plan.is_shifted,
        plan.start_offset_s,
        plan.limit,
        plan.partitions_by.value,
        plan.shuffle_ms,
        *silence,
        partitions,
        sorted(brand_names) if plan.amplify > 1 else (),
    )
    digest.update(repr(options).encode())
    return digest.hexdigest()
