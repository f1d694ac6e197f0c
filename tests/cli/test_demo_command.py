"""Goal: the demo says what it cannot do before it works, copes with a file that teaches no brand, and leaves nothing
behind however it ends. Method: the real command in a process of its own, on its embedded broker."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from streams.cli import run_command
from tests.waiting import await_that

COMMAND = [sys.executable, "-c", "from streams.cli import main; main()", "demo"]
HEADER = "tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id"
ROW = "{},{},True,Tue Oct 31 22:10:47 +0000 2017,@shop where is my parcel?,,"


def write_customers(path: Path) -> Path:
    """A file in which customers speak and no brand replies."""
    path.write_text("\n".join([HEADER, *(ROW.format(number, 7000 + number) for number in range(1, 20))]) + "\n")
    return path


def environment(directory: Path) -> dict[str, str]:
    directory.mkdir()
    kept = {name: value for name, value in os.environ.items() if not name.startswith("UNHEARD_")}
    return kept | {"TMPDIR": str(directory)}


def test_a_report_that_cannot_be_written_is_said_before_the_work(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_customers(tmp_path / "customers.csv")
    assert run_command(["demo", str(file), "--json", str(tmp_path / "none" / "report.json")]) == 1
    assert run_command(["demo", str(file), "--json", str(tmp_path)]) == 1
    lines = capsys.readouterr().err.splitlines()
    assert [line.partition(": ")[2].split(" ")[:2] for line in lines] == [["cannot", "write"]] * 2


def test_a_file_without_brands_runs_and_says_so(tmp_path: Path) -> None:
    file = write_customers(tmp_path / "customers.csv")
    env = environment(tmp_path / "temporary")
    done = subprocess.run([*COMMAND, str(file)], env=env, capture_output=True, text=True, timeout=120)
    assert done.returncode == 0, done.stderr
    assert "captured           19 of 19 lines (100.00%)" in done.stdout
    assert "no brand is known" in done.stdout
    assert list((tmp_path / "temporary").iterdir()) == []


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_an_interrupted_demo_leaves_nothing(number: signal.Signals, tmp_path: Path) -> None:
    env = environment(tmp_path / "temporary")
    with subprocess.Popen(
        COMMAND,
        env=env,
        stderr=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        preexec_fn=_listen_to_ctrl_c,  # noqa: PLW1509
    ) as demo:
        await_that(lambda: list((tmp_path / "temporary").glob("*/broker/broker.json")), 60)
        demo.send_signal(number)
        _, errors = demo.communicate(timeout=15)
    assert demo.returncode == 130
    assert b"Traceback" not in errors
    assert list((tmp_path / "temporary").iterdir()) == []


def _listen_to_ctrl_c() -> None:
    """What runs in the background of a shell script ignores SIGINT, and its children do."""
    signal.signal(signal.SIGINT, signal.default_int_handler)
