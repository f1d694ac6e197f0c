"""Dead letters: what classify could not take, with its original bytes, where it came from and why."""

from hashlib import sha256
from typing import Final

import msgspec

from models.records import STAMP_HEADER, RejectReason, Stamp
from streams.stages.decode import Lines, RawBatch, Reject

CONNECT: Final = "__connect.errors."  # the names that Kafka Connect gives to such headers
_TOO_LONG: Final = frozenset({RejectReason.TOO_LARGE, RejectReason.OUTPUT_TOO_LARGE})
_KEPT_HEADERS: Final = 20
_KEPT_HEADER_BYTES: Final = 1_024


class DeadLetter(msgspec.Struct, frozen=True):
    partition: int
    key: bytes | None
    value: bytes | None
    headers: list[tuple[str, bytes | None]]


class Digest(msgspec.Struct, frozen=True):
    """Stands for bytes that are too long to keep."""

    topic: str
    partition: int
    offset: int
    bytes: int
    sha256: str


def bury(batch: RawBatch, lines: Lines, topic: str, connector: str) -> list[DeadLetter]:
    """A dead letter for every reject, in the partition that it was read from."""
    return [_letter(batch, lines, row, reject, topic, connector) for row, reject in lines.rejects.items()]


def _letter(batch: RawBatch, lines: Lines, row: int, reject: Reject, topic: str, connector: str) -> DeadLetter:
    key, original = batch.extras(row)
    partition, offset = batch.partitions[row], batch.offsets[row]
    value = batch.values[row]
    if reject.reason in _TOO_LONG:
        raw = value or b""
        value = msgspec.json.encode(Digest(topic, partition, offset, len(raw), sha256(raw).hexdigest()))
    fields = {
        "topic": topic,
        "partition": str(partition),
        "offset": str(offset),
        "connector.name": connector,
        "task.id": str(partition),
        "stage": "VALUE_CONVERTER",
        "class.name": "streams.stages.decode",
        "exception.class.name": f"{RejectReason.__module__}.{RejectReason.__qualname__}",
        "exception.message": reject.reason.value,
    }
    kept = [
        (name, raw)
        for name, raw in original
        if name != STAMP_HEADER and not name.startswith(CONNECT) and len(raw or b"") <= _KEPT_HEADER_BYTES
    ]
    headers = [
        *kept[:_KEPT_HEADERS],
        (STAMP_HEADER, msgspec.json.encode(_stamp(lines, row, reject))),
        *((CONNECT + name, text.encode()) for name, text in fields.items()),
    ]
    return DeadLetter(partition, key, value, headers)


def _stamp(lines: Lines, row: int, reject: Reject) -> Stamp:
    return Stamp(
        feed=lines.feeds[row],
        epoch=int(lines.epochs[row]),
        seq=int(lines.seqs[row]),
        feed_time_ms=int(lines.feed_times_ms[row]),
        reason=reject.reason,
        position=reject.stamp.position if reject.stamp else 0,
    )
