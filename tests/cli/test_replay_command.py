"""Goal: a wrong request is one line and code 2, a file or broker that is not there one line and code 1."""

from pathlib import Path

import pytest

from streams.cli import run_command
from tests.formats.samples import own_line, write_lines

NOWHERE = "127.0.0.1:1"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--speed", "fast"), "--speed must be a number or max, not fast"),
        (("--speed", "1", "--rate", "5"), "--speed and --rate exclude each other"),
        (("--clock", "broken"), "--clock must be original or shifted, not broken"),
        (("--amplify", "0"), "--amplify must be from 1 to 10000"),
        (("--settle", "nan"), "--settle must be a number of seconds, not nan"),
        (("--settle", "1e12"), "--settle must be 0 to 366 days"),
        (("--limit", "1" + "0" * 30), "--limit must be from 1 to 2147483647"),
        (("--seed", "1" + "0" * 30), "--seed must be from 0 to 2147483647"),
        (("--epoch", "0"), "--epoch must be from 1 to 2147483647"),
    ],
)
def test_a_wrong_option_is_a_wrong_request(
    arguments: tuple[str, ...],
    message: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("UNHEARD_BOOTSTRAP_SERVERS", NOWHERE)
    path = write_lines(tmp_path / "f", [own_line(1)])
    assert run_command(["replay", str(path), *arguments]) == 2
    assert capsys.readouterr().err == f"unheard: {message}\n"


def test_an_unnamed_broker_is_a_wrong_request_even_before_the_file_is_read(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("UNHEARD_BOOTSTRAP_SERVERS", raising=False)
    assert run_command(["replay", str(tmp_path / "none")]) == 2
    assert "no Kafka broker is named" in capsys.readouterr().err


def test_a_missing_file_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("UNHEARD_BOOTSTRAP_SERVERS", NOWHERE)
    assert run_command(["replay", str(tmp_path / "none")]) == 1
    assert capsys.readouterr().err == f"unheard: there is no file {tmp_path / 'none'}\n"
