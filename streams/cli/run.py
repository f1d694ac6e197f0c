"""``unheard run``: all workers of one machine under one supervisor."""

from typing import Annotated

import typer

from streams.cli.options import ConfigFile


def run(
    config: ConfigFile = None,
    classify: Annotated[int, typer.Option(min=0, max=64, help="How many classify workers.")] = 1,
    care: Annotated[int, typer.Option(min=0, max=64, help="How many care workers.")] = 1,
    create_topics: Annotated[bool, typer.Option(help="Create missing topics first.")] = True,
) -> None:
    """Run classify and care workers until SIGTERM or Ctrl-C. One that dies is started again, a few times.

    Worker number i serves its metrics on the configured port + 10 * i.

    Example: UNHEARD_BOOTSTRAP_SERVERS=localhost:9092 unheard run --classify 2 --care 2
    """
    from config.load import load_settings
    from streams.runtime.supervisor import supervise, worker_specs
    from streams.runtime.topics_admin import create_topics as create

    settings = load_settings(config)
    if create_topics:
        create(settings)
    supervise(worker_specs(settings, classify=classify, care=care, config=config))
