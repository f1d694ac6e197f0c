"""`config show` and `config check` as a user calls them."""

import json
import tomllib
from pathlib import Path

import pytest

from streams.cli import run_command


def test_show_prints_what_holds_as_toml(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "own.toml"
    file.write_text('[rules]\nsla_ms = 77\n[privacy]\ncustomer_key = "s3cret"\n', encoding="utf-8")
    assert run_command(["config", "show", "--config", str(file)]) == 0
    text = capsys.readouterr().out
    assert tomllib.loads(text)["rules"]["sla_ms"] == 77
    assert "s3cret" not in text


def test_show_prints_json_for_machines(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["config", "show", "--json"]) == 0
    tree = json.loads(capsys.readouterr().out)
    assert tree["privacy"] == {"customer_key": "***"}
    assert len(tree["brands"]) == 6


def test_check_says_that_all_is_well(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["config", "check"]) == 0
    assert capsys.readouterr().out.startswith("OK: 6 brands, configuration version ")


def test_check_tells_every_error_and_fails(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "own.toml"
    file.write_text('[rules]\nsla = 7\nwindow_ms = 1\n[[brands]]\nname = "*"\n', encoding="utf-8")
    assert run_command(["config", "check", "--config", str(file)]) == 2
    lines = capsys.readouterr().err.splitlines()
    assert [line.split(": ")[1] for line in lines] == [
        "rules.window_ms",
        "rules.sla",
        "brands[0].name",
        "brands[0].handles",
    ]
