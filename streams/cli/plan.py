"""``unheard plan``: what a rate of mentions needs, from measured costs."""

import re
from pathlib import Path
from typing import Annotated, Final

import msgspec
import typer

from config.errors import UnheardError, UsageError
from config.load import load_settings
from config.settings import Settings
from streams.cli.options import ConfigFile
from streams.stages.sizing import BUSY, Costs, Demand, Sizing, size

COSTS_FILE: Final = Path(__file__).parents[2] / "config" / "costs.json"
_UNITS: Final = {"m": 60, "h": 3_600, "d": 86_400, "w": 604_800}
RATES: Final[tuple[tuple[str, float], ...]] = (
    ("a large brand", 100.0),
    ("10 times that", 1_000.0),
    ("Twitter's average in 2013", 5_700.0),
    ("100 times that", 10_000.0),
    ("Twitter's record second", 143_199.0),
    ("10 times the record", 1_431_990.0),
)
_BYTE_UNITS: Final = ("B", "kB", "MB", "GB", "TB", "PB")


def plan(
    rate: Annotated[
        float | None, typer.Option(metavar="N", help="Mentions a second; without it a table of usual ones.")
    ] = None,
    retention: Annotated[str, typer.Option(metavar="TIME", help="How long topics are kept: 90m, 36h, 7d, 2w.")] = "7d",
    replication: Annotated[
        int | None, typer.Option(metavar="N", help="Copies of each partition; without it as configured.")
    ] = None,
    busy: Annotated[float, typer.Option(metavar="SHARE", help="Of a core, that a worker may use.")] = BUSY,
    costs: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Costs measured on your machine, in place of the shipped ones.")
    ] = None,
    config: ConfigFile = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object for each rate.")] = False,
) -> None:
    """Compute workers, partitions, disk and memory for a rate, from the measured costs that ship.

    Costs are of the machine that they name; `scripts/bench` measures them on yours.

    Example: unheard plan --rate 143199 --retention 7d --replication 3
    """
    known, settings = read_costs(costs or COSTS_FILE), load_settings(config)
    kept_seconds, copies = parse_span(retention), replication or settings.kafka.replication
    _check(rate, replication, busy)
    named = RATES if rate is None else (("", rate),)
    sizings = [size(known, _demand(settings, each, kept_seconds, copies, busy)) for _, each in named]
    if as_json:
        for sizing in sizings:
            typer.echo(msgspec.json.encode(sizing).decode())
        return
    lines = render_one(sizings[0]) if rate is not None else render_table([name for name, _ in named], sizings)
    for line in (*lines, "", _conditions(retention, copies, busy, known)):
        typer.echo(line)


def usual_table(costs: Costs, settings: Settings, retention: str) -> list[str]:
    """What the command prints without options."""
    kept_seconds, copies = parse_span(retention), settings.kafka.replication
    sizings = [size(costs, _demand(settings, rate, kept_seconds, copies, BUSY)) for _, rate in RATES]
    return [*render_table([name for name, _ in RATES], sizings), "", _conditions(retention, copies, BUSY, costs)]


def _conditions(retention: str, copies: int, busy: float, costs: Costs) -> str:
    kept = f"kept for {retention} in {copies} cop{'y' if copies == 1 else 'ies'}"
    return f"{kept}; workers up to {busy:.0%} busy; costs: {costs.measured_on}"


def read_costs(path: Path) -> Costs:
    """Raises UnheardError for a file that is missing or holds no costs."""
    try:
        return msgspec.json.decode(path.read_bytes(), type=Costs)
    except OSError as error:
        raise UnheardError(f"cannot read {path}: {error.strerror or error}") from None
    except msgspec.DecodeError as error:
        raise UnheardError(f"{path} holds no costs: {error}") from None


def parse_span(text: str) -> float:
    """Seconds. Raises UsageError for what is no time."""
    found = re.fullmatch(r"([0-9]{1,6})([mhdw])", text)
    if found is None:
        raise UsageError(f"--retention {text!r} is no time like 90m, 36h, 7d or 2w")
    return float(int(found[1]) * _UNITS[found[2]])


def _check(rate: float | None, replication: int | None, busy: float) -> None:
    if rate is not None and not 0 < rate < 1e12:
        raise UsageError("--rate must be above 0")
    if replication is not None and replication < 1:
        raise UsageError("--replication must be at least 1")
    if not 0 < busy <= 1:
        raise UsageError("--busy must be above 0 and at most 1")


def _demand(settings: Settings, rate: float, retention_seconds: float, replication: int, busy: float) -> Demand:
    rules = settings.rules
    return Demand(
        rate=rate,
        retention_seconds=retention_seconds,
        replication=replication,
        lateness_seconds=rules.lateness_ms / 1000,
        horizon_seconds=rules.response_horizon_ms / 1000,
        dedupe_seconds=rules.dedupe_ms / 1000,
        busy=busy,
    )


# ---------------------------------------------------------------- for people


def render_one(sizing: Sizing) -> list[str]:
    """One rate in full."""
    cores, workers, partitions = sizing.cores, sizing.workers, sizing.partitions
    lines = [
        f"{sizing.rate:,.0f} mentions a second; one core carries {sizing.mentions_per_core_second:,.0f}"
        " (classify and care)",
        "",
        f"cores at that rate   classify {_few(cores['classify'])}, care {_few(cores['care'])},"
        f" brokers {_few(cores['broker'])}",
        f"workers              classify {workers['classify']:,}, care {workers['care']:,}",
        "partitions           " + ", ".join(f"{share} {count:,}" for share, count in partitions.items()),
        "memory of workers    " + ", ".join(f"{kind} {_bytes(held)}" for kind, held in sizing.memory_bytes.items()),
        f"disk                 {_bytes(sizing.disk_total_bytes)}",
    ]
    width = max(map(len, sizing.disk_bytes), default=0)
    ordered = sorted(sizing.disk_bytes.items(), key=lambda entry: -entry[1])
    lines += [f"  {topic:<{width}}  {_bytes(kept):>9}" for topic, kept in ordered]
    return lines + [f"note: {note}" for note in sizing.notes]


_HEAD: Final = ("", "mentions/s", "cores", "classify", "care", "raw part.", "care part.", "memory", "disk")


def render_table(names: list[str], sizings: list[Sizing]) -> list[str]:
    """One line for each rate."""
    rows = [_HEAD, *(_row(name, sizing) for name, sizing in zip(names, sizings, strict=True))]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = [
        "  ".join(cell.rjust(width) if column else cell.ljust(width) for column, (cell, width) in enumerate(pairs))
        for pairs in (list(zip(row, widths, strict=True)) for row in rows)
    ]
    notes = dict.fromkeys(note for sizing in sizings for note in sizing.notes)
    return [*lines, *(f"note: {note}" for note in notes)]


def _row(name: str, sizing: Sizing) -> tuple[str, ...]:
    return (
        name,
        f"{sizing.rate:,.0f}",
        _few(sum(sizing.cores.values())),
        f"{sizing.workers['classify']:,}",
        f"{sizing.workers['care']:,}",
        f"{sizing.partitions['raw']:,}",
        f"{sizing.partitions['care']:,}",
        _bytes(sum(sizing.memory_bytes.values())),
        _bytes(sizing.disk_total_bytes),
    )


def _few(cores: float) -> str:
    return f"{cores:,.2f}" if cores < 10 else f"{cores:,.0f}"


def _bytes(count: float) -> str:
    unit = 0
    while count >= 1000 and unit < len(_BYTE_UNITS) - 1:
        count, unit = count / 1000, unit + 1
    return f"{count:.0f} {_BYTE_UNITS[unit]}" if count >= 100 or not unit else f"{count:.1f} {_BYTE_UNITS[unit]}"
