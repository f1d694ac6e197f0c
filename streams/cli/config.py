"""``unheard config``: which settings hold, and whether they are right."""

from typing import Annotated

import typer

from config.dump import dump_toml, plain_tree
from config.load import config_version, load_settings
from streams.cli.options import ConfigFile


def show(
    config: ConfigFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON instead of TOML.")] = False,
) -> None:
    """Print the settings that hold. They come from the defaults, your file and the environment; secrets are hidden.

    Example: UNHEARD_RULES__SLA_MS=1800000 unheard config show
    """
    import orjson

    settings = load_settings(config)
    if as_json:
        typer.echo(orjson.dumps(plain_tree(settings), option=orjson.OPT_INDENT_2))
    else:
        typer.echo(dump_toml(settings), nl=False)


def check(config: ConfigFile = None) -> None:
    """Tell what is wrong with the settings. Every error is one line; exit code 2 if there is any.

    Example: unheard config check --config brands.toml
    """
    settings = load_settings(config)
    typer.echo(f"OK: {len(settings.brands)} brands, configuration version {config_version(settings)}")
