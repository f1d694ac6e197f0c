"""A small firehose with a line of every kind, and what has to become of each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass

from confluent_kafka import Producer

from config.settings import Settings
from models.records import ANNOUNCEMENTS, Control, ControlKind, RejectReason, Stamp
from streams.runtime.kafka import producer_config
from streams.stages.topics import RAW, topic_name
from tests.raw import NOON_MS, Value, as_bytes, control, mention, stamp_header


@dataclass(frozen=True, slots=True)
class Line:
    """One raw record. ``keys`` are of the classified records that it must lead to; ``events`` the number of events;
    ``reason`` is of its dead letter, if it must lead to one."""

    value: Value
    keys: tuple[str, ...] = ()
    events: int = 0
    reason: RejectReason | None = None
    header: tuple[str, bytes] | None = None


def firehose(count: int) -> Iterator[Line]:
    """``count`` lines between a feed's start and its end."""
    yield Line(control(ControlKind.FEED_START, partitions=(0, 1), first_seq=1))
    for number in range(1, count + 1):
        yield _line(number)
    end_ms = NOON_MS + 1_000 * count
    yield Line(control(ControlKind.END_OF_FEED, last_seq=count, settle_ms=1_000, feed_time_ms=end_ms))


def _line(number: int) -> Line:
    return KINDS[number % len(KINDS)](number, f"x:{number}")


def _late(number: int, key: str) -> Line:
    time_ms = _time_ms(number)
    return Line(mention(number, created_at_ms=time_ms - 300_001, feed_time_ms=time_ms), (f"{key}:Acme",))


def _stamped_reject(number: int, _key: str) -> Line:
    reason = RejectReason.NOT_CSV
    stamp = Stamp(feed="f", epoch=1, seq=number, feed_time_ms=_time_ms(number), reason=reason)
    return Line(b"\xff;broken", reason=reason, header=stamp_header(stamp))


def _time_ms(number: int) -> int:
    return NOON_MS + 1_000 * number


KINDS: tuple[Callable[[int, str], Line], ...] = (
    lambda n, key: Line(mention(n, mentions=("acme", "bolt")), (f"{key}:Acme", f"{key}:Bolt"), 2),
    lambda n, key: Line(mention(n, author="acmecare", mentions=("c1", "c2")), (f"{key}:Acme",), 2),
    lambda n, key: Line(mention(n, author="acmebot", mentions=("c1",), text="dm"), (f"{key}:Acme",), 1),
    lambda n, key: Line(mention(n, mentions=(), text="nothing"), (f"{key}:",), 1),
    _late,
    _stamped_reject,
    lambda _n, _key: Line("{", reason=RejectReason.NOT_JSON),
    lambda n, _key: Line(control(ControlKind.LIMIT, seq=n, track=n, feed_time_ms=_time_ms(n))),
    lambda n, key: Line(mention(n, text="lawyer a@b.c"), (f"{key}:Acme",), 1),
    lambda n, key: Line(mention(n, feed="", epoch=0, seq=0, feed_time_ms=0), (f"{key}:Acme",), 1),
    lambda n, key: Line(mention(n), (f"{key}:Acme",), 1),
    lambda n, key: Line(mention(n, text="vent"), (f"{key}:Acme",), 1),
)
UNSTAMPED = (6, 9)  # of KINDS


def produce(settings: Settings, lines: list[Line]) -> None:
    """Lines in turn to both raw partitions, announcements to each of them."""
    producer = Producer(producer_config(settings))
    topic = topic_name(RAW, settings)
    for number, line in enumerate(lines):
        announced = isinstance(line.value, Control) and line.value.control in ANNOUNCEMENTS
        for partition in (0, 1) if announced else (number % 2,):
            headers: list[tuple[str, str | bytes | None]] = [] if line.header is None else [line.header]
            producer.produce(topic, as_bytes(line.value), partition=partition, headers=headers)
    assert producer.flush(30) == 0
