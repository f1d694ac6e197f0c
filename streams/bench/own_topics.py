"""Topics of one measurement alone."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from config.settings import Settings
from streams.bench.bench import Bench
from streams.bench.cluster import bench_settings, drop_topics, make_topics


@contextmanager
def own_topics(bench: Bench, name: str, **overrides: Any) -> Iterator[Settings]:
    """Settings under a prefix that nothing else has, with their topics for the length of a block; ``overrides`` as in
    ``bench_settings``."""
    settings = bench_settings(bench.cluster, prefix=f"{name}-{secrets.token_hex(3)}.", **overrides)
    make_topics(settings)
    try:
        yield settings
    finally:
        drop_topics(settings)
