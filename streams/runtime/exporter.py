"""Reads the output topics into export rows, and writes them as files."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, Final, Literal, Self

import msgspec

from config.errors import UnheardError
from config.settings import Settings
from streams.runtime.classified import ClassifiedRows
from streams.runtime.kafka import consume_all, read_headers
from streams.stages import export, topics
from streams.stages.line_runs import line_rows
from streams.stages.report import Account, build_account
from streams.stages.rows import (
    CaseRow,
    ClassifiedRow,
    DlqRow,
    EscalationRow,
    GapRow,
    LineRow,
    Meta,
    WindowRow,
    rfc3339,
)
from streams.stages.rules import Rules
from streams.stages.watermark import UNSET
from streams.stages.windows import baselines_of

_NEWEST_PARTIALS: Final = 4_000  # each origin tells its watermark with every block: these hold all origins


_ROW_GROUP: Final = 65_536


Format = Literal["jsonl", "parquet"]


class Exports(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that ``--out`` leaves. ``classified`` may lie on disk until :meth:`close`, all else is in memory."""

    classified: ClassifiedRows
    escalations: list[EscalationRow]
    cases: list[CaseRow]
    windows: list[WindowRow]
    gaps: list[GapRow]
    lines: list[LineRow]
    dlq: list[DlqRow]
    meta: Meta

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        self.classified.close()

    def account(self) -> Account:
        return build_account(self.windows, self.cases, self.gaps, self.meta.feeds, self.dlq, self.meta.watermark)

    def files(self) -> dict[str, Iterable[msgspec.Struct]]:
        """The rows of each file of JSON lines, by file name."""
        return {
            export.CLASSIFIED_FILE: self.classified,
            export.COPIES_FILE: self.classified.copies,
            export.ESCALATIONS_FILE: self.escalations,
            export.CASES_FILE: self.cases,
            export.WINDOWS_FILE: self.windows,
            export.GAPS_FILE: self.gaps,
            export.LINES_FILE: self.lines,
            export.DLQ_FILE: self.dlq,
        }


ROWS: Final[dict[str, type[msgspec.Struct]]] = {
    export.CLASSIFIED_FILE: ClassifiedRow,
    export.COPIES_FILE: ClassifiedRow,
    export.ESCALATIONS_FILE: EscalationRow,
    export.CASES_FILE: CaseRow,
    export.WINDOWS_FILE: WindowRow,
    export.GAPS_FILE: GapRow,
    export.LINES_FILE: LineRow,
    export.DLQ_FILE: DlqRow,
}


class _Versions(msgspec.Struct):
    model: str
    config: str


class _Judged(msgspec.Struct):
    verdict: _Versions


class _Seen:
    """What judged the mentions: the first and the last record tell, a rollout between shows as two versions."""

    def __init__(self) -> None:
        self._values: list[bytes] = []

    def note(self, values: Iterable[bytes]) -> Iterator[bytes]:
        """``values``, the ends of which are remembered."""
        for value in values:
            self._values[1:] = [value]
            yield value

    @property
    def model(self) -> str:
        return self._joined("model")

    @property
    def config(self) -> str:
        return self._joined("config")

    def _joined(self, name: str) -> str:
        decode = msgspec.json.Decoder(_Judged).decode
        return ", ".join(sorted({getattr(decode(value).verdict, name) for value in self._values}))


class _Progress(msgspec.Struct, array_like=True):
    """The head of a ``PartialBlock``; the rest is not decoded."""

    schema: int
    origin: str
    origins: tuple[str, ...]
    revision: int
    watermark_ms: int


def read_exports(settings: Settings) -> Exports:
    """The last state of every key in the output topics. Raises UnheardError when they cannot be read."""
    rules, versions = Rules.from_settings(settings), _Seen()
    classified = ClassifiedRows(versions.note(_values(settings, topics.CLASSIFIED)), rules.feed_order)
    with contextlib.ExitStack() as stack:
        stack.callback(classified.close)
        exports = Exports(
            classified=classified,
            escalations=export.escalation_rows(_values(settings, topics.ESCALATIONS)),
            cases=export.case_rows(_values(settings, topics.CASES)),
            windows=export.window_rows(_values(settings, topics.WINDOWS)),
            gaps=export.gap_rows(_values(settings, topics.GAPS)),
            lines=list(line_rows(_values(settings, topics.CAPTURE_REPORTS))),
            dlq=export.dlq_rows(_with_headers(settings, topics.DLQ)),
            meta=export.meta_of(
                rules,
                model=versions.model,
                config=versions.config,
                watermark_ms=read_watermark_ms(settings),
                feeds=export.feed_rows(_values(settings, topics.FEEDS)),
                baselines=baselines_of(settings),
            ),
        )
        stack.pop_all()
    return exports


def read_account(settings: Settings) -> Account:
    """The account alone, without the classified mentions."""
    feeds = export.feed_rows(_values(settings, topics.FEEDS))
    watermark_ms = read_watermark_ms(settings)
    return build_account(
        export.window_rows(_values(settings, topics.WINDOWS)),
        export.case_rows(_values(settings, topics.CASES)),
        export.gap_rows(_values(settings, topics.GAPS)),
        feeds,
        export.dlq_rows(_with_headers(settings, topics.DLQ)),
        None if watermark_ms is None else rfc3339(watermark_ms),
    )


def read_watermark_ms(settings: Settings) -> int | None:
    """The event time up to which every worker partition has decided everything; None before that."""
    decode = msgspec.msgpack.Decoder(_Progress).decode
    heard: dict[str, int] = {}
    origins: tuple[str, ...] = ()
    for message in consume_all(settings, topics.topic_name(topics.PARTIALS, settings), newest=_NEWEST_PARTIALS):
        progress = decode(message.value() or b"")
        origins = progress.origins
        heard[progress.origin] = max(heard.get(progress.origin, UNSET), progress.watermark_ms)
    decided_ms = min((heard.get(origin, UNSET) for origin in origins), default=UNSET)
    return None if decided_ms == UNSET else decided_ms


class ExportDirectory:
    """A directory of exports. Everything is written beside it first, so that a failure leaves no half of it."""

    def __init__(self, directory: Path) -> None:
        self._directory = directory

    @classmethod
    def made(cls, directory: Path) -> Self:
        """Make sure that ``directory`` can be written, before any work is done for it. Raises UnheardError."""
        try:
            directory.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise UnheardError(f"cannot write to {directory}: {error.strerror or error}") from None
        if not os.access(directory, os.W_OK):
            raise UnheardError(f"cannot write to {directory}: no permission")
        return cls(directory)

    def write(self, exports: Exports, format: Format = "jsonl") -> dict[str, int]:  # noqa: A002 - its name
        """Write ``exports``; each file appears whole or not at all. How many rows each has, by name without ending.
        Raises UnheardError."""
        written = dict[str, int]()
        try:
            for name, rows in exports.files().items():
                stem = name.removesuffix(".jsonl")
                with self._draft(f"{stem}.{format}") as draft:
                    written[stem] = _WRITERS[format](draft, rows, ROWS[name])
            with self._draft(export.META_FILE) as draft:
                draft.write_bytes(msgspec.json.format(msgspec.json.encode(exports.meta), indent=2) + b"\n")
        except OSError as error:
            raise UnheardError(f"cannot write to {self._directory}: {error.strerror or error}") from None
        for stem in written:  # of an export before this one, in the other format
            (self._directory / f"{stem}.{_OTHER[format]}").unlink(missing_ok=True)
        return written

    @contextlib.contextmanager
    def _draft(self, name: str) -> Iterator[Path]:
        """A file to write, which takes its place once it is written."""
        draft = self._directory / f".{name}.part"
        try:
            yield draft
            draft.replace(self._directory / name)
        finally:
            draft.unlink(missing_ok=True)


def _write_json_lines(path: Path, rows: Iterable[msgspec.Struct], _row: type[msgspec.Struct]) -> int:
    count = 0
    with path.open("wb") as file:
        for line in export.json_lines(rows):
            file.write(line)
            count += 1
    return count


def _write_parquet(path: Path, rows: Iterable[msgspec.Struct], row: type[msgspec.Struct]) -> int:
    import pyarrow.parquet

    from streams.stages.columns import schema_of, table_of

    schema, count, left = schema_of(row), 0, iter(rows)
    with pyarrow.parquet.ParquetWriter(path, schema, compression="zstd") as file:
        while group := list(islice(left, _ROW_GROUP)):
            file.write_table(table_of(group, schema))
            count += len(group)
    return count


_WRITERS: Final[dict[Format, Any]] = {"jsonl": _write_json_lines, "parquet": _write_parquet}
_OTHER: Final[dict[Format, Format]] = {"jsonl": "parquet", "parquet": "jsonl"}


def _values(settings: Settings, topic: str) -> Iterator[bytes]:
    for message in consume_all(settings, topics.topic_name(topic, settings)):
        if (value := message.value()) is not None:
            yield value


def _with_headers(settings: Settings, topic: str) -> Iterator[tuple[bytes | None, dict[str, bytes | None]]]:
    for message in consume_all(settings, topics.topic_name(topic, settings)):
        yield message.value(), dict(read_headers(message))
