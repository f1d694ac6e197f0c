"""``unheard report``: the account as it stands in the output topics."""

from typing import Annotated

import msgspec
import typer

from config.load import load_settings
from streams.cli.options import ConfigFile


def report(
    config: ConfigFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print the account as one JSON object.")] = False,
) -> int:
    """Print the account from the output topics: captured, missed, abandoned, each with what it is a share of.

    Windows that can still change are counted and called provisional. Exit code 1 if the account does not balance.

    Example: UNHEARD_BOOTSTRAP_SERVERS=localhost:9092 unheard report
    """
    from streams.runtime.collector import tune_collector
    from streams.runtime.exporter import read_account
    from streams.stages.report_text import render_text

    tune_collector()
    account = read_account(load_settings(config))
    if as_json:
        typer.echo(msgspec.json.encode(account).decode())
    else:
        typer.echo("\n".join(render_text(account)))
    return 0 if account.balanced else 1
