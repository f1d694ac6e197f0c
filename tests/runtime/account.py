"""Reads with kafka-python what classify committed, and holds it against what the firehose must lead to."""

from collections import Counter
from itertools import islice

import msgspec
import numpy as np
from confluent_kafka import Consumer, TopicPartition

from config.settings import Settings
from models.packed import EVENT_DTYPE, LINE_DTYPE, CaptureBlock, CareBlock, RawSpan
from models.records import STAMP_HEADER, Stamp
from streams.runtime.kafka import consumer_config, topic_id
from streams.runtime.tail import read_committed
from streams.stages.topics import CAPTURE_REPORTS, CARE_EVENTS, CLASSIFIED, DLQ, ESCALATIONS, RAW, topic_name
from streams.stages.watermark import Marks
from tests.raw import mention
from tests.runtime.firehose import KINDS, UNSTAMPED, Line


def check_account(settings: Settings, lines: list[Line]) -> None:
    """Every raw record exactly once in classified per brand or once in the DLQ, and packed for care and capture."""
    check_classified(settings, lines)
    check_dlq(settings, lines)
    check_care(settings, lines)
    check_capture(settings, lines)


def check_classified(settings: Settings, lines: list[Line]) -> None:
    records = list(read_committed(settings, topic_name(CLASSIFIED, settings)))
    assert Counter(record.key.decode() for record in records) == Counter(key for line in lines for key in line.keys)
    escalated = [key for line in lines for key in line.keys if "lawyer" in getattr(line.value, "text", "")]
    found = list(read_committed(settings, topic_name(ESCALATIONS, settings)))
    assert Counter(record.key.decode() for record in found) == Counter(escalated)
    assert not any(b"a@b.c" in record.value for record in (*records, *found)), "personal data is masked"
    places = {record.key: record.partition for record in records}
    assert all(places[record.key] == record.partition for record in found)


def check_dlq(settings: Settings, lines: list[Line]) -> None:
    letters = list(read_committed(settings, topic_name(DLQ, settings)))
    stamps = [msgspec.json.decode(dict(letter.headers)[STAMP_HEADER], type=Stamp) for letter in letters]
    assert Counter(stamp.reason for stamp in stamps) == Counter(line.reason for line in lines if line.reason)
    places = [
        tuple(dict(letter.headers)[f"__connect.errors.{name}"] for name in ("partition", "offset"))
        for letter in letters
    ]
    assert len(set(places)) == len(letters)
    assert {letter.value for letter in letters} == {b"\xff;broken", b"{"}


def check_care(settings: Settings, lines: list[Line]) -> None:
    """Cut as care cuts them, the sections of each partition are contiguous and every event comes once."""
    marks = {partition: Marks() for partition in range(settings.topics.care_partitions)}
    events: Counter[str] = Counter()
    for record in read_committed(settings, topic_name(CARE_EVENTS, settings)):
        block = msgspec.msgpack.decode(record.value, type=CareBlock)
        ids, offsets = block.ids.decode().split("\0"), np.frombuffer(block.rows, EVENT_DTYPE)["offset"].tolist()
        told = iter(list(zip(ids[:-1], offsets, strict=True)))
        for section in block.sections:
            cut = marks[record.partition].cut(section.span)
            here = list(islice(told, section.events))
            if cut is not None:
                events.update(name for name, offset in here if offset >= cut)
    assert events == {
        line.value.id: line.events for line in lines if line.events and isinstance(line.value, type(mention()))
    }
    ends = raw_ends(settings)
    assert all(mark.expected == {topic_id(settings, topic_name(RAW, settings)): ends} for mark in marks.values())


def check_capture(settings: Settings, lines: list[Line]) -> None:
    marks = Marks()
    seqs: Counter[tuple[str, int]] = Counter()
    spans: list[RawSpan] = []
    for record in read_committed(settings, topic_name(CAPTURE_REPORTS, settings)):
        for section in msgspec.msgpack.decode(record.value, type=CaptureBlock).sections:
            cut = marks.cut(section.span)
            spans.append(section.span)
            for feed in section.feeds if cut is not None else ():
                rows = np.frombuffer(feed.rows, LINE_DTYPE)
                seqs.update((feed.feed, seq) for seq in rows["seq"][rows["offset"] >= cut].tolist())
    stamped = {number for number in range(1, len(lines) - 1) if number % len(KINDS) not in UNSTAMPED}
    assert seqs == Counter(("f", seq) for seq in stamped) + Counter({k: n for k, n in seqs.items() if k[0] != "f"})
    foreign = sum(n for (feed, _), n in seqs.items() if feed != "f")
    assert foreign == len(lines) - 2 - len(stamped)
    assert {end.last_seq for span in spans for end in span.ends} == {len(lines) - 2}


def raw_ends(settings: Settings) -> dict[int, int]:
    """End offset of each raw partition."""
    topic = topic_name(RAW, settings)
    consumer = Consumer(consumer_config(settings, settings.classify.group))
    ends = {p: consumer.get_watermark_offsets(TopicPartition(topic, p), timeout=15)[1] for p in (0, 1)}
    consumer.close()
    return ends


def committed(settings: Settings) -> dict[int, int]:
    """Committed offset of each raw partition."""
    topic = topic_name(RAW, settings)
    consumer = Consumer(consumer_config(settings, settings.classify.group))
    places = consumer.committed([TopicPartition(topic, p) for p in (0, 1)], timeout=30)
    consumer.close()
    return {place.partition: max(0, place.offset) for place in places}
