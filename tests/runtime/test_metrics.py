"""Telemetry exports the catalogue and nothing else, and its port tells whether the worker lives and is ready."""

import ast
import re
import threading
import urllib.error
import urllib.request
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from prometheus_client.parser import text_string_to_metric_families

from config.errors import UnheardError
from streams.runtime.metrics import LABEL_VALUES_LIMIT, METRICS, MetricSpec, Telemetry

STREAMS: Final = Path(__file__).parent.parent.parent / "streams"


@pytest.fixture
def telemetry() -> Iterator[Telemetry]:
    telemetry = Telemetry()
    yield telemetry
    telemetry.close()


def get(port: int, path: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        return error.code, error.read().decode()


def samples(telemetry: Telemetry) -> dict[tuple[str, tuple[tuple[str, str], ...]], float]:
    families = text_string_to_metric_families(telemetry.render().decode())
    return {(s.name, tuple(sorted(s.labels.items()))): s.value for family in families for s in family.samples}


@pytest.mark.parametrize("spec", METRICS, ids=lambda spec: spec.name)
def test_names_follow_prometheus_practice(spec: MetricSpec) -> None:
    assert re.fullmatch(r"unheard_[a-z]+(_[a-z]+)*", spec.name)
    assert spec.name.endswith("_total") is (spec.kind == "counter")
    assert not re.search(r"_(ms|millis|minutes|hours|kb|mb|percent)\b", spec.name)
    assert bool(spec.buckets) is (spec.kind == "histogram")
    assert list(spec.buckets) == sorted(set(spec.buckets))
    assert spec.help.endswith(".")
    assert all(re.fullmatch(r"[a-z_]+", label) and label not in ("le", "quantile") for label in spec.labels)


def strings_of(tree: ast.AST) -> set[str]:
    values = (node.value for node in ast.walk(tree) if isinstance(node, ast.Constant))
    return {value for value in values if isinstance(value, str) and re.fullmatch(r"unheard_[a-z_]+", value)}


def test_every_metric_is_set_somewhere_and_no_other() -> None:
    ours = [path for path in STREAMS.rglob("*.py") if STREAMS / "bench" not in path.parents]  # that one reads them
    sources = [path for path in ours if path.name != "catalogue.py"]
    used = set().union(*(strings_of(ast.parse(path.read_text(encoding="utf-8"))) for path in sources))
    assert used == {spec.name for spec in METRICS}


def test_figures_of_folds_are_gauges_by_partition() -> None:
    """The shell that runs a fold adds the partition to whatever the fold tells."""
    shapes = {spec.name: (spec.kind, spec.labels) for spec in METRICS}
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (STREAMS / "stages").glob("*.py")]
    bodies = [
        node for tree in trees for node in ast.walk(tree) if isinstance(node, ast.FunctionDef) and node.name == "gauges"
    ]
    told = set().union(*(strings_of(body) for body in bodies))
    assert told
    assert {shapes.get(name) for name in told} == {("gauge", ("partition",))}


def test_each_metric_of_the_catalogue_is_there_once_and_reaches_prometheus(telemetry: Telemetry) -> None:
    assert len({spec.name for spec in METRICS}) == len(METRICS)
    for spec in METRICS:
        use = {"counter": telemetry.inc, "gauge": telemetry.set, "histogram": telemetry.observe}[spec.kind]
        use(spec.name, 3, **dict.fromkeys(spec.labels, "x"))
    seen = samples(telemetry)
    for spec in METRICS:
        suffix = "_sum" if spec.kind == "histogram" else ""
        labels = tuple(sorted((label, "x") for label in spec.labels))
        assert seen[f"{spec.name}{suffix}", labels] == 3


def test_a_name_label_or_kind_outside_the_catalogue_is_a_bug(telemetry: Telemetry) -> None:
    with pytest.raises(KeyError):
        telemetry.inc("unheard_surprises_total")
    with pytest.raises(ValueError, match="labels"):
        telemetry.inc("unheard_records_in_total")
    with pytest.raises(ValueError, match="labels"):
        telemetry.inc("unheard_records_in_total", topic="x", user="y")
    with pytest.raises(TypeError, match="no gauge"):
        telemetry.set("unheard_records_in_total", 1, topic="x")
    with pytest.raises(TypeError, match="no counter"):
        telemetry.inc("unheard_batch_records")
    with pytest.raises(TypeError, match="no histogram"):
        telemetry.observe("unheard_rebalances_total", 1)


def test_a_label_takes_a_bounded_number_of_values(telemetry: Telemetry) -> None:
    for number in range(LABEL_VALUES_LIMIT + 5):
        telemetry.inc("unheard_sla_breaches_total", brand=f"brand {number}")
    telemetry.inc("unheard_sla_breaches_total", brand="brand 0")
    seen = {
        labels: value for (name, labels), value in samples(telemetry).items() if name == "unheard_sla_breaches_total"
    }
    assert len(seen) == LABEL_VALUES_LIMIT + 1
    assert seen[(("brand", "other"),)] == 5
    assert seen[(("brand", "brand 0"),)] == 2


def test_a_gauge_without_labels_says_nothing_before_it_is_set(telemetry: Telemetry) -> None:
    assert ("unheard_lag_event_seconds", ()) not in samples(telemetry)
    telemetry.set("unheard_lag_event_seconds", 0)
    assert samples(telemetry)["unheard_lag_event_seconds", ()] == 0


def test_a_forgotten_label_set_is_gone(telemetry: Telemetry) -> None:
    telemetry.set("unheard_cases_open", 4, partition="3")
    telemetry.forget("unheard_cases_open", partition="3")
    telemetry.forget("unheard_cases_open", partition="4")
    assert ("unheard_cases_open", (("partition", "3"),)) not in samples(telemetry)


def test_two_telemetries_of_one_process_do_not_meet(telemetry: Telemetry) -> None:
    telemetry.inc("unheard_rebalances_total", 7)
    assert samples(Telemetry())["unheard_rebalances_total", ()] == 0


def test_counts_of_many_threads_add_up(telemetry: Telemetry) -> None:
    def count() -> None:
        for number in range(500):
            telemetry.inc("unheard_records_in_total", topic=str(number % 3))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    counts = [value for (name, _), value in samples(telemetry).items() if name == "unheard_records_in_total"]
    assert sum(counts) == 2_000


def test_the_port_answers_the_three_questions(telemetry: Telemetry) -> None:
    alive = threading.Event()
    alive.set()
    port = telemetry.serve("127.0.0.1", 0, alive.is_set)
    assert get(port, "/healthz") == (200, "alive\n")
    assert get(port, "/readyz") == (503, "not ready\n")
    telemetry.ready()
    assert get(port, "/readyz") == (200, "ready\n")
    telemetry.ready(False)
    alive.clear()
    assert get(port, "/readyz")[0] == 503
    assert get(port, "/healthz") == (503, "stalled\n")
    assert get(port, "/nothing")[0] == 404
    status, text = get(port, "/metrics?x=1")
    assert status == 200
    assert "unheard_build_info{version=" in text
    assert "process_cpu_seconds_total" in text


def test_a_port_in_use_is_one_clear_line(telemetry: Telemetry) -> None:
    port = telemetry.serve("127.0.0.1", 0)
    with pytest.raises(UnheardError, match=rf"^cannot serve metrics on 127.0.0.1:{port}: .*in use$"):
        Telemetry().serve("127.0.0.1", port)


def test_after_close_the_port_is_free_again(telemetry: Telemetry) -> None:
    port = telemetry.serve("127.0.0.1", 0)
    telemetry.close()
    telemetry.close()
    assert telemetry.serve("127.0.0.1", port) == port
