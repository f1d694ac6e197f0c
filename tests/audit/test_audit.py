"""An export is held against its own mentions and lines: nothing is found where nothing is wrong, and what is planted is
found and named."""

import ast
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest

from config.errors import UnheardError
from streams.audit.audit import Audit, audit
from streams.audit.files import COLUMNS, find_files
from streams.cli import run_command
from tests.audit.claimed import short_story, write_story
from tests.audit.export import Row, clock, meta, run, said, write

ROOT = Path(__file__).parents[2]


def audited(directory: Path, **changes: Any) -> Audit:
    return audit(write_story(directory, **changes), limit=20)


def test_an_export_that_is_right_agrees(tmp_path: Path) -> None:
    found = audited(tmp_path)
    assert found.lines == found.notes == ()
    assert found.agrees
    counts = {name: one.recomputed for name, one in found.by_kind.items()}
    assert counts == {"mentions": 3, "cases": 1, "windows": 4, "gaps": 1, "feeds": 1}


def test_an_export_of_nothing_agrees(tmp_path: Path) -> None:
    assert audit(write(tmp_path, meta=meta(watermark=None)), 20).agrees


Change = Callable[[dict[str, Any]], object]
CASE = "case of c1 with acme on x, opened 2017-10-31T12:00:00.000Z by 1: "
WINDOW = "window 2017-10-31T12:00:00.000Z of 60 s, brand * on x: "
FAULTS: dict[str, tuple[Change, str]] = {
    "outcome": (
        lambda story: story["cases"][0].update(outcome="stalled"),
        f'{CASE}outcome is "stalled", recomputed "missed"',
    ),
    "a deadline off by a millisecond": (
        lambda story: story["cases"][0].update(closed=clock(days=1, ms=1)),
        f"{CASE}closed_ms is 2017-11-01T12:00:00.001Z, recomputed 2017-11-01T12:00:00.000Z",
    ),
    "a promise off by a millisecond": (
        lambda story: story["cases"][0].update(sla_due=clock(hours=1, ms=-1)),
        f"{CASE}sla_due_ms is 2017-10-31T12:59:59.999Z, recomputed 2017-10-31T13:00:00.000Z",
    ),
    "a duration off by a millisecond": (
        lambda story: story["cases"][0].update(first_response_s=0.001),
        f"{CASE}first_response_ms is 1, recomputed null",
    ),
    "a case less": (lambda story: story["cases"].clear(), f"{CASE}not among the cases"),
    "a case twice": (lambda story: story["cases"].append(story["cases"][0]), f"{CASE}2 times among the cases"),
    "a case more": (
        lambda story: story["cases"].append(story["cases"][0] | {"customer": "c9"}),
        f"{CASE.replace('c1', 'c9')}among the cases, but nothing leads to it",
    ),
    "a window's count": (lambda story: story["windows"][0].update(received=2), f"{WINDOW}received is 2, recomputed 1"),
    "a window's rate": (
        lambda story: story["windows"][0]["rates"]["missed"].update(pending=1),
        f"{WINDOW}rates.missed.pending is 1, recomputed 0",
    ),
    "a window's label": (
        lambda story: story["windows"][0]["reasons"].update(legal=1),
        f"{WINDOW}reasons.legal is 1, recomputed null",
    ),
    "a window's histogram": (
        lambda story: story["windows"][0]["next_response"].update(histogram=[[None, 1]]),
        f"{WINDOW}next_response.histogram is [[null, 1]], recomputed []",
    ),
    "a window's channel": (
        lambda story: story["windows"][1]["volume_ratio"]["phone"].update(denominator=1.001),
        f"{WINDOW.replace('*', 'acme')}volume_ratio.phone.denominator is 1.001, recomputed 1.0",
    ),
    "a window less": (lambda story: story["windows"].pop(0), f"{WINDOW}not among the windows"),
    "a window that is not final": (
        lambda story: story["windows"][0].update(final=False),
        f"{WINDOW}final is false, recomputed true",
    ),
    "a gap less": (lambda story: story["gaps"].clear(), "sequence gap of f, epoch 1, from 2: not among the gaps"),
    "a gap's length": (
        lambda story: story["gaps"][0].update(to=clock(seconds=2, ms=1)),
        "sequence gap of f, epoch 1, from 2: to_ms is 2017-10-31T12:00:02.001Z, recomputed 2017-10-31T12:00:02.000Z",
    ),
    "a feed's count": (
        lambda story: story["meta"]["feeds"][0].update(duplicates=0),
        "feed f: duplicates is 0, recomputed 1",
    ),
    "a late one that counts": (
        lambda story: story["classified"][1].update(late=False),
        "line f 1:5: classified, copies or dlq have it as mention, lines as late",
    ),
    "a line that is late and must not be": (
        lambda story: story["classified"][1].update(created_at=clock()),
        "line f 1:5: called late, but its mention is not older than L",
    ),
    "a line that must be late": (
        lambda story: story["classified"][0].update(created_at=clock(hours=-1)),
        "line f 1:1: not called late, but its mention is older than L",
    ),
    "a mention less": (
        lambda story: story["copies"].clear(),
        "lines f 1:3-3, mention: 1 of them in no row of classified, copies or dlq",
    ),
    "a reject less": (
        lambda story: story["dlq"].clear(),
        "lines f 1:4-4, rejected: 1 of them in no row of classified, copies or dlq",
    ),
    "a mention that no line brought": (
        lambda story: story["classified"].append(said("9", clock(), 2)),
        "line f 1:2: classified, copies or dlq have it as mention, lines not at all",
    ),
    "the wrong copy": (
        lambda story: story.update(
            classified=[story["copies"][0], story["classified"][1]], copies=[story["classified"][0]]
        ),
        "mention 1 about acme on x: classified has the copy f 1:3, but f 1:1 comes first",
    ),
    "another version of what counts": (
        lambda story: story["cases"][0].update(definitions=1),
        f"{CASE}definitions is 1, recomputed 2",
    ),
}


@pytest.mark.parametrize("fault", FAULTS)
def test_what_is_wrong_is_found_and_named(fault: str, tmp_path: Path) -> None:
    plant, line = FAULTS[fault]
    story = short_story()
    plant(story)
    found = audit(write(tmp_path, **story), limit=20)
    assert not found.agrees
    assert line in found.lines


def test_parquet_is_audited_as_json_lines_are(tmp_path: Path) -> None:
    write_story(tmp_path)
    times = {"created_at", "from", "to", "opened", "closed", "sla_due", "window_start"}
    for file in find_files(tmp_path).values():
        columns = ", ".join(
            f'"{name}"::TIMESTAMPTZ AS "{name}"' if name in times else f'"{name}"' for name in COLUMNS[file.name]
        )
        duckdb.execute(f"COPY (SELECT {columns} FROM {file.scan}) TO '{file.path.with_suffix('.parquet')}'")
        file.path.unlink()
    assert audit(tmp_path, 20).agrees


RUNNING = {
    "lines": [run("mention", 1, 1, clock()), run("mention", 3, 3, clock(seconds=2))],
    "classified": [said("1", clock(), 1)],
    "dlq": [],
}


def test_what_a_running_feed_leaves_open_is_left_out(tmp_path: Path) -> None:
    """The claims are of later moments than W: by then the case was over, and the windows were final."""
    found = audited(tmp_path, **RUNNING, gaps=[], meta=meta(watermark=clock(minutes=-5)))
    assert found.agrees
    assert (found.cases.left_out, found.gaps.left_out, found.feeds.left_out) == (1, 1, 1)
    assert found.notes == ("still running when this was exported: f; what was not final then is left out",)


def test_mentions_that_came_behind_w_are_told(tmp_path: Path) -> None:
    story = short_story()
    story["meta"]["feeds"][0]["overtaken"] = 1
    [note] = audit(write(tmp_path, **story), 20).notes
    assert note.startswith("1 mentions of f came behind W")


# ------------------------------------------------------------ the command


def test_the_command_ends_with_0_where_all_agrees(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_story(tmp_path)
    assert run_command(["audit", str(tmp_path)]) == 0
    assert capsys.readouterr().out == "recomputed 3 mentions, 1 cases, 4 windows, 1 gaps, 1 feeds: all agree\n"


def test_the_command_ends_with_1_and_spells_out_so_many(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_story(tmp_path, cases=[], gaps=[], windows=[])
    assert run_command(["audit", str(tmp_path), "--limit", "1"]) == 1
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert lines[-2] == "and 3 more differences"
    assert lines[-1].endswith("4 windows (4 differ), 1 gaps (1 differ), 1 feeds: 6 differences")


def test_the_command_prints_one_object(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_story(tmp_path, gaps=[])
    assert run_command(["audit", str(tmp_path), "--json"]) == 1
    told = json.loads(capsys.readouterr().out)
    assert (told["agrees"], told["differences"]) == (False, 1)
    assert told["gaps"] == {"recomputed": 1, "left_out": 0, "rows": 1, "differences": 1}


def test_bad_usage_ends_with_2(capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["audit"]) == 2
    assert run_command(["audit", "somewhere", "--limit", "-1"]) == 2
    assert "Traceback" not in capsys.readouterr().err


def _without(name: str) -> Change:
    return lambda story: story.pop(name)


def _lacking(name: str, column: str) -> Change:
    return lambda story: [row.pop(column) for row in story[name]]


UNREADABLE: dict[str, tuple[Callable[[Path], object], str]] = {
    "no directory": (lambda at: at.rename(at.with_name("gone")), "there is no directory"),
    "no meta.json": (lambda at: (at / "meta.json").unlink(), r"is no export: cannot read meta\.json"),
    "a broken meta.json": (lambda at: (at / "meta.json").write_text("{"), r"meta\.json is damaged"),
    "an old meta.json": (
        lambda at: (at / "meta.json").write_text('{"definitions": 1}'),
        "another version",
    ),
    "other definitions": (
        lambda at: (at / "meta.json").write_text(json.dumps(meta(definitions=99))),
        "counts by definitions 99, this audit by 2",
    ),
    "no lines.jsonl": (
        lambda at: (at / "lines.jsonl").unlink(),
        r"has no lines\.jsonl or lines\.parquet: an older version left it",
    ),
    "both formats": (lambda at: (at / "gaps.parquet").touch(), "has both gaps.jsonl and gaps.parquet"),
    "a file of an older version": (
        lambda at: (at / "cases.jsonl").write_text('{"source": "x"}\n'),
        r"cases\.jsonl lacks brand, .*an older version wrote it",
    ),
    "no JSON": (lambda at: (at / "gaps.jsonl").write_text("a,b\n"), r"gaps\.jsonl cannot be read"),
    "no object": (lambda at: (at / "gaps.jsonl").write_text("[1]\n"), "its first line is no object"),
    "a damaged line": (
        lambda at: (at / "dlq.jsonl").open("a").write('{"feed": "f", "epo\n'),
        r"dlq\.jsonl cannot be read",
    ),
    "a time that is none": (
        lambda at: (at / "cases.jsonl").write_text(
            (at / "cases.jsonl").read_text().replace('"closed": "2017', '"closed": "x2017')
        ),
        r"cases\.jsonl cannot be read",
    ),
}


@pytest.mark.parametrize("trouble", UNREADABLE)
def test_what_cannot_be_read_is_said_in_one_line(
    trouble: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    directory = tmp_path / "account"
    directory.mkdir()
    write_story(directory)
    make, message = UNREADABLE[trouble]
    make(directory)
    with pytest.raises(UnheardError, match=message):
        audit(directory, 20)
    assert run_command(["audit", str(directory)]) == 1
    error = capsys.readouterr().err
    assert error.startswith("unheard: ")
    assert error.count("\n") == 1


def test_a_meta_of_old_feeds_is_refused(tmp_path: Path) -> None:
    old: Row = {"feed": "f", "source": "x", "sent": 1}
    with pytest.raises(UnheardError, match="its feeds lack received: an older version wrote it"):
        audited(tmp_path, meta=meta(feeds=[old]))


# ------------------------------------------------------------ independence


def test_the_audit_shares_no_code_with_what_wrote_the_account() -> None:
    allowed = ("config.errors", "models.records", "models.counters", "streams.audit")
    for path in (ROOT / "streams" / "audit").glob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            names = [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            names += [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
            ours = [name for name in names if name.split(".")[0] in ("config", "models", "streams", "tests")]
            assert all(name.startswith(allowed) for name in ours), (path.name, ours)


def test_all_sql_is_used() -> None:
    from streams.audit.tables import STEPS

    assert {path.stem for path in (ROOT / "streams" / "audit" / "sql").glob("*.sql")} == {*STEPS, "macros"}
