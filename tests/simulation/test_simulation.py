"""Goal: no arrival order, batch cut, crash or repetition bends the account.

Method: each seed makes a small world whose distances are the ledger's own figures, delivers it by one or two feeds over
some raw partitions, cuts it into blocks, sends some of them again in other cuts, and folds them in workers that die
between any two effects. What they have published in the end must equal a plain computation over the same
events. ``UNHEARD_SEEDS`` says how many seeds are tried; a failure prints its own.
"""

import os

import msgspec

from models.records import PartialBlock
from streams.stages import topics
from tests.simulation.scheduler import run_seed

SEEDS = int(os.environ.get("UNHEARD_SEEDS", "200"))


def test_every_seed_ends_with_the_plain_account() -> None:
    cases = 0
    for seed in range(SEEDS):
        ran = run_seed(seed)
        assert ran.published.cases == ran.expected.cases, f"seed {seed}"
        assert ran.published.windows == ran.expected.windows, f"seed {seed}"
        assert ran.published.feeds == ran.expected.feeds, f"seed {seed}"
        cases += len(ran.expected.cases)
    assert cases > SEEDS, "the worlds are too quiet to show anything"


def test_after_the_end_every_partition_has_the_same_watermark() -> None:
    for seed in range(20):
        ran = run_seed(seed)
        partials = [output for output in ran.outputs if output.topic == topics.PARTIALS]
        blocks = [msgspec.msgpack.decode(output.value or b"", type=PartialBlock) for output in partials]
        reached = {block.origin: 0 for block in blocks}
        for block in blocks:
            reached[block.origin] = max(reached[block.origin], block.watermark_ms)
        assert set(reached.values()) == {ran.watermark_ms}, f"seed {seed}"
