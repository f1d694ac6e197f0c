"""``unheard topics``: create the topics of the catalogue, or show what is there."""

from typing import Annotated

import typer

from config.load import load_settings
from streams.cli.options import ConfigFile
from streams.runtime.topics_admin import TopicState, create_topics, describe_topics

AsJson = Annotated[bool, typer.Option("--json", help="Print JSON, one topic a line.")]


def create(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Create the topics that are missing. Fails if one exists with another partition count.

    Example: UNHEARD_BOOTSTRAP_SERVERS=127.0.0.1:9092 unheard topics create
    """
    _print(create_topics(load_settings(config)), as_json=as_json)


def describe(config: ConfigFile = None, as_json: AsJson = False) -> None:
    """Show each topic: its partitions as configured and as found, its key and its content.

    Example: unheard topics describe --json
    """
    _print(describe_topics(load_settings(config)), as_json=as_json)


def _print(states: list[TopicState], *, as_json: bool) -> None:
    import msgspec

    if as_json:
        for state in states:
            typer.echo(msgspec.json.encode(state).decode())
        return
    width = max(len(state.name) for state in states)
    for state in states:
        found = f"{state.found:>3} partitions" if state.found else "    not there "
        wanted = "" if state.found in (0, state.partitions) else f" (configured: {state.partitions})"
        typer.echo(f"{state.name:<{width}}  {found}{wanted}  {state.cleanup:<7}  key: {state.key:<28}  {state.content}")
