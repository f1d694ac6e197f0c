"""Stories: the ledger's tests as text. One line says who spoke when; one line says what became of a case.

0:00 customer issue          hours:minutes[:seconds[.milliseconds]], hours may exceed 24
1:00 brand reply

0:00 resolved 25:00, reply after 1:00, in time, 1 mention, 1 reply
"""

from collections import Counter
from collections.abc import Iterable

from models.counters import COUNTERS
from streams.stages.ledger import NO_COUNTER, SILENCE, Case, Closed, Event, Step, Terms, advance, mature
from tests.simulation.world import KINDS

HOUR_MS = 3_600_000
FOREVER_MS = 365 * 24 * HOUR_MS
TERMS = Terms(
    horizon_ms=24 * HOUR_MS,
    sla_ms=(HOUR_MS, HOUR_MS // 4),
    tiers=("default", "gold"),
    limit_ms=30 * 24 * HOUR_MS,
    recontact_ms=7 * 24 * HOUR_MS,
)


def parse(text: str) -> list[Event]:
    """The events of a story; their ids are e1, e2, … in the order of the lines."""
    lines = [line.split() for line in text.strip().splitlines()]
    return [_event(number, *words) for number, words in enumerate(lines, start=1)]


def _event(number: int, time: str, speaker: str, *kind: str) -> Event:
    name = " ".join(kind) or speaker
    tier = 1 if speaker == "gold" else 0
    role, flags, *_ = KINDS[name]
    assert (speaker in ("customer", "gold")) == (role == 0), f"{speaker} does not speak {name}"
    return Event(parse_time(time), f"e{number}", role, int(flags), tier)


def parse_time(text: str) -> int:
    hours, minutes, *seconds = text.split(":")
    return int(hours) * HOUR_MS + int(minutes) * 60_000 + round(float(seconds[0] if seconds else 0) * 1000)


def show_time(time_ms: int) -> str:
    hours, rest = divmod(time_ms, HOUR_MS)
    minutes, rest = divmod(rest, 60_000)
    seconds = f":{rest // 1000:02}" + (f".{rest % 1000:03}" if rest % 1000 else "")
    return f"{hours}:{minutes:02}" + (seconds if rest else "")


def tell(text: str, now: str | None = None, terms: Terms = TERMS) -> tuple[list[str], list[Step]]:
    """What became of the cases of a story by ``now`` (default: when all is over), and the ledger's steps."""
    conversation, steps = SILENCE, []
    for event in parse(text):
        steps.append(advance(conversation, event, terms))
        conversation = steps[-1].conversation
    steps.append(mature(conversation, parse_time(now) if now else FOREVER_MS, terms))
    lines = [_show_closed(closed) for step in steps for closed in step.closed]
    pending = steps[-1].conversation.case
    if pending:
        lines.append(f"{show_time(pending.opened_ms)} pending, {_show_case(pending)}")
    return lines, steps


def counts_of(steps: Iterable[Step]) -> Counter[str]:
    """What the steps counted, by the names of the counters."""
    counters = (counter for step in steps for _, counter, _ in step.changes)
    return Counter(COUNTERS[counter] for counter in counters if counter != NO_COUNTER)


def held_in(counts: Counter[str], histogram: str) -> int:
    """How many durations a histogram holds."""
    return sum(count for counter, count in counts.items() if counter.startswith(f"{histogram}_"))


def _show_closed(closed: Closed) -> str:
    opened = show_time(closed.case.opened_ms)
    return f"{opened} {closed.outcome} {show_time(closed.closed_ms)}, {_show_case(closed.case)}"


def _show_case(case: Case) -> str:
    response = "no reply" if case.first_response_ms is None else f"reply after {show_time(case.first_response_ms)}"
    in_time = {None: "undecided", True: "breached", False: "in time"}[case.breached]
    mentions = f"{case.mentions} mention" + "s" * (case.mentions != 1)
    replies = f"{case.replies} " + ("reply" if case.replies == 1 else "replies")
    return f"{response}, {in_time}, {mentions}, {replies}" + ", re-contact" * case.recontact
