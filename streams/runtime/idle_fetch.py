"""Rest between fetches that bring nothing.

A broker is asked to hold an empty fetch back for up to half a second. The embedded one answers at once, and aiokafka
asks again at once, thousands of times a second: that took a fifth of the machine from the demo. Apache Kafka waits, so
there nobody rests.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from typing import Any, Final

from aiokafka.protocol.fetch import FetchRequest

REST_SECONDS: Final = 0.05
_PROMPT_SECONDS: Final = 0.1  # who answers so soon has not waited, even on a busy machine

Send = Callable[..., Awaitable[Any]]  # as AIOKafkaClient.send: (node, request) -> response


def resting(
    send: Send,
    rest: Callable[[float], Awaitable[None]] = asyncio.sleep,
    clock_seconds: Callable[[], float] = time.monotonic,
) -> Send:
    """``send`` that rests after a fetch that was answered at once and brought nothing."""

    async def send_and_rest(node_id: Any, request: Any, **options: Any) -> Any:
        asked = clock_seconds()
        response = await send(node_id, request, **options)
        if isinstance(request, FetchRequest) and clock_seconds() - asked < _PROMPT_SECONDS and is_empty(response):
            await rest(REST_SECONDS)
        return response

    return send_and_rest


def is_empty(response: Any) -> bool:
    """Whether a fetch brought no record. Those of a partition come last among what a response says of it."""
    return not any(partition[-1] for _, partitions in response.topics for partition in partitions)
