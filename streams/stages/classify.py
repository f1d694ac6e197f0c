"""One batch of raw records through every pure step of classify."""

from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from config.settings import Settings
from models.packed import LineKind
from models.records import ANNOUNCEMENTS, Flag, Mention, RejectReason, Role
from streams.stages.dead_letters import DeadLetter, bury
from streams.stages.decode import Lines, RawBatch, decode_batch
from streams.stages.escalations import EscalationWriter
from streams.stages.mention_table import MentionTable
from streams.stages.output_records import Records
from streams.stages.pack import Events, make_events, pack_care
from streams.stages.pack_capture import pack_capture
from streams.stages.rewrite import open_mentions
from streams.stages.route import Concerns, Router
from streams.stages.spans import PartitionState, ranges_of, read_spans
from streams.stages.tiers import Tiers
from streams.stages.verdict_writer import VerdictWriter
from streams.stages.verdicts import Decisions, Judgements, Judging, decide, output_limit_bytes

_SOME_MS: Final = 1_500_000_000_000

Timer = Callable[[str], AbstractContextManager[object]]


class Context(msgspec.Struct, frozen=True):
    """What stays the same from batch to batch."""

    settings: Settings
    router: Router
    tiers: Tiers
    judge: Judging
    writer: VerdictWriter
    escalations: EscalationWriter
    topic: str  # full name of the raw topic
    topic_id: str
    versions: tuple[str, str]  # of model and configuration

    @classmethod
    def make(cls, settings: Settings, judge: Judging, topic: str, topic_id: str, config_version: str) -> "Context":
        router = Router(settings.brands, settings.privacy.customer_key.get_secret_value().encode())
        writer = VerdictWriter(router, judge.version, config_version)
        escalations = EscalationWriter(router, settings.priority, judge.version, config_version)
        return cls(
            settings=settings,
            router=router,
            tiers=Tiers.of(settings.brands),
            judge=judge,
            writer=writer,
            escalations=escalations,
            topic=topic,
            topic_id=topic_id,
            versions=(judge.version, config_version),
        )


class Stats(msgspec.Struct, frozen=True):
    """What metrics say about the batch. ``mentions``: by role of the primary concern, or ``late``."""

    records: int
    lines: int
    mentions: dict[str, int]
    controls: int
    rejects: dict[str, int]
    escalations: dict[str, int]
    newest_ms: int  # event time; 0 without any line


class BatchOutput(msgspec.Struct, frozen=True):
    """Everything that a batch leads to. ``care_blocks[p]`` and ``capture_blocks[p]`` are the packed records of
    partition p; ``states`` hold once all of it is committed."""

    classified: Records
    escalations: Records
    dlq: list[DeadLetter]
    care_blocks: list[list[bytes]]
    capture_blocks: list[list[bytes]]
    states: dict[int, PartitionState]
    stats: Stats


def untimed(_stage: str) -> AbstractContextManager[object]:
    """The timer of those who do not ask how long it took."""
    return nullcontext()


def process_batch(
    batch: RawBatch,
    context: Context,
    states: Mapping[int, PartitionState],
    now_ms: int,
    timer: Timer = untimed,
) -> BatchOutput:
    """Decode, judge, write and pack. ``states`` are those that the batch before left; ``now_ms`` decides idleness.

    Mentions whose output would exceed the size limit are found out only when it is written: the batch is then done
    again with them as rejects.
    """
    refused: dict[int, RejectReason] = {}
    while True:
        output = _process(batch, context, states, now_ms, timer, refused)
        if isinstance(output, BatchOutput):
            return output
        refused |= output


def _process(
    batch: RawBatch,
    context: Context,
    states: Mapping[int, PartitionState],
    now_ms: int,
    timer: Timer,
    refused: dict[int, RejectReason],
) -> BatchOutput | dict[int, RejectReason]:
    settings = context.settings
    with timer("decode"):
        foreign = {partition: state.foreign for partition, state in states.items() if state.foreign is not None}
        lines = decode_batch(batch, settings.kafka.message_max_bytes, foreign, refused)
        concerns = context.router.route(lines.mentions)
    with timer("judge"):
        judged = _judge(context, lines.mentions, concerns)
        decisions = decide(
            lines.mentions,
            concerns,
            judged,
            late_mentions(lines, settings.rules.lateness_ms),
            context.tiers,
            escalation_is_actionable=settings.rules.actionable == "issue_or_escalated",
        )
    with timer("pack"):
        events = make_events(lines.mentions, concerns, decisions, context.router, settings.topics.care_partitions)
        classified = _write_classified(context, lines, concerns, decisions, judged, events)
        if isinstance(classified, dict):
            return classified
        return _pack(batch, context, states, now_ms, _Judged(lines, concerns, decisions, judged, events), classified)


class _Judged(msgspec.Struct, frozen=True):
    lines: Lines
    concerns: Concerns
    decisions: Decisions
    judged: Judgements
    events: Events


def _pack(
    batch: RawBatch,
    context: Context,
    states: Mapping[int, PartitionState],
    now_ms: int,
    work: _Judged,
    classified: Records,
) -> BatchOutput:
    settings, lines = context.settings, work.lines
    ranges = ranges_of(batch.partitions)
    offsets = np.array(batch.offsets, np.int64)
    spans, after = read_spans(
        context.topic_id,
        lines,
        batch.offsets,
        ranges,
        states,
        now_ms=now_ms,
        idle_feed_ms=settings.classify.idle_feed_ms,
    )
    care = pack_care(
        lines,
        offsets,
        work.concerns,
        work.decisions,
        work.events,
        spans,
        ranges,
        partitions=settings.topics.care_partitions,
        versions=context.versions,
        block_bytes=settings.classify.block_bytes,
    )
    capture = pack_capture(
        lines,
        offsets,
        spans,
        ranges,
        partitions=settings.topics.capture_partitions,
        block_bytes=settings.classify.block_bytes,
    )
    escalations = _write_escalations(context, work, classified)
    return BatchOutput(
        classified=classified,
        escalations=escalations,
        dlq=bury(batch, lines, context.topic, settings.classify.group),
        care_blocks=care,
        capture_blocks=capture,
        states=after,
        stats=_count(batch, context, work),
    )


def late_mentions(lines: Lines, lateness_ms: int) -> NDArray[np.bool_]:
    """Late iff created more than ``lateness_ms`` before the feed time of its stamp; marks the lines as well."""
    rows = lines.mention_rows
    late: NDArray[np.bool_] = lines.times_ms[rows] < lines.feed_times_ms[rows] - lateness_ms
    lines.kinds[rows[late]] = LineKind.LATE
    return late


def _judge(context: Context, mentions: MentionTable, concerns: Concerns) -> Judgements:
    replies = np.zeros(len(mentions), np.bool_)
    replies[concerns.mention[(concerns.role == Role.BRAND) | (concerns.role == Role.BOT)]] = True
    return context.judge.judge(mentions.text, replies)


def _write_classified(
    context: Context,
    lines: Lines,
    concerns: Concerns,
    decisions: Decisions,
    judged: Judgements,
    events: Events,
) -> Records | dict[int, RejectReason]:
    """One record per concern; or the rows that cannot be written and why."""
    rows = lines.mention_rows.tolist()
    extended = [place for place, row in enumerate(rows) if row in lines.extended] if lines.extended else []
    opened = open_mentions(lines.mentions.values, judged.masked, extended)
    if opened.too_deep:
        return {rows[place]: RejectReason.TOO_DEEP for place in opened.too_deep}
    values = context.writer.write_values(opened, concerns, decisions, judged)
    limit = output_limit_bytes(context.settings) - 1_024  # room for key and framing
    too_large = concerns.mention[values.sizes() > limit]
    if len(too_large):
        return {rows[place]: RejectReason.OUTPUT_TOO_LARGE for place in too_large.tolist()}
    return Records(events.care_partitions[events.first], context.writer.write_keys(lines.mentions, concerns), values)


def _write_escalations(context: Context, work: _Judged, classified: Records) -> Records:
    written = context.escalations.write(work.lines.mentions, work.concerns, work.decisions, work.judged)
    return Records.of(
        (int(classified.partitions[place]), classified.keys[place], value) for place, value in written.items()
    )


def _count(batch: RawBatch, context: Context, work: _Judged) -> Stats:
    lines, decisions = work.lines, work.decisions
    opening = np.ones(len(decisions.mention), np.bool_)
    opening[1:] = decisions.mention[1:] != decisions.mention[:-1]
    late = decisions.late[decisions.mention]
    roles = {role.name.lower(): int((opening & ~late & (decisions.role == role)).sum()) for role in Role}
    announced = sum(control.control in ANNOUNCEMENTS for control in lines.controls.values())
    escalated = work.concerns.brand[(decisions.flags & int(Flag.ESCALATED)) > 0]
    return Stats(
        records=len(batch.values),
        lines=len(batch.values) - announced,
        mentions=roles | {"late": int((opening & late).sum())},
        controls=len(lines.controls) - announced,
        rejects=_tally(reject.reason.value for reject in lines.rejects.values()),
        escalations=_tally(context.router.brands[brand].name for brand in escalated.tolist()),
        newest_ms=int(lines.feed_times_ms.max(initial=0)),
    )


def _tally(names: Iterable[str]) -> dict[str, int]:
    counts: dict[str, int] = {}
    for name in names:
        counts[name] = counts.get(name, 0) + 1
    return counts


def rehearse(context: Context) -> None:
    """Take a made-up mention through every step: what is compiled on first use, no batch has to wait for."""
    one = Mention(id="1", author="a", created_at_ms=_SOME_MS, text="hi", feed="f", feed_time_ms=_SOME_MS)
    process_batch(RawBatch([0], [0], [msgspec.json.encode(one)], lambda _row: (None, [])), context, {}, _SOME_MS)
