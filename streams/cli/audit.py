"""``unheard audit``: the account of an export, computed again from its mentions and lines."""

from pathlib import Path
from typing import Annotated

import msgspec
import typer


def audit(
    directory: Annotated[Path, typer.Argument(metavar="DIR", help="What `export` or `demo --out` left.")],
    as_json: Annotated[bool, typer.Option("--json", help="Print the result as one JSON object.")] = False,
    limit: Annotated[int, typer.Option(min=0, help="How many differences of each kind to spell out.")] = 20,
) -> int:
    """Compute cases, windows, gaps and feeds again, in SQL, from what the export says of each mention and each line,
    and compare. Exit code 1 if anything differs.

    Nothing of the code that wrote the account is used. While feeds run, what is not final is left out.

    Example: unheard audit account
    """
    from streams.audit.audit import audit as run_audit

    found = run_audit(directory, limit)
    if as_json:
        typer.echo(msgspec.json.encode(found).decode())
        return 0 if found.agrees else 1
    for line in (*found.lines, *found.notes):
        typer.echo(line)
    if found.differences > len(found.lines):
        typer.echo(f"and {found.differences - len(found.lines):,} more differences")
    counts = [
        f"{one.recomputed:,} {name}" + (f" ({one.rows:,} differ)" if one.rows else "")
        for name, one in found.by_kind.items()
    ]
    left_out = sum(one.left_out for one in found.by_kind.values())
    verdict = "all agree" if found.agrees else f"{found.differences:,} differences"
    typer.echo(f"recomputed {', '.join(counts)}: {verdict}" + (f"; {left_out:,} left out" if left_out else ""))
    return 0 if found.agrees else 1
