"""Logs: one line for each event on stderr, ``key=value`` pairs, whatever the message contains."""

import logging
import sys
from datetime import UTC, datetime
from typing import Final, TextIO

from config.errors import UsageError

LEVELS: Final = ("debug", "info", "warning", "error")
_PLAIN: Final = frozenset("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789._-+:/@%")


def configure_logging(level: str = "info", stream: TextIO | None = None) -> None:
    """Send every log of this process, libraries' too, to ``stream`` (stderr) in our form.

    Raises UsageError for an unknown level.
    """
    if level.lower() not in LEVELS:
        raise UsageError(f"unknown log level {level!r}, choose {', '.join(LEVELS)}")
    root = logging.getLogger()
    root.handlers[:] = [_LineHandler(stream)]
    root.setLevel(level.upper())


class _LineHandler(logging.Handler):
    """Writes to ``stream``, or to whatever ``sys.stderr`` is at that time."""

    def __init__(self, stream: TextIO | None) -> None:
        super().__init__()
        self._stream = stream
        self.setFormatter(LineFormatter())

    def emit(self, record: logging.LogRecord) -> None:
        try:
            stream = self._stream or sys.stderr
            stream.write(self.format(record) + "\n")
            stream.flush()
        except Exception:  # noqa: BLE001  # logging's own contract: a broken log must not break the work
            self.handleError(record)


class LineFormatter(logging.Formatter):
    """``time=2026-01-31T12:00:00.000Z level=info logger=streams.runtime.care message="…"``, then the fields given as
    ``extra={"fields": {...}}``. Control characters are escaped: a mention cannot forge or break a line."""

    def format(self, record: logging.LogRecord) -> str:
        moment = datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds")
        fields: dict[str, object] = {
            "time": moment.replace("+00:00", "Z"),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **getattr(record, "fields", {}),
        }
        if record.exc_info:
            fields["exception"] = self.formatException(record.exc_info)
        return " ".join(f"{name}={quote(str(value))}" for name, value in fields.items())


def quote(value: str) -> str:
    """A value for ``key=value``: bare if it is one plain word, else quoted and escaped so that it stays one line."""
    if value and _PLAIN.issuperset(value):
        return value
    escaped = "".join(_ESCAPES.get(c) or (c if c.isprintable() else _code(c)) for c in value)
    return f'"{escaped}"'


_ESCAPES: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t"}


def _code(character: str) -> str:
    return f"\\x{ord(character):02x}" if ord(character) < 0x100 else f"\\u{ord(character):04x}"
