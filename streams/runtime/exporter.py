"""Reads the output topics into export rows, and writes them as files."""

import contextlib
import os
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Final, Self

import msgspec

from config.errors import UnheardError
from config.settings import Settings
from streams.runtime.kafka import consume_all, read_headers
from streams.stages import export, topics
from streams.stages.report import Account, build_account
from streams.stages.rows import (
    CaseRow,
    ClassifiedRow,
    DlqRow,
    EscalationRow,
    GapRow,
    Meta,
    WindowRow,
    rfc3339,
)
from streams.stages.rules import Rules
from streams.stages.watermark import UNSET

_NEWEST_PARTIALS: Final = 4_000  # each origin tells its watermark with every block: these hold all origins


class Exports(msgspec.Struct, frozen=True, kw_only=True):
    """Everything that ``--out`` leaves, in memory."""

    classified: list[ClassifiedRow]
    escalations: list[EscalationRow]
    cases: list[CaseRow]
    windows: list[WindowRow]
    gaps: list[GapRow]
    dlq: list[DlqRow]
    meta: Meta

    def account(self) -> Account:
        return build_account(self.windows, self.cases, self.gaps, self.meta.feeds, self.dlq, self.meta.watermark)

    def files(self) -> dict[str, Iterable[msgspec.Struct]]:
        """The rows of each file of JSON lines, by file name."""
        return {
            export.CLASSIFIED_FILE: self.classified,
            export.ESCALATIONS_FILE: self.escalations,
            export.CASES_FILE: self.cases,
            export.WINDOWS_FILE: self.windows,
            export.GAPS_FILE: self.gaps,
            export.DLQ_FILE: self.dlq,
        }


class _Versions(msgspec.Struct):
    model: str
    config: str


class _Judged(msgspec.Struct):
    verdict: _Versions


class _Progress(msgspec.Struct, array_like=True):
    """The head of a ``PartialBlock``; the rest is not decoded."""

    schema: int
    origin: str
    origins: tuple[str, ...]
    revision: int
    watermark_ms: int


def read_exports(settings: Settings) -> Exports:
    """The last state of every key in the output topics. Raises UnheardError when they cannot be read."""
    classified = list(_values(settings, topics.CLASSIFIED))
    versions = _versions(classified)
    feeds = export.feed_rows(_values(settings, topics.FEEDS))
    return Exports(
        classified=export.classified_rows(classified, settings.rules.feed_order),
        escalations=export.escalation_rows(_values(settings, topics.ESCALATIONS)),
        cases=export.case_rows(_values(settings, topics.CASES)),
        windows=export.window_rows(_values(settings, topics.WINDOWS)),
        gaps=export.gap_rows(_values(settings, topics.GAPS)),
        dlq=export.dlq_rows(_with_headers(settings, topics.DLQ)),
        meta=export.meta_of(
            Rules.from_settings(settings),
            model=versions.model,
            config=versions.config,
            watermark_ms=read_watermark_ms(settings),
            feeds=feeds,
        ),
    )


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

    def write(self, exports: Exports) -> None:
        """Write ``exports``; each file appears whole or not at all. Raises UnheardError."""
        try:
            for name, rows in exports.files().items():
                self._put(name, export.json_lines(rows))
            self._put(export.META_FILE, [msgspec.json.format(msgspec.json.encode(exports.meta), indent=2), b"\n"])
        except OSError as error:
            raise UnheardError(f"cannot write to {self._directory}: {error.strerror or error}") from None

    def _put(self, name: str, lines: Iterable[bytes]) -> None:
        draft = self._directory / f".{name}.part"
        try:
            with draft.open("wb") as file:
                file.writelines(lines)
            draft.replace(self._directory / name)
        finally:
            with contextlib.suppress(FileNotFoundError):
                draft.unlink()


def _values(settings: Settings, topic: str) -> Iterator[bytes]:
    for message in consume_all(settings, topics.topic_name(topic, settings)):
        if (value := message.value()) is not None:
            yield value


def _with_headers(settings: Settings, topic: str) -> Iterator[tuple[bytes | None, dict[str, bytes | None]]]:
    for message in consume_all(settings, topics.topic_name(topic, settings)):
        yield message.value(), dict(read_headers(message))


def _versions(classified: list[bytes]) -> _Versions:
    """What judged the mentions: the first and the last record tell, a rollout between shows as two versions."""
    decode = msgspec.json.Decoder(_Judged).decode
    seen = [decode(value).verdict for value in (*classified[:1], *classified[-1:])]
    return _Versions(
        model=", ".join(sorted({versions.model for versions in seen})),
        config=", ".join(sorted({versions.config for versions in seen})),
    )
