"""``unheard broker``: the embedded broker for demos and quick tests."""

from pathlib import Path
from typing import Annotated

import typer

from config.errors import UnheardError
from streams.runtime.broker import DEFAULT_DIR, BrokerState, broker_state, start_broker, stop_broker

Directory = Annotated[Path, typer.Option("--dir", metavar="DIR", help="Where the broker keeps its data and state.")]
AsJson = Annotated[bool, typer.Option("--json", help="Print JSON.")]


def up(
    directory: Directory = DEFAULT_DIR,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="Port on loopback; 0 takes a free one.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Start the embedded broker unless it runs, and print its address.

    Example: export UNHEARD_BOOTSTRAP_SERVERS=$(unheard broker up)
    """
    _print(start_broker(directory, port), as_json=as_json)


def down(directory: Directory = DEFAULT_DIR) -> None:
    """Stop the embedded broker; its data stays.

    Example: unheard broker down --dir .unheard/broker
    """
    if not stop_broker(directory):
        typer.echo(f"no embedded broker runs from {directory}", err=True)


def status(directory: Directory = DEFAULT_DIR, as_json: AsJson = False) -> None:
    """Print the address of the running broker; exit code 1 if none runs.

    Example: unheard broker status --json
    """
    state = broker_state(directory)
    if state is None:
        raise UnheardError(f"no embedded broker runs from {directory}")
    _print(state, as_json=as_json)


def _print(state: BrokerState, *, as_json: bool) -> None:
    import msgspec

    typer.echo(msgspec.json.encode(state).decode() if as_json else state.bootstrap)
