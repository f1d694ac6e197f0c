"""What a keyed, recoverable step looks like to the shell that runs it (``streams.runtime.blocks``).

A fold owns the state of one partition. ``apply`` may update that state in place, but it is a function of
(state, offset, value) alone: no clock, no randomness, no I/O. Folding the same blocks again gives the same outputs.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol, TypeVar

import msgspec

State = TypeVar("State")


class Output(msgspec.Struct, frozen=True):
    """One record to send. ``topic`` is a name of ``streams.stages.topics`` without prefix; ``partition`` None means
    the key's own (murmur2). Outputs of a higher ``phase`` are sent after all lower ones are acknowledged."""

    topic: str
    key: bytes | None
    value: bytes | None
    partition: int | None = None
    phase: int = 0


class BlockError(Exception):
    """A block that must not be folded (a gap below it, an unknown schema): the worker halts loudly."""


class Fold(Protocol[State]):
    """``State`` of one partition, its transitions and its snapshot."""

    def empty(self, partition: int) -> State: ...

    def apply(self, state: State, offset: int, value: bytes) -> Sequence[Output]:
        """Fold the block at ``offset``. Raises BlockError."""
        ...

    def drain(self, state: State) -> Sequence[Output]:
        """Provisional outputs that ``apply`` held back for coalescing; called every publish interval and after
        recovery (when everything that is not final counts as held back)."""
        ...

    def gauges(self, state: State) -> dict[str, float]:
        """Figures for Prometheus: metric name (``streams.runtime.metrics`` catalogue) to value."""
        ...

    def dump(self, state: State) -> Iterable[bytes]:
        """The state as chunks of at most 512 kB each, in order."""
        ...

    def load(self, partition: int, chunks: Iterable[bytes]) -> State:
        """Inverse of ``dump``. Raises BlockError for chunks it cannot read."""
        ...
