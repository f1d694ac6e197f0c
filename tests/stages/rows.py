"""Rows for the tests of the columnar steps, written as little tuples."""

from collections.abc import Sequence
from hashlib import blake2b

import numpy as np

from models.records import Flag, Role
from streams.stages.waiting import ROW_DTYPE, Rows
from tests.oracle.customers import number_of

BOTH = int(Flag.PRIMARY_BRAND | Flag.PRIMARY_MENTION | Flag.ADDRESSED)
CUSTOMER, BRAND, BOT, NONE = (int(role) for role in (Role.CUSTOMER, Role.BRAND, Role.BOT, Role.NONE))


def rows(
    *told: tuple[int, str], customer: str = "ann", pair: Sequence[int] | int = 0, **columns: Sequence[int] | int
) -> Rows:
    """One row for each (time, id); other columns by name, one value or one for each."""
    table = np.zeros(len(told), ROW_DTYPE)
    table["time_ms"] = [time_ms for time_ms, _ in told]
    table["seq"] = np.arange(1, len(told) + 1)
    table["flags"], table["customer"], table["pair"] = BOTH, number_of(customer), pair
    ids = [id_.encode() for _, id_ in told]
    table["id_to"] = np.cumsum([len(id_) for id_ in ids])
    table["id_from"] = table["id_to"] - np.array([len(id_) for id_ in ids], np.uint32)
    copies = zip(table["pair"].tolist(), told, strict=True)
    digests = [blake2b(f"{code}\0{customer}\0{id_}".encode()).digest() for code, (_, id_) in copies]
    table["copy_high"] = [int.from_bytes(digest[:8], "big") for digest in digests]
    table["copy_low"] = [int.from_bytes(digest[8:12], "big") for digest in digests]
    for name, values in columns.items():
        table[name] = values
    return Rows(table, np.frombuffer(b"".join(ids), np.uint8))


def times_and_ids(taken: Rows) -> list[tuple[int, str]]:
    return list(zip(taken.table["time_ms"].tolist(), taken.all_ids(), strict=True))
