"""``unheard label``: the judge on its own, as a filter of JSON lines."""

import os
import sys
from codecs import BOM_UTF8
from collections.abc import Iterator, Sequence
from typing import Annotated, Any, BinaryIO, Final

import typer

LONGEST_LINE_BYTES: Final = 16_777_216
BATCH_LINES: Final = 5_000
_READ_BYTES: Final = 1 << 20


def label(
    model: Annotated[str, typer.Option("--model", metavar="DIR", help="Folder of another model.")] = "",
) -> None:
    """Judge texts: JSON lines {"id", "text"} on stdin, verdicts as JSON lines on stdout, in the same order.

    A line that is no such object goes to stderr with its number; the rest goes on, and the exit code is 1.

    Example: echo '{"id": "1", "text": "@shop where is my parcel?"}' | unheard label
    """
    from models.judge import Judge

    judge = Judge.load(model)
    broken = 0
    for first, lines in batches(read_chunks(sys.stdin.buffer)):
        verdicts, complaints = label_lines(judge, first, lines)
        sys.stdout.buffer.write(verdicts)
        sys.stdout.buffer.flush()
        broken += len(complaints)
        for complaint in complaints:
            typer.echo(complaint, err=True)
    if broken:
        typer.echo(f"{broken} broken line{'s' if broken > 1 else ''} left out", err=True)
        raise typer.Exit(1)


def read_chunks(stream: BinaryIO) -> Iterator[bytes]:
    """What is there, as it comes: a slow writer gets each answer at once."""
    while chunk := os.read(stream.fileno(), _READ_BYTES):
        yield chunk


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


def label_lines(judge: Any, first: int, lines: Sequence[bytes]) -> tuple[bytes, list[str]]:
    """(verdicts as JSON lines, one complaint for each broken line). Blank lines are nothing."""
    import numpy as np
    import orjson

    ids, texts, complaints = [], [], []
    for number, line in enumerate(lines, start=first):
        if not line.strip():
            continue
        problem, row = _parse(line.removeprefix(BOM_UTF8) if number == 1 else line)
        if problem:
            complaints.append(f"line {number}: {problem}")
        else:
            ids.append(row.get("id"))
            texts.append(row["text"])
    judged = judge.judge(texts, np.zeros(len(texts), np.bool_))
    verdicts = (orjson.dumps(verdict(judged, row, ids[row])) + b"\n" for row in range(len(ids)))
    return b"".join(verdicts), complaints


def _parse(line: bytes) -> tuple[str, dict[str, Any]]:
    """(what is wrong or "", the object)."""
    import orjson

    if len(line) > LONGEST_LINE_BYTES:
        return f"longer than {LONGEST_LINE_BYTES} bytes", {}
    try:
        row = orjson.loads(line)
    except orjson.JSONDecodeError as error:
        return f"no JSON: {error}", {}
    if not isinstance(row, dict) or not isinstance(row.get("text"), str):
        return 'no object with a string "text"', {}
    return "", row


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
