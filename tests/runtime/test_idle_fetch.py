"""Who is answered at once and gets nothing rests before asking again; nobody else does."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.protocol.fetch import FetchRequest

from streams.runtime.idle_fetch import REST_SECONDS, resting

NOTHING = SimpleNamespace(topics=[("events", [(0, 0, 7, b""), (1, 0, 9, b"")])])
SOMETHING = SimpleNamespace(topics=[("events", [(0, 0, 7, b""), (1, 0, 9, b"records")])])
FETCH = FetchRequest.__new__(FetchRequest)  # what it asks for does not matter
HEARTBEAT = object()


@pytest.mark.parametrize(
    ("request_", "response", "took_seconds", "rests"),
    [
        (FETCH, NOTHING, 0.001, [REST_SECONDS]),
        (FETCH, SOMETHING, 0.001, []),
        (FETCH, NOTHING, 0.5, []),
        (HEARTBEAT, NOTHING, 0.001, []),
    ],
    ids=["answered at once with nothing", "with something", "after a wait", "no fetch"],
)
def test_who_rests(request_: Any, response: Any, took_seconds: float, rests: list[float]) -> None:
    rested: list[float] = []

    async def send(_node: int, _request: Any) -> Any:
        return response

    async def rest(seconds: float) -> None:
        rested.append(seconds)

    clock: Iterator[float] = iter((10.0, 10.0 + took_seconds))
    assert asyncio.run(resting(send, rest, lambda: next(clock))(0, request_)) is response
    assert rested == rests
