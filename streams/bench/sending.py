"""Hands the mentions of an open load over when they are due, and says by how much it was behind."""

from collections.abc import Callable
from typing import Final

import msgspec

from streams.bench.arrivals import Arrivals
from streams.bench.payloads import Record, Renderer
from streams.stages.schedule import Slip, SlipReport

TICK_MS: Final = 2.0
_CHUNK: Final = 1_000  # mentions made and handed over at once
Clock = Callable[[], float]  # milliseconds since the epoch
Produce = Callable[[list[Record]], None]
Wait = Callable[[float], None]  # milliseconds


class PhaseSent(msgspec.Struct, frozen=True):
    """One phase as it went; ``per_second`` counts until its last mention was handed over."""

    planned_per_second: float
    sent: int
    per_second: float


class SendReport(msgspec.Struct, frozen=True):
    """``behind``: how long after it was due the oldest mention of each tick was handed to the producer. ``mentions``
    went out, up to event time ``last_ms``."""

    mentions: int
    last_ms: int
    phases: tuple[PhaseSent, ...]
    behind: SlipReport


class Sending:
    """Hands the mentions of ``arrivals`` over when they are due."""

    def __init__(self, arrivals: Arrivals, renderer: Renderer, produce: Produce) -> None:
        self._arrivals, self._renderer, self._produce = arrivals, renderer, produce
        self._slip = Slip()
        self._done_ms = [arrivals.start_ms] * len(arrivals.phases)
        self.sent = 0

    def run(self, clock: Clock, wait: Wait, stopped: Callable[[], bool]) -> SendReport:
        """Return when everything is sent or a stop is asked for."""
        arrivals = self._arrivals
        while self.sent < arrivals.total and not stopped():
            now = clock()
            due = arrivals.due_by(now)
            if due > self.sent:
                self._tick(min(due, self.sent + _CHUNK), now)
            if self.sent == due:
                wait(TICK_MS)
        return self._report()

    def _tick(self, end: int, now_ms: float) -> None:
        times_ms = self._arrivals.event_ms(self.sent, end)
        self._slip.add((now_ms - times_ms[0]) / 1000)
        self._produce(self._renderer.render(self.sent, times_ms))
        self.sent = end
        self._done_ms[self._phase_of(end - 1)] = now_ms

    def _phase_of(self, number: int) -> int:
        firsts = range(1, len(self._arrivals.phases))
        return sum(number >= self._arrivals.first_of(phase) for phase in firsts)

    def _report(self) -> SendReport:
        sent = self.sent
        last_ms = self._arrivals.event_ms(sent - 1, sent)[0] if sent else int(self._arrivals.start_ms)
        phases = tuple(map(self._phase, range(len(self._arrivals.phases))))
        return SendReport(sent, last_ms, phases, self._slip.report())

    def _phase(self, phase: int) -> PhaseSent:
        planned, first = self._arrivals.phases[phase], self._arrivals.first_of(phase)
        sent = min(self.sent, self._arrivals.first_of(phase + 1)) - first
        seconds = (self._done_ms[phase] - self._arrivals.start_of(phase)) / 1000
        return PhaseSent(planned.rate, max(0, sent), round(sent / seconds, 1) if sent > 0 and seconds > 0 else 0.0)
