"""Options that several commands share."""

from pathlib import Path
from typing import Annotated, Literal

import typer

ConfigFile = Annotated[Path | None, typer.Option("--config", metavar="FILE", help="TOML file of your own settings.")]
ExportFormat = Annotated[
    Literal["jsonl", "parquet"], typer.Option("--format", help="Of the exports; meta.json is JSON in both.")
]
