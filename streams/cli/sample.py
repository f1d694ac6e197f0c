"""``unheard sample``: the sample firehose as files."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated, Final

import msgspec
import orjson
import typer

from config.errors import UnheardError
from streams.sample.brands import brands_toml
from streams.sample.firehose import DEFAULT_LINES, DEFAULT_SEED, make_firehose
from streams.sample.truth import Truth

FIREHOSE: Final = "firehose.jsonl"
TRUTH: Final = "truth.json"
BRANDS: Final = "brands.toml"


def write_sample(directory: Path, lines: int = DEFAULT_LINES, seed: int = DEFAULT_SEED) -> Truth:
    """Make the sample firehose and write its three files. Raises UnheardError where nothing can be written."""
    firehose = make_firehose(lines, seed)
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _write_lines(directory / FIREHOSE, (line.raw for line in firehose.lines))
        (directory / TRUTH).write_bytes(msgspec.json.encode(firehose.truth))
        (directory / BRANDS).write_text(brands_toml(), encoding="utf-8")
    except OSError as error:
        raise UnheardError(f"cannot write the sample to {directory}: {error.strerror or error}") from None
    return firehose.truth


def _write_lines(path: Path, lines: Iterable[bytes]) -> None:
    with path.open("wb") as file:
        file.writelines(raw + b"\n" for raw in lines)


def read_truth(directory: Path) -> Truth:
    """The ground truth beside a sample firehose. Raises UnheardError if it is missing or not one."""
    try:
        return msgspec.json.decode((directory / TRUTH).read_bytes(), type=Truth)
    except OSError as error:
        raise UnheardError(f"cannot read {directory / TRUTH}: {error.strerror or error}") from None
    except msgspec.DecodeError as error:
        raise UnheardError(f"{directory / TRUTH} is no ground truth: {error}") from None


def sample(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="Directory to write to; made if it is missing.")],
    mentions: Annotated[int, typer.Option(metavar="N", help="About how many source lines.")] = DEFAULT_LINES,
    seed: Annotated[int, typer.Option(metavar="N", help="The same seed gives the same bytes.")] = DEFAULT_SEED,
    as_json: Annotated[bool, typer.Option("--json", help="Print the figures as one JSON object.")] = False,
) -> None:
    """Write the sample firehose (firehose.jsonl), its ground truth (truth.json) and its brands (brands.toml).

    Three days of invented mentions of six invented brands on two feeds, with all that goes wrong on real ones.

    Example: unheard sample firehose --mentions 20000
    """
    truth = write_sample(out, mentions, seed)
    figures = {"lines": truth.lines, "conversations": len(truth.conversations), "seed": truth.seed}
    if as_json:
        typer.echo(orjson.dumps(figures).decode())
    else:
        typer.echo(f"{truth.lines:,} lines with {len(truth.conversations):,} conversations in {out}")
