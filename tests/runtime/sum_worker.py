"""A worker with the smallest fold there is, for the tests of the shell around folds. Run as a process:
``python -m tests.runtime.sum_worker BOOTSTRAP PREFIX SNAPSHOT_BLOCKS [FAIL_AT]``."""

import sys
from collections.abc import Iterable, Sequence

import msgspec
import orjson

from config.settings import Care, Kafka, Settings, Topics
from streams.runtime.metrics import Telemetry
from streams.runtime.worker import Step, run_steps
from streams.stages import topics
from streams.stages.fold import BlockError, Output

PARTITIONS = 2


class Sums(msgspec.Struct):
    partition: int
    total: int = 0
    count: int = 0
    digest: int = 0


class SumFold:
    """Adds up the integers in the blocks; ``digest`` depends on their order."""

    def __init__(self, fail_at: int = -1) -> None:
        self._fail_at = fail_at

    def empty(self, partition: int) -> Sums:
        return Sums(partition)

    def apply(self, state: Sums, offset: int, value: bytes) -> Sequence[Output]:
        if offset == self._fail_at:
            raise BlockError("planted failure")
        number = int(value)
        state.total += number
        state.count += 1
        state.digest = (state.digest * 31 + number) % (1 << 61)
        body = orjson.dumps({**msgspec.structs.asdict(state), "revision": offset})
        return [Output(topics.GAPS, f"sum-{state.partition}".encode(), body, state.partition)]

    def drain(self, state: Sums) -> Sequence[Output]:
        del state
        return []

    def gauges(self, state: Sums) -> dict[str, float]:
        del state
        return {}

    def dump(self, state: Sums) -> Iterable[bytes]:
        return [msgspec.msgpack.encode(state)]

    def load(self, partition: int, chunks: Iterable[bytes]) -> Sums:
        del partition
        return msgspec.msgpack.decode(b"".join(chunks), type=Sums)


def sum_settings(bootstrap: str, prefix: str, snapshot_blocks: int = 7) -> Settings:
    return Settings(
        kafka=Kafka(bootstrap_servers=bootstrap),
        topics=Topics(prefix=prefix, care_partitions=PARTITIONS),
        care=Care(snapshot_blocks=snapshot_blocks, session_timeout_ms=6000),
    )


if __name__ == "__main__":
    settings = sum_settings(sys.argv[1], sys.argv[2], int(sys.argv[3]))
    fold = SumFold(int(sys.argv[4]) if len(sys.argv) > 4 else -1)
    step = Step(topics.CARE_EVENTS, topics.BLOCK_TABLES[topics.CARE_EVENTS], PARTITIONS, fold)
    run_steps(settings, Telemetry(), [step])
