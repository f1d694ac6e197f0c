"""``unheard export``: the output topics as files."""

from pathlib import Path
from typing import Annotated

import typer

from config.load import load_settings
from streams.cli.options import ConfigFile


def export(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="Directory to write to; made if it is missing.")],
    config: ConfigFile = None,
) -> None:
    """Write the last state of every key as JSON lines: classified, escalations, cases, windows, gaps and dlq, with
    the rules they came about under in meta.json. Two runs over the same input give the same bytes.

    Example: UNHEARD_BOOTSTRAP_SERVERS=localhost:9092 unheard export account
    """
    from streams.runtime.collector import tune_collector
    from streams.runtime.exporter import ExportDirectory, read_exports

    tune_collector()
    directory = ExportDirectory.made(out)
    exports = read_exports(load_settings(config))
    directory.write(exports)
    counts = ", ".join(f"{len(list(rows)):,} {name.removesuffix('.jsonl')}" for name, rows in exports.files().items())
    typer.echo(f"{out}: {counts}")
