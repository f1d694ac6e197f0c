"""Goal: no arrival order, batch cut, crash or repetition bends the account.

Method: each seed makes a small world whose distances are the ledger's own figures, delivers it by one or two feeds over
some raw partitions, cuts it into blocks, sends some of them again in other cuts, and folds them in workers that die
between any two effects, or stand still and write on after their successors. What they have published in the end must
equal a plain computation over the same events. ``UNHEARD_SEEDS`` says how many seeds are tried; a failure prints its
own.
"""

import os
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

import msgspec
import pytest

from models.packed import PartialBlock
from streams.stages import topics
from tests.simulation.scheduler import run_seed, run_seeds

SEEDS = int(os.environ.get("UNHEARD_SEEDS", "10000"))
_PROCESSES = 2
_AT_ONCE = 250


@pytest.mark.timeout(300 + SEEDS // 10)
def test_every_seed_ends_with_the_plain_account() -> None:
    parts = [range(first, min(first + _AT_ONCE, SEEDS)) for first in range(0, SEEDS, _AT_ONCE)]
    with ProcessPoolExecutor(_PROCESSES, mp_context=get_context("spawn")) as pool:
        tallies = list(pool.map(run_seeds, parts))
    for seed in [seed for tally in tallies for seed in tally.bent][:1]:
        ran = run_seed(seed)
        assert ran.published.cases == ran.expected.cases, f"seed {seed}"
        assert ran.published.windows == ran.expected.windows, f"seed {seed}"
        assert ran.published.feeds == ran.expected.feeds, f"seed {seed}"
    assert sum(tally.cases for tally in tallies) > SEEDS, "the worlds are too quiet to show anything"
    assert sum(tally.woken for tally in tallies) > SEEDS // 10, "hardly any worker woke up too late"


def test_after_the_end_every_partition_has_the_same_watermark() -> None:
    for seed in range(20):
        ran = run_seed(seed)
        partials = [output for output in ran.outputs if output.topic == topics.PARTIALS]
        blocks = [msgspec.msgpack.decode(output.value or b"", type=PartialBlock) for output in partials]
        reached = {block.origin: 0 for block in blocks}
        for block in blocks:
            reached[block.origin] = max(reached[block.origin], block.watermark_ms)
        assert set(reached.values()) == {ran.watermark_ms}, f"seed {seed}"
