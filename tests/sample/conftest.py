"""One small sample firehose for all tests of this folder."""

import pytest

from streams.sample.firehose import Firehose, make_firehose


@pytest.fixture(scope="session")
def firehose() -> Firehose:
    return make_firehose(lines=12_000, seed=7)
