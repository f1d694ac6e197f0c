"""Goal: every point says what workers cost, and a firehose of other brands is the same firehose.

Method: reckoning and renaming by examples; the fold of open cases for real, in a process of its own, with few cases.
"""

from pathlib import Path

import msgspec
import pytest

from config.errors import UnheardError
from config.load import load_settings
from config.settings import Brand, Settings
from models.records import Mention
from streams.bench.bench import Bench
from streams.bench.cluster import Cluster
from streams.bench.many_brands import clones_needed, many_brands, one_brand, rename
from streams.bench.open_cases import measure_cases
from streams.bench.rolling import check_disk
from streams.bench.scale import case_point, point_of, sizes_of
from streams.bench.throughput import Cost, Run
from streams.bench.topic_bytes import sum_by_topic

BRANDS = (
    Brand(name="Acme", handles=("AcmeCare", "Acme"), bot_handles=("AcmeBot",), keywords=("acme air",), sla_ms=7),
    Brand(name="Bolt", handles=("Bolt",), keywords=("thunder",)),
)


def bench(*, quick: bool, mentions: int) -> Bench:
    return Bench(Cluster("127.0.0.1:1", "given"), Path(), quick=quick, rounds=1, mentions=mentions, say=print)


def line(**fields: object) -> bytes:
    return msgspec.json.encode(Mention(id="1", created_at_ms=1, **fields))  # type: ignore[arg-type]


# ---------------------------------------------------------------- points


def test_a_point_adds_the_workers_up_and_leaves_the_broker_out() -> None:
    costs = {"classify-0": Cost(20, 300_000_000), "care-0": Cost(7.5, 500_000_000), "broker": Cost(9, 900_000_000)}
    point = point_of(Run(1_000, 4, costs, {}))
    assert (point.rate, point.cpu_us_per_mention, point.peak_rss_mb) == (250, 27.5, 500)


def test_a_quick_run_is_small_and_only_a_large_one_goes_beyond_three_million() -> None:
    assert max(sizes_of(bench(quick=True, mentions=50_000_000)).mentions) <= 200_000
    assert sizes_of(bench(quick=False, mentions=1_000_000)).mentions == (1_000_000, 3_000_000)
    assert sizes_of(bench(quick=False, mentions=50_000_000)).mentions[-2:] == (10_000_000, 50_000_000)


def test_a_disk_that_is_too_small_is_told_before_anything_is_written() -> None:
    check_disk(10**12, 50_000_000)
    with pytest.raises(UnheardError, match="free disk"):
        check_disk(5_000_000_000, 1_000)


def test_bytes_are_summed_over_partitions_by_topic_of_the_catalogue() -> None:
    settings = load_settings(environ={}, overrides={"topics.prefix": "p.", "kafka.replication": 2})
    topics = [
        {"name": "p.mentions.raw.v1", "partitions": [{"partition_size": 10}, {"partition_size": 20}]},
        {"name": "p.unheard-care-care-blocks-changelog", "partitions": [{"partition_size": 4}]},
        {"name": "p.unheard-care-merge-blocks-changelog", "partitions": [{"partition_size": 6}]},
        {"name": "mentions.raw.v1", "partitions": [{"partition_size": 99}]},
    ]
    brokers = [{"log_dirs": [{"topics": topics}]}, {"log_dirs": [{"topics": topics[:1]}]}]
    assert sum_by_topic(brokers, settings) == {"mentions.raw.v1": 30, "changelogs": 5}


# ---------------------------------------------------------------- brands


def with_brands(brands: list[dict[str, object]]) -> Settings:
    return load_settings(environ={}, overrides={"brands": brands})


def test_one_brand_answers_to_all_names() -> None:
    (brand,) = with_brands(one_brand(BRANDS)).brands
    assert brand.handles == ("AcmeCare", "Acme", "Bolt")
    assert (brand.bot_handles, brand.keywords) == (("AcmeBot",), ("acme air", "thunder"))


@pytest.mark.parametrize("count", [1, 2, 3, 1_000])
def test_many_brands_are_valid_settings_and_as_many_as_asked_for(count: int) -> None:
    brands = with_brands(many_brands(BRANDS, count)).brands
    assert len(brands) == count
    assert len({handle.lower() for brand in brands for handle in brand.handles}) == sum(len(b.handles) for b in brands)
    assert brands[0] == BRANDS[0]


def test_a_thousand_brands_of_six_need_167_clones() -> None:
    assert clones_needed(load_settings(environ={}).brands, 1_000) == 167


def test_a_conversation_moves_as_a_whole_to_a_brand_that_is_configured() -> None:
    asked = [
        line(author=f"c{n}", text="@AcmeCare my Acme Air flight, acmeish", mentions=("acmecare",)) for n in range(20)
    ]
    answered = [line(author="acmecare", text=f"@c{n} sorry", reply_to_author=f"c{n}") for n in range(20)]
    moved = [msgspec.json.decode(raw, type=Mention) for raw in rename([*asked, *answered], BRANDS, 5)]
    handles = {handle.lower() for brand in with_brands(many_brands(BRANDS, 10)).brands for handle in brand.handles}
    used = set()
    for question, answer in zip(moved[:20], moved[20:], strict=True):
        ending = question.mentions[0].removeprefix("acmecare")
        assert question.text == f"@AcmeCare{ending} my Acme Air{ending} flight, acmeish"
        assert answer.author == question.mentions[0]
        assert answer.author in handles
        used.add(ending)
    assert len(used) > 1


def test_one_clone_changes_nothing_and_lines_without_an_author_stay() -> None:
    lines = [line(author="c", text="@Acme hello"), b'{"control":"heartbeat"}', b"\xff broken"]
    assert list(rename(lines, BRANDS, 1)) == lines


# ---------------------------------------------------------------- open cases


def test_the_fold_of_open_cases_holds_them_all_while_it_is_timed(tmp_path: Path) -> None:
    folded = measure_cases(300, tmp_path)
    assert 0.9 * 300 <= folded.cases <= 300
    assert folded.cpu_us > 0
    point = case_point(folded)
    assert point.rate == pytest.approx(1e6 / folded.cpu_us, rel=0.01)
    assert point.open_cases == folded.cases


def test_a_fold_that_fails_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UnheardError, match="the fold of 0 cases failed"):
        measure_cases(0, tmp_path)
