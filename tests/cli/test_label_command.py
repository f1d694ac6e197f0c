"""`label` as a filter in a pipe."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import IO

import pytest

from models import artefact
from models.artefact import Artefact
from models.judge import Judge
from streams.cli.label import BATCH_LINES, LONGEST_LINE_BYTES, batches, label_lines
from tests.models.invented import random_model

COMMAND = [sys.executable, "-m", "streams.cli", "label"]


def label(data: bytes, *options: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*COMMAND, *options], input=data, capture_output=True, timeout=120)


def test_each_line_gets_its_verdict_in_order() -> None:
    rows = [
        {"id": "1", "text": "@shop where is my parcel? third time I ask, no reply"},
        {"id": 2, "text": "@shop thank you so much, write me: jo@example.com"},
        {"id": None, "text": ""},
        {"id": "es", "text": "no me llega el pedido y nadie me responde"},
    ]
    done = label("\n".join(json.dumps(row) for row in rows).encode())
    verdicts = [json.loads(line) for line in done.stdout.splitlines()]
    assert done.returncode == 0
    assert [verdict["id"] for verdict in verdicts] == ["1", 2, None, "es"]
    assert [verdict["intent"] for verdict in verdicts] == ["issue", "praise", "unjudged", "unjudged"]
    assert list(verdicts[0]) == ["id", "intent", "scores", "escalate", "escalation_score", "reasons", "pii", "lang"]
    assert verdicts[0]["escalate"] is True
    assert "repeat" in verdicts[0]["reasons"]
    assert verdicts[1]["pii"] == ["email"]
    assert sum(verdicts[0]["scores"].values()) == pytest.approx(1, abs=1e-3)
    assert verdicts[2]["scores"] == {}
    assert verdicts[3]["lang"] == "es"


def test_broken_lines_are_named_and_the_rest_goes_on() -> None:
    lines = [
        b'{"id":"1","text":"hello there"}',
        b"{broken",
        b"",
        b'{"id":"3"}',
        b'{"id":"4","text":5}',
        b"[1]",
        b"\xff\xfe",
        b'{"id":"8","text":"\\ud800 half a pair"}',
        b"[" * 10_000,
        b'{"id":"10","text":"nul \\u0000 byte"}',
    ]
    done = label(b"\r\n".join(lines) + b"\n")
    assert done.returncode == 1
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["1", "10"]
    complaints = done.stderr.decode().splitlines()
    assert [complaint.split(":")[0] for complaint in complaints[:-1]] == [f"line {n}" for n in (2, 4, 5, 6, 7, 8, 9)]
    assert complaints[-1] == "7 broken lines left out"


def test_a_byte_order_mark_and_windows_line_ends_are_no_fault() -> None:
    done = label(b'\xef\xbb\xbf{"id":"1","text":"hello"}\r\n{"id":"2","text":"\xf0\x9f\x98\xa1"}\r\n')
    assert (done.returncode, done.stderr) == (0, b"")
    assert [json.loads(line)["id"] for line in done.stdout.splitlines()] == ["1", "2"]


def test_no_input_is_no_output() -> None:
    done = label(b"")
    assert (done.returncode, done.stdout, done.stderr) == (0, b"", b"")


def test_a_missing_model_is_one_line_and_exit_code_1(tmp_path: Path) -> None:
    done = label(b"", "--model", str(tmp_path / "none"))
    assert done.returncode == 1
    assert done.stdout == b""
    assert len(done.stderr.splitlines()) == 1
    assert b"model.json" in done.stderr


def test_a_slow_writer_gets_each_answer_before_the_next_line() -> None:
    with subprocess.Popen(COMMAND, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as process:
        stdin, stdout = _pipes(process)
        for name in ("a", "b"):
            stdin.write(json.dumps({"id": name, "text": "where is my parcel?"}).encode() + b"\n")
            stdin.flush()
            assert json.loads(stdout.readline())["id"] == name
        stdin.close()
        assert process.wait(timeout=60) == 0


def _pipes(process: "subprocess.Popen[bytes]") -> tuple[IO[bytes], IO[bytes]]:
    assert process.stdin is not None
    assert process.stdout is not None
    return process.stdin, process.stdout


def test_lines_are_cut_wherever_the_chunks_end() -> None:
    data = b"one\n\ntwo\nthree"
    for size in range(1, len(data) + 1):
        chunks = iter([data[at : at + size] for at in range(0, len(data), size)])
        numbered = [(first + i, line) for first, lines in batches(chunks) for i, line in enumerate(lines)]
        assert [item for item in numbered if item[1]] == [(1, b"one"), (3, b"two"), (4, b"three")]


def test_batches_and_the_memory_of_one_line_are_bounded() -> None:
    data = iter([b"x\n" * (BATCH_LINES + 1)])
    assert [len(lines) for _, lines in batches(data)] == [BATCH_LINES, 1]
    endless = iter([b"x" * 1_000_000] * 40)
    [(_, [line])] = batches(endless)
    assert LONGEST_LINE_BYTES < len(line) <= LONGEST_LINE_BYTES + 1


@pytest.fixture(scope="module")
def model() -> Artefact:
    return random_model()


@pytest.mark.parametrize(
    "name",
    [
        "36893488147419103233",
        "-9223372036854775809",
        "18446744073709551615",
        "1.10",
        "1e5",
        '{"a": [99999999999999999999999]}',
        "true",
        '"36893488147419103233"',
        '"\\u0000"',
        "null",
    ],
)
def test_an_id_comes_out_as_it_came_in(model: Artefact, name: str) -> None:
    verdicts, complaints = label_lines(Judge(model), 1, [f'{{"text": "hello", "id": {name}}}'.encode()])
    assert complaints == []
    assert verdicts.startswith(b'{"id":' + name.encode() + b',"intent"')


def test_an_id_nested_too_deeply_is_a_broken_line(model: Artefact) -> None:
    deep = b'{"text": "hello", "id": ' + b"[" * 1_020 + b"]" * 1_020 + b"}"
    verdicts, complaints = label_lines(Judge(model), 3, [deep])
    assert (verdicts, complaints) == (b"", ["line 3: nested too deeply"])


def test_explained_verdicts_name_the_features_and_stay_one_line_each(model: Artefact, tmp_path: Path) -> None:
    artefact.save(model, tmp_path)
    texts = ["@shop no help with my refund\u2028at all!", "", 'nul \x00 and a quote " in it']
    data = "\n".join(json.dumps({"id": number, "text": text}) for number, text in enumerate(texts))
    plain, explained = (
        label(data.encode(), "--model", str(tmp_path)),
        label(data.encode(), "--model", str(tmp_path), "--explain"),
    )
    assert (explained.returncode, explained.stderr) == (0, b"")
    verdicts = [json.loads(line) for line in explained.stdout.split(b"\n")[:-1]]
    assert [list(verdict)[-1] for verdict in verdicts] == ["explain"] * 3
    first = verdicts[0]["explain"]
    assert all(isinstance(name, str) and isinstance(share, float) for name, share in first["intent"])
    assert list(first["reasons"]) == verdicts[0]["reasons"]
    assert verdicts[1]["explain"] == {"intent": [], "runner_up": None, "escalation": [], "reasons": {}}
    for verdict in verdicts:
        verdict.pop("explain")
    assert verdicts == [json.loads(line) for line in plain.stdout.splitlines()]


def test_a_reader_that_has_seen_enough_ends_it_quietly(model: Artefact, tmp_path: Path) -> None:
    artefact.save(model, tmp_path)
    command = [*COMMAND, "--model", str(tmp_path)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        stdin, stdout = _pipes(process)
        assert process.stderr is not None
        stdout.close()
        stdin.write(b'{"id": 1, "text": "where is my parcel?"}\n')
        stdin.close()
        assert (process.wait(timeout=60), process.stderr.read()) == (1, b"")


@pytest.mark.skipif(os.name != "posix", reason="descriptors are closed by a POSIX shell")
@pytest.mark.parametrize(("closing", "said"), [("<&-", "stdin is closed"), (">&-", "stdout is closed")])
def test_a_closed_stdin_or_stdout_is_one_clear_line(closing: str, said: str) -> None:
    done = subprocess.run(
        ["/bin/sh", "-c", f'"$@" {closing}', "sh", *COMMAND], capture_output=True, text=True, timeout=60
    )
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert said in done.stderr
