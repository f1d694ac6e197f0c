"""The command line ``unheard``: what commands there are, and how each of them ends.

A command's module is imported when the command is asked for, so that ``unheard --help`` needs none of them.
Exit codes: 0 done, 1 the work could not be done, 2 the request was wrong, 130 interrupted.
"""

import errno
import sys
from collections.abc import Callable, Sequence
from importlib import import_module, metadata
from typing import Annotated, Any, Final, NamedTuple

import typer
from typer.core import TyperGroup
from typer.exceptions import Abort, TyperException
from typer.main import get_command

from config.errors import UnheardError, UsageError

INTERRUPTED: Final = 130


class Entry(NamedTuple):
    """One command, its line in the listing, and the functions in ``streams.cli.<name>`` that do it: ``name`` itself,
    or one for each of ``actions``."""

    name: str
    help: str
    actions: tuple[str, ...] = ()


COMMANDS: Final = (
    Entry("demo", "Run it all on a file or the sample, print the account."),
    Entry("replay", "Send a file of mentions, as fast as it happened or faster."),
    Entry("run", "Run classify and care workers under one supervisor."),
    Entry("classify", "Judge raw mentions: intent, escalation, role (worker)."),
    Entry("care", "Keep the account of cases, windows and gaps (worker)."),
    Entry("report", "Print the account from the output topics."),
    Entry("export", "Write the last state of every output as files."),
    Entry("audit", "Compute the account of an export again and compare."),
    Entry("label", "Judge texts: JSON lines in, JSON lines out."),
    Entry("tail", "Print the records of a topic."),
    Entry("sample", "Write the sample firehose and its ground truth."),
    Entry("plan", "Compute workers, partitions, disk and memory for a rate."),
    Entry("topics", "Create or describe the topics.", ("create", "describe")),
    Entry("broker", "Start, stop or look at the embedded broker.", ("up", "down", "status")),
    Entry("config", "Show or check the settings.", ("show", "check")),
)


def load_command(entry: Entry) -> Any:
    """Import the command and make typer's object of it."""
    module = import_module(f"{__name__}.{entry.name}")
    app = _bare_app(help=entry.help)
    for name in entry.actions or (entry.name,):
        app.command(name)(getattr(module, name))
    if entry.actions:
        app.callback()(_nothing)
    command = get_command(app)
    command.name = entry.name
    return command


class _LazyGroup(TyperGroup):
    """Lists commands by ``COMMANDS`` alone; the one that is called is imported then."""

    def list_commands(self, ctx: Any) -> list[str]:  # noqa: ARG002  # typer's signature
        return [entry.name for entry in COMMANDS]

    def get_command(self, ctx: Any, cmd_name: str) -> Any:  # noqa: ARG002  # typer's signature
        entry = _entry(cmd_name)
        return entry and _stand_in(entry)

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:
        name, command, rest = super().resolve_command(ctx, args)
        entry = _entry(name or "")
        return name, (load_command(entry) if entry else command), rest


def _entry(name: str) -> Entry | None:
    return next((entry for entry in COMMANDS if entry.name == name), None)


def _stand_in(entry: Entry) -> Any:
    """What the listing shows of a command that is not imported."""
    app = _bare_app()
    app.command(entry.name, help=entry.help)(_nothing)
    return get_command(app)


def _nothing() -> None:
    """Placeholder of commands that are only listed, and of groups, which do nothing themselves."""


def _bare_app(**options: Any) -> typer.Typer:
    return typer.Typer(add_completion=False, pretty_exceptions_enable=False, rich_markup_mode=None, **options)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"unheard {metadata.version('unheard')}")
        raise typer.Exit


def _root(
    version: Annotated[
        bool, typer.Option("--version", callback=_show_version, is_eager=True, help="Print the version and exit.")
    ] = False,
    log_level: Annotated[
        str, typer.Option(envvar="UNHEARD_LOG_LEVEL", help="debug, info, warning or error; logs go to stderr.")
    ] = "info",
) -> None:
    """Unheard keeps an honest account of the mentions of a brand that nobody heard.

    Example: unheard demo --out account
    """
    from streams.runtime.logging import configure_logging

    del version
    configure_logging(log_level)


def root_command() -> Any:
    """The whole command tree."""
    app = _bare_app(cls=_LazyGroup)
    app.callback()(_root)
    return get_command(app)


# ---------------------------------------------------------------- how a command ends


def main() -> None:
    """Entry point of the console script."""
    sys.exit(run_command(sys.argv[1:]))


def run_command(args: Sequence[str]) -> int:
    """Run one command line and return its exit code; errors that a user can meet are lines on stderr."""
    return guard(lambda: root_command().main(args or ["--help"], prog_name="unheard", standalone_mode=False))


def guard(work: Callable[[], object]) -> int:
    """Run ``work`` and turn its end into an exit code. A bug keeps its traceback."""
    try:
        result = work()
    except UsageError as error:
        return _complain(str(error), 2)
    except UnheardError as error:
        return _complain(str(error), 1)
    except TyperException as error:
        return _complain(_usage(error), error.exit_code)
    except OSError as error:
        if error.errno not in (errno.ENOSPC, errno.EDQUOT):
            raise
        return _complain(f"cannot write: {error.strerror}", 1)
    except (KeyboardInterrupt, Abort):
        return INTERRUPTED
    return result if isinstance(result, int) else 0


def _usage(error: TyperException) -> str:
    context = getattr(error, "ctx", None)
    hint = f" (see {context.command_path} --help)" if context else ""
    return error.format_message() + hint


def _complain(message: str, code: int) -> int:
    for line in message.splitlines():
        print(f"unheard: {line}", file=sys.stderr)  # noqa: T201  # the one place that speaks to the user of errors
    return code
