"""Goal: no personal data leave the pure steps of classify, wherever in a mention they stand, but in dead letters.
Method: mentions with made-up data through ``process_batch`` with the finders of ``models.pii``; outputs searched."""

from typing import Any

import msgspec
import numpy as np
import orjson
import pytest
from numpy.typing import NDArray

from models.pii import find_pii, mask
from streams.stages.classify import BatchOutput, process_batch
from tests.raw import NOON_MS, as_bytes, batch, context, mention

SECRETS = ("jo.doe@mail.example", "4111 1111 1111 1111", "+1 212 555 0142", "DE89370400440532013000", "12 Elm Street")
TEXT = "issue lawyer: write to {}, please"


class Masking:
    """The judge of words, whose masks are those of ``models.pii``."""

    def __init__(self, judge: Any) -> None:
        self._judge = judge
        self.version = judge.version

    def judge(self, texts: list[str], replies: NDArray[np.bool_]) -> Any:
        judged = self._judge.judge(texts, replies)
        judged.masked.clear()
        judged.masked.update({row: mask(text, spans) for row, text in enumerate(texts) if (spans := find_pii(text))})
        return judged


def process(*values: bytes) -> BatchOutput:
    made = context()
    return process_batch(batch(values), msgspec.structs.replace(made, judge=Masking(made.judge)), {}, NOON_MS)


def written(output: BatchOutput) -> bytes:
    """All that goes out, dead letters apart."""
    blocks = [block for blocks in (*output.care_blocks, *output.capture_blocks) for block in blocks]
    return b"\n".join((*output.classified.values, *output.classified.keys, *output.escalations.values, *blocks))


def with_fields(number: int, text: str, **fields: Any) -> bytes:
    tree = orjson.loads(as_bytes(mention(number, text=text)) or b"")
    return orjson.dumps(tree | fields)


@pytest.mark.parametrize("secret", SECRETS)
def test_personal_data_in_a_text_is_in_no_output(secret: str) -> None:
    output = process(with_fields(1, TEXT.format(secret)))
    assert len(output.classified) == len(output.escalations) == 1
    assert secret.encode() not in written(output)


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("text", ["an issue", TEXT.format("a@b.example")])
def test_personal_data_in_fields_that_are_not_ours_are_masked(secret: str, text: str) -> None:
    extra = {"full_text": TEXT.format(secret), "user": {"bio": [f"reach me: {secret}"], f"{secret}": 1}, "count": 3}
    output = process(with_fields(1, text, **extra))
    assert secret.encode() not in written(output)
    (record,) = output.classified.values
    assert orjson.loads(record)["count"] == 3


def test_fields_that_are_not_ours_pass_as_they_came_where_nothing_is_masked() -> None:
    value = with_fields(1, "an issue")[:-1] + b', "name" : "Jo",  "deep": [1, {"a": null}]}'
    (record,) = process(value).classified.values
    assert record.startswith(value[:-1] + b',"verdict":')


def test_a_dead_letter_keeps_the_bytes_as_they_came() -> None:
    value = b'{"id": 5, "text": "write to jo.doe@mail.example"'
    output = process(value)
    assert [letter.value for letter in output.dlq] == [value]
    assert b"jo.doe" not in written(output)
