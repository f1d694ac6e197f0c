"""What the worker partitions tell merge arrives where it belongs, in records of a bounded size."""

from collections.abc import Sequence

import msgspec

from models.packed import FeedPart, PartialBlock, WindowPart
from streams.stages import partials
from streams.stages.fold import Output
from streams.stages.partials import partial_outputs
from streams.stages.watermark import UNSET
from tests.stages.capture_told import WINDOW_MS, rules

DAY = 6 * WINDOW_MS
RULES = msgspec.structs.replace(rules(merge_partitions=3), rollup_ms=(2 * WINDOW_MS, DAY))
ONE = msgspec.structs.replace(RULES, merge_partitions=1)


def told(outputs: Sequence[Output]) -> list[tuple[int, PartialBlock]]:
    return [
        (output.partition or 0, msgspec.msgpack.decode(output.value or b"", type=PartialBlock)) for output in outputs
    ]


def parts(windows: int) -> list[WindowPart]:
    return [WindowPart(i * WINDOW_MS, brand, "x", (1, 2, 3), 0, 0, {99: 7}) for i in range(windows) for brand in "*ab"]


def test_all_windows_of_one_of_the_widest_kind_go_to_one_merge_partition() -> None:
    places = dict[int, set[int]]()
    for partition, block in told(list(partial_outputs(RULES, "care-0", 1, 5, parts(120), []))):
        for part in block.windows:
            places.setdefault(part.window_start_ms // DAY, set()).add(partition)
    assert {len(where) for where in places.values()} == {1}
    assert len(set.union(*places.values())) == RULES.merge_partitions


def test_every_merge_partition_hears_the_watermark_and_nothing_is_said_without_news() -> None:
    assert {partition for partition, _ in told(list(partial_outputs(RULES, "care-0", 1, 5, [], [])))} == {0, 1, 2}
    assert list(partial_outputs(RULES, "care-0", 1, UNSET, [], [])) == []


def test_large_blocks_are_split_by_their_size_and_the_watermark_comes_last() -> None:
    wordy = [WindowPart(i * WINDOW_MS, f"{i:050000}", "x", (1,), 0) for i in range(30)]
    huge = WindowPart(0, "h" * partials.BLOCK_BYTES, "x", (1,), 0)  # alone too large, and told all the same
    said = [*wordy[:15], huge, *wordy[15:]]
    feed = FeedPart("f", "x", sent=1)
    outputs = list(partial_outputs(ONE, "care-0", 1, 5, said, [feed]))
    blocks = [block for _, block in told(outputs)]
    assert [part for block in blocks for part in block.windows] == said
    assert [block.watermark_ms for block in blocks] == [UNSET] * (len(blocks) - 1) + [5]
    assert [block.feeds for block in blocks] == [()] * (len(blocks) - 1) + [(feed,)]
    sizes = [
        len(output.value or b"") for output, block in zip(outputs, blocks, strict=True) if huge not in block.windows
    ]
    assert len(sizes) == 6
    assert max(sizes) < partials.BLOCK_BYTES + 200
