"""``unheard classify``: the worker that judges raw mentions."""

from typing import Annotated

import typer

from config.load import load_settings
from streams.cli.options import ConfigFile


def classify(
    config: ConfigFile = None,
    replica: Annotated[
        str,
        typer.Option(
            envvar="UNHEARD_REPLICA",
            help="Lasting name of this worker, unique in its group: a restart then ends at once what the one before "
            "left open. Without it each start has a name of its own.",
        ),
    ] = "",
) -> None:
    """Judge raw mentions until SIGTERM or Ctrl-C: consume, classify, write outputs in transactions. A second signal
    ends it at once. Start several to share the partitions.

    Example: UNHEARD_BOOTSTRAP_SERVERS=127.0.0.1:9092 unheard classify --replica classify-0
    """
    from streams.runtime.classify import run_classify

    run_classify(load_settings(config), replica)
