"""Rows for the tests of the columnar steps, written as little tuples."""

from collections.abc import Sequence

import numpy as np

from models.records import Flag, Role
from streams.stages.waiting import ROW_DTYPE, Rows

BOTH = int(Flag.PRIMARY_BRAND | Flag.PRIMARY_MENTION | Flag.ADDRESSED)
CUSTOMER, BRAND, BOT, NONE = (int(role) for role in (Role.CUSTOMER, Role.BRAND, Role.BOT, Role.NONE))


def rows(*told: tuple[int, str], key: str = "x\x1facme\x1fann", **columns: Sequence[int] | int) -> Rows:
    """One row for each (time, id); other columns by name, one value or one for each."""
    table = np.zeros(len(told), ROW_DTYPE)
    table["time_ms"] = [time_ms for time_ms, _ in told]
    table["seq"] = np.arange(1, len(told) + 1)
    table["flags"] = BOTH
    for name, values in columns.items():
        table[name] = values
    return Rows(table, [id_ for _, id_ in told], [key])


def times_and_ids(taken: Rows) -> list[tuple[int, str]]:
    return list(zip(taken.table["time_ms"].tolist(), taken.ids, strict=True))
