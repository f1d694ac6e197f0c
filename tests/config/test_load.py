"""Settings come from four layers; everything wrong with them is told at once."""

from pathlib import Path
from typing import Any

import pytest

from config.errors import UsageError
from config.load import config_version, load_settings
from config.settings import Settings


def write(folder: Path, text: str) -> Path:
    file = folder / "own.toml"
    file.write_text(text, encoding="utf-8")
    return file


def lines_of(error: pytest.ExceptionInfo[UsageError]) -> list[str]:
    return str(error.value).splitlines()


def test_without_anything_the_defaults_hold() -> None:
    settings = load_settings(environ={})
    assert settings.rules.sla_ms == 3_600_000
    assert settings.kafka.bootstrap_servers == ""


def test_each_layer_overrides_the_one_before(tmp_path: Path) -> None:
    file = write(tmp_path, "[rules]\nsla_ms = 1\nlateness_ms = 1\nwindow_ms = 1_001\nrollup_ms = []\n")
    environ = {"UNHEARD_RULES__LATENESS_MS": "2", "UNHEARD_RULES__WINDOW_MS": "1002"}
    rules = load_settings(file, environ, {"rules.window_ms": 1_003}).rules
    assert (rules.sla_ms, rules.lateness_ms, rules.window_ms) == (1, 2, 1_003)
    assert rules.dedupe_ms == Settings().rules.dedupe_ms


def test_the_environment_names_the_file_unless_an_option_does(tmp_path: Path) -> None:
    file = write(tmp_path, "[rules]\nsla_ms = 7\n")
    (tmp_path / "other.toml").write_text("[rules]\nsla_ms = 8\n", encoding="utf-8")
    environ = {"UNHEARD_CONFIG": str(tmp_path / "other.toml")}
    assert load_settings(environ=environ).rules.sla_ms == 8
    assert load_settings(file, environ).rules.sla_ms == 7


def test_bootstrap_servers_have_a_short_name() -> None:
    assert load_settings(environ={"UNHEARD_BOOTSTRAP_SERVERS": "h:1"}).kafka.bootstrap_servers == "h:1"


def test_the_long_name_of_bootstrap_servers_wins_over_the_short_one() -> None:
    environ = {"UNHEARD_KAFKA__BOOTSTRAP_SERVERS": "long:1", "UNHEARD_BOOTSTRAP_SERVERS": "short:1"}
    assert load_settings(environ=environ).kafka.bootstrap_servers == "long:1"


def test_lists_in_the_environment_are_json() -> None:
    assert load_settings(environ={"UNHEARD_RULES__FEED_ORDER": '["a", "b"]'}).rules.feed_order == ("a", "b")
    with pytest.raises(UsageError, match="JSON"):
        load_settings(environ={"UNHEARD_RULES__FEED_ORDER": "a,b"})


def test_brands_of_a_file_replace_the_default_ones(tmp_path: Path) -> None:
    file = write(tmp_path, '[[brands]]\nname = "Acme"\nhandles = ["@AcmeHelp"]\n')
    (brand,) = load_settings(file, {}).brands
    assert (brand.name, brand.handles) == ("Acme", ("AcmeHelp",))


def test_tables_merge_key_by_key(tmp_path: Path) -> None:
    file = write(tmp_path, "[priority.severity]\nchurn = 0.9\n")
    severity = load_settings(file, {}).priority.severity
    assert (severity["churn"], severity["safety"]) == (0.9, 1.0)


def test_overrides_may_be_nested_or_dotted() -> None:
    nested = load_settings(environ={}, overrides={"rules": {"sla_ms": 5}})
    assert nested == load_settings(environ={}, overrides={"rules.sla_ms": 5})


@pytest.mark.parametrize(
    ("text", "part"),
    [
        ("[rules\n", "is not valid TOML"),
        ("rules = 5\n", "rules: "),
        ("[rules]\nsla_ms = 'soon'\n", "rules.sla_ms: "),
        ("[rules]\nsla = 5\n", "rules.sla: unknown setting (did you mean sla_ms?)"),
        ("[rule]\nsla_ms = 5\n", "rule: unknown setting (did you mean rules?)"),
        ("[rules]\nsla_ms = -1\n", "rules.sla_ms: must be ≥ 0, not -1"),
        ("[kafka]\ncompression = 'gzip'\n", "kafka.compression: must be 'none', 'lz4' or 'zstd', not 'gzip'"),
        ("[[brands]]\nhandles = ['a']\n", "brands[0].name: must be given"),
        ("[[brands]]\nname = 'a'\nhandle = 'a'\n", "brands[0].handle: unknown setting (did you mean handles?)"),
        ("[priority]\nscore_weight = nan\n", "priority.score_weight: "),
    ],
)
def test_a_wrong_file_is_one_clear_line_that_names_it(tmp_path: Path, text: str, part: str) -> None:
    file = write(tmp_path, text)
    with pytest.raises(UsageError) as error:
        load_settings(file, {})
    assert any(part in line and str(file) in line for line in lines_of(error)), lines_of(error)


def test_files_that_cannot_be_read_are_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="no configuration file"):
        load_settings(tmp_path / "absent.toml", {})
    with pytest.raises(UsageError, match="no configuration file"):
        load_settings(tmp_path, {})
    (tmp_path / "latin1.toml").write_bytes(b'x = "\xe9"')
    with pytest.raises(UsageError, match="not UTF-8"):
        load_settings(tmp_path / "latin1.toml", {})


def test_every_error_is_told_at_once_with_its_place(tmp_path: Path) -> None:
    brands = """
    [[brands]]
    name = "*"
    handles = ["a"]
    foo = 1
    [[brands]]
    handles = ["b"]
    [[brands]]
    name = "B"
    handles = ["A"]
    """
    file = write(tmp_path, f"[rules]\nsla_ms = 999_999_999\n{brands}")
    environ = {"UNHEARD_CLASSIFY__BATCH_RECORDS": "many", "UNHEARD_RULE__SLA_MS": "1"}
    with pytest.raises(UsageError) as error:
        load_settings(file, environ)
    told = {line.partition(": ")[0]: line.rpartition("; in ")[2] for line in lines_of(error)}
    assert told == {
        "rules.sla_ms": f"file {file}",
        "brands[0].foo": f"file {file}",
        "brands[0].name": f"file {file}",
        "brands[1].name": f"file {file}",
        "brands[2].handles": f"file {file}",
        "classify.batch_records": "the environment",
        "UNHEARD_RULE__SLA_MS": "the environment",
    }


def test_variables_that_are_no_settings_are_left_alone() -> None:
    assert load_settings(environ={"UNHEARD_LOG_LEVEL": "debug", "UNHEARD_CACHE": "/x", "PATH": ""}) == load_settings(
        environ={}
    )


@pytest.mark.parametrize(
    ("overrides", "changes"),
    [
        ({"rules.sla_ms": 1}, True),
        ({"rules.feed_order": ["a"]}, True),
        ({"model.escalation_threshold": 0.3}, True),
        ({"brands": [{"name": "Other", "handles": ["other"]}]}, True),
        ({"kafka.bootstrap_servers": "h:1"}, False),
        ({"privacy.customer_key": "k"}, False),
        ({"topics.care_partitions": 3}, False),
        ({"metrics.care_port": 0}, False),
    ],
)
def test_the_version_changes_with_what_counts_and_with_nothing_else(overrides: dict[str, Any], changes: bool) -> None:
    before, after = load_settings(environ={}), load_settings(environ={}, overrides=overrides)
    assert (config_version(before) != config_version(after)) is changes


@pytest.mark.parametrize(
    ("name", "value", "line"),
    [
        ("UNHEARD_BRANDS", "[", "brands: is not JSON, as lists and tables must be; in the environment"),
        ("UNHEARD_RULES", "5", "rules: must be a table, not 5; in the environment"),
    ],
)
def test_errors_of_the_environment_speak_of_settings_not_of_classes(name: str, value: str, line: str) -> None:
    with pytest.raises(UsageError) as error:
        load_settings(environ={name: value})
    assert lines_of(error) == [line]
