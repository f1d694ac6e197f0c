"""``unheard tail``: the records of a topic, through kafka-python, the second client."""

from typing import Annotated

import typer

from config.load import load_settings
from streams.cli.options import ConfigFile


def tail(
    topic: Annotated[str, typer.Argument(help="Name of the topic, with or without its version and prefix.")],
    config: ConfigFile = None,
    follow: Annotated[bool, typer.Option("--follow", "-f", help="Go on with what comes, until Ctrl-C.")] = False,
    limit: Annotated[int, typer.Option("--limit", "-n", min=0, help="At most so many; 0 means all.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="One JSON object a line.")] = False,
) -> None:
    """Print the committed records of a topic from its beginning. Packed records are unpacked.

    Example: unheard tail mentions.escalations -n 10
    """
    from streams.runtime.tail import tail_records

    settings = load_settings(config)
    for line in tail_records(settings, topic, follow=follow, limit=limit, pretty=not as_json):
        typer.echo(line)
