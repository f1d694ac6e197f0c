"""The peers do the whole job, are measured fairly, and one that fails stops nobody else.

The real programs run once on the embedded broker, on a thousand mentions: what they send is read back and compared.
How rates of several processes add up is computed by hand.
"""

import sys
from pathlib import Path

import pytest

from config.errors import UnheardError
from streams.bench.bench import Bench
from streams.bench.cluster import Cluster, bench_settings
from streams.bench.peer_process import Done, Job, rate_of, run_program
from streams.bench.peer_programs.job import Model
from streams.bench.peers import Missing, Peer, best, measure
from streams.bench.rivals import Label, train_hashed

MENTIONS = 1_000  # the least that a sample has
NOT_INSTALLED = "quixstreams could not be installed"
LABELS = [
    *(Label(f"where is my parcel {number}", "issue", number % 2 == 0) for number in range(40)),
    *(Label(f"I love this shop {number}", "praise", False) for number in range(40)),
]


def peer(rate: int) -> Peer:
    return Peer(rate, [rate], 10, 1, {"1": rate}, 1.0, 0.9, 0.9, None, None, "somehow")


def measured_on(broker: str, directory: Path, *names: str) -> dict[str, Peer | Missing]:
    directory.mkdir(exist_ok=True)
    bench = Bench(Cluster(broker, "embedded"), directory, True, 1, MENTIONS, lambda _line: None)
    return measure(bench, names)


def check_sound(found: Peer | Missing) -> None:
    assert isinstance(found, Peer), found
    assert found.median == found.runs[0] > 0
    assert found.cpu_us > 0
    assert 0.3 <= found.agreement <= 1.0  # as far as they learned the same, they say the same


@pytest.mark.embedded
def test_peers_in_batches_judge_all_mentions_alone_and_in_twos(embedded_broker: str, tmp_path: Path) -> None:
    peers = measured_on(embedded_broker, tmp_path, "kafka_python_batches", "confluent_batches")
    assert peers.keys() == {"kafka_python_batches", "confluent_batches"}
    python, confluent = peers.values()
    check_sound(python)
    check_sound(confluent)
    assert isinstance(python, Peer)
    assert isinstance(confluent, Peer)
    assert confluent.medians_by_processes.keys() == {"1", "2"}
    assert confluent.mentions >= python.mentions  # when the second one joins, some may come again
    assert confluent.agreement == pytest.approx(python.agreement, abs=0.05)


@pytest.mark.long
@pytest.mark.embedded
@pytest.mark.parametrize("name", ["quix_per_message", "faust_per_event"])
def test_peers_that_take_one_mention_at_a_time_judge_and_count(
    embedded_broker: str, tmp_path_factory: pytest.TempPathFactory, name: str
) -> None:
    found = measured_on(embedded_broker, tmp_path_factory.mktemp(name), name)[name]
    if isinstance(found, Missing) and found.error.startswith(NOT_INSTALLED):
        pytest.skip(found.error)
    check_sound(found)


@pytest.mark.embedded
def test_a_program_that_breaks_is_an_error_with_its_last_words(embedded_broker: str, tmp_path: Path) -> None:
    settings = bench_settings(Cluster(embedded_broker, "embedded"), prefix="broken.")
    job = Job(settings, "broken.in", "broken.out", tmp_path / "no-such-model", 1, 1.0, tmp_path)
    with pytest.raises(UnheardError, match=r"confluent_batches told nothing: .*no-such-model"):
        run_program("confluent_batches", job, python=Path(sys.executable))


def test_the_fastest_is_the_best_and_those_that_failed_do_not_count() -> None:
    assert best({"a": peer(10), "b": peer(30), "c": Missing("not installed")}) == ("b", 30)
    assert best({"c": Missing("not installed")}) == ("", 0)


def test_the_rate_of_one_is_its_mentions_over_its_seconds() -> None:
    assert rate_of([Done([(100.0, 0), (101.0, 10), (104.0, 80)], 1.0)]) == 20.0


def test_rates_add_up_over_the_time_in_which_all_were_at_work() -> None:
    first = Done([(0.0, 0), (2.0, 80), (10.0, 240)], 1.0)  # 40 a second while it is alone, then 20
    second = Done([(2.0, 0), (9.0, 210)], 1.0)
    assert rate_of([first, second]) == pytest.approx(20 + 30)


def test_where_they_were_hardly_at_work_together_the_whole_time_counts() -> None:
    first, second = Done([(0.0, 0), (4.0, 400)], 1.0), Done([(3.0, 0), (8.0, 400)], 1.0)
    assert rate_of([first, second]) == pytest.approx(100)
    assert rate_of([first, Done([], 0.0)]) == pytest.approx(100)
    assert rate_of([Done([], 0.0)]) == 0.0


def test_the_programs_judge_as_the_trained_model_does(tmp_path: Path) -> None:
    model = train_hashed(LABELS)
    assert model is not None
    model.save(tmp_path / "model")
    texts = ["where is my parcel", "I love this shop", "", "love 🎉"]
    intents, flags = model.predict(texts)
    assert intents[:2] == ["issue", "praise"]
    assert Model(str(tmp_path / "model")).judge(texts) == list(zip(intents, flags, strict=True))


def test_labels_of_one_kind_train_no_peer() -> None:
    assert train_hashed(LABELS[:40]) is None
