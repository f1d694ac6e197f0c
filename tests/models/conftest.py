"""One loaded judge for all tests of this folder: compiling it is the slow part."""

import pytest

from models.judge import Judge


@pytest.fixture(scope="session")
def judge() -> Judge:
    return Judge.load()
