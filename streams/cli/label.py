"""``unheard label``: the judge on its own, as a filter of JSON lines."""

import os
import sys
from codecs import BOM_UTF8
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, BinaryIO, Final

import typer

from config.errors import UnheardError, UsageError

LONGEST_LINE_BYTES: Final = 16_777_216
BATCH_LINES: Final = 5_000
_READ_BYTES: Final = 1 << 20

Explainer = Callable[[str, Any, int], dict[str, object]]  # (text, Judgements, row) -> what is to be shown


def label(
    model: Annotated[str, typer.Option("--model", metavar="DIR", help="Folder of another model.")] = "",
    explain: Annotated[
        bool,
        typer.Option(
            "--explain", help="Add to each verdict the features that decided it. Slow: some hundred a second."
        ),
    ] = False,
) -> None:
    """Judge texts: JSON lines {"id", "text"} on stdin, verdicts as JSON lines on stdout, in the same order.

    A line that is no such object goes to stderr with its number; the rest goes on, and the exit code is 1.

    With --explain a verdict has "explain": the features of the greatest weight, with what each adds to the logit. Those
    of the intent compare it with "runner_up", the next probable one; those of each reason are the words that speak for
    it. Features are words with their letters, neighbours ("not working", "no … help"), negated words ("not: work"),
    how the text starts and ends, and facts in brackets. Digits read 0, links URL, handles beside other words @.

    Example: echo '{"id": "1", "text": "@shop where is my parcel?"}' | unheard label --explain
    """
    from models.judge import Judge

    stdin, stdout = _pipes()
    judge = Judge.load(model)
    explainer = _explainer(model) if explain else None
    broken = 0
    for first, lines in batches(read_chunks(stdin)):
        verdicts, complaints = label_lines(judge, first, lines, explainer)
        try:
            stdout.write(verdicts)
            stdout.flush()
        except BrokenPipeError:
            _leave_unwritten(stdout)
            raise typer.Exit(1) from None
        broken += len(complaints)
        for complaint in complaints:
            typer.echo(complaint, err=True)
    if broken:
        typer.echo(f"{broken} broken line{'s' if broken > 1 else ''} left out", err=True)
        raise typer.Exit(1)


def _pipes() -> tuple[BinaryIO, BinaryIO]:
    """(stdin, stdout); Python has neither where the caller closed it."""
    if sys.stdin is None:
        raise UsageError("stdin is closed; give it JSON lines")
    if sys.stdout is None:
        raise UsageError("stdout is closed; verdicts have nowhere to go")
    return sys.stdin.buffer, sys.stdout.buffer


def _leave_unwritten(stdout: BinaryIO) -> None:
    """The reader went away, as ``head`` does. Python would flush once more at its end, and complain."""
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, stdout.fileno())
    os.close(nowhere)


def _explainer(model: str) -> Explainer:
    from models import artefact
    from models.explain import explain

    loaded = artefact.load(Path(model) if model else None)
    return lambda text, judged, row: explain(loaded, text, judged, row)


def read_chunks(stream: BinaryIO) -> Iterator[bytes]:
    """What is there, as it comes: a slow writer gets each answer at once."""
    try:
        while chunk := os.read(stream.fileno(), _READ_BYTES):
            yield chunk
    except OSError as error:
        raise UnheardError(f"cannot read stdin: {error.strerror}") from None


def batches(chunks: Iterator[bytes]) -> Iterator[tuple[int, list[bytes]]]:
    """(number of the first line, whole lines), at most ``BATCH_LINES`` at a time.

    A line above ``LONGEST_LINE_BYTES`` is kept no longer than that, so that it is broken, and so is the memory bounded.
    """
    number, rest = 1, b""
    for chunk in chunks:
        *lines, rest = (rest + chunk).split(b"\n")
        for start in range(0, len(lines), BATCH_LINES):
            part = lines[start : start + BATCH_LINES]
            yield number, part
            number += len(part)
        rest = rest[: LONGEST_LINE_BYTES + 1]
    if rest:
        yield number, [rest]


def label_lines(
    judge: Any, first: int, lines: Sequence[bytes], explainer: Explainer | None = None
) -> tuple[bytes, list[str]]:
    """(verdicts as JSON lines, one complaint for each broken line). Blank lines are nothing."""
    import numpy as np
    import orjson

    ids, texts, complaints = [], [], []
    for number, line in enumerate(lines, start=first):
        if not line.strip():
            continue
        bare = line.removeprefix(BOM_UTF8) if number == 1 else line
        problem, name, text = _parse(bare)
        if problem:
            complaints.append(f"line {number}: {problem}")
        else:
            ids.append(name)
            texts.append(text)
    judged = judge.judge(texts, np.zeros(len(texts), np.bool_))
    verdicts = [verdict(judged, row, name) for row, name in enumerate(ids)]
    if explainer:
        for row, text in enumerate(texts):
            verdicts[row]["explain"] = explainer(text, judged, row)
    return b"".join(orjson.dumps(one) + b"\n" for one in verdicts), complaints


def _parse(line: bytes) -> tuple[str, Any, str]:
    """(what is wrong or "", id, text)."""
    import orjson

    if len(line) > LONGEST_LINE_BYTES:
        return f"longer than {LONGEST_LINE_BYTES} bytes", None, ""
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return f"no JSON: {error}", None, ""
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        return 'no object with a string "text"', None, ""
    name = row.get("id")
    if name is None or isinstance(name, str | int):
        return "", name, row["text"]
    return *_raw_id(line), row["text"]


def _raw_id(line: bytes) -> tuple[str, Any]:
    """(what is wrong or "", the id as it was written): orjson would make a float of a number above 2**64."""
    import msgspec
    import orjson

    try:
        return "", orjson.Fragment(bytes(msgspec.json.decode(line, type=dict[str, msgspec.Raw])["id"]))
    except (msgspec.DecodeError, RecursionError):
        return "nested too deeply", None


def verdict(judged: Any, row: int, name: Any) -> dict[str, Any]:
    """The answer for one text; probabilities to four decimals, none where nothing was judged."""
    from models.records import INTENTS, PII_KINDS, REASONS

    intent = INTENTS[judged.intent[row]]
    scores = zip(INTENTS, judged.scores[row].tolist(), strict=False)
    return {
        "id": name,
        "intent": intent,
        "scores": {} if intent == "unjudged" else {key: round(value, 4) for key, value in scores},
        "escalate": bool(judged.escalate[row]),
        "escalation_score": round(float(judged.escalation[row]), 4),
        "reasons": _named(REASONS, int(judged.reasons[row])),
        "pii": _named(PII_KINDS, int(judged.pii[row])),
        "lang": judged.lang[row],
    }


def _named(names: Sequence[str], bits: int) -> list[str]:
    return [name for index, name in enumerate(names) if bits >> index & 1]
