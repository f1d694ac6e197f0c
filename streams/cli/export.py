"""``unheard export``: the output topics as files."""

from pathlib import Path
from typing import Annotated

import typer

from config.load import load_settings
from streams.cli.options import ConfigFile, ExportFormat


def export(
    out: Annotated[Path, typer.Argument(metavar="DIR", help="Directory to write to; made if it is missing.")],
    format: ExportFormat = "jsonl",  # noqa: A002 - the option's name
    config: ConfigFile = None,
) -> None:
    """Write the last state of every key: classified and copies, escalations, cases, windows, gaps, lines and dlq, with
    the rules they came about under in meta.json. Two runs over the same input give the same rows; JSON lines compare
    byte for byte. DIR holds one export: files of an earlier one are replaced, those in the other format removed.

    Example: UNHEARD_BOOTSTRAP_SERVERS=localhost:9092 unheard export account
    """
    from streams.runtime.collector import tune_collector
    from streams.runtime.exporter import ExportDirectory, read_exports

    tune_collector()
    directory = ExportDirectory.made(out)
    with read_exports(load_settings(config)) as exports:
        counts = directory.write(exports, format)
    typer.echo(f"{out}: " + ", ".join(f"{count:,} {name}" for name, count in counts.items()))
