"""Goal: whatever is wrong with a JSON line has one name."""

import json

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.records import Mention, RejectReason
from streams.formats.lines import MalformedError
from streams.formats.parse import MAX_DEPTH, decode_json, json_depth

decode = msgspec.json.Decoder(Mention).decode
GOOD = b'{"id":"1","author":"a","created_at_ms":1,"text":"x"%b}'


@pytest.mark.parametrize(
    ("raw", "reason"),
    [
        (b"", RejectReason.EMPTY),
        (b"  \t", RejectReason.EMPTY),
        (b"HTTP/1.1 502 Bad Gateway", RejectReason.NOT_JSON),
        (GOOD[:30], RejectReason.NOT_JSON),
        (b"[1,2]", RejectReason.WRONG_SHAPE),
        (b'{"id":1}', RejectReason.WRONG_SHAPE),
        (GOOD % b',"followers":NaN', RejectReason.NOT_JSON),
        (b'{"id":"1","author":"a","created_at_ms":1,"text":"\xff"}', RejectReason.NOT_UTF8),
        (b'{"id":"1","author":"a","created_at_ms":1,"text":"\\ud800"}', RejectReason.BAD_TEXT),
        (b'{"id":"1","author":"a","created_at_ms":1,"text":"\\udc00 x"}', RejectReason.BAD_TEXT),
        (b'{"id":"1","author":"a","created_at_ms":1,"text":"\x00"}', RejectReason.BAD_TEXT),
        (GOOD % (b',"z":' + b"[" * 10_000 + b"]" * 10_000), RejectReason.TOO_DEEP),
        (GOOD % (b',"z":' + b'{"a":' * 300 + b"1" + b"}" * 300), RejectReason.TOO_DEEP),
        (b"[" * 10_000, RejectReason.TOO_DEEP),
    ],
)
def test_what_is_wrong_has_a_name(raw: bytes, reason: RejectReason) -> None:
    with pytest.raises(MalformedError) as error:
        decode_json(decode, raw)
    assert error.value.reason is reason


def test_brackets_in_a_text_are_not_nesting() -> None:
    raw = GOOD.replace(b'"x"', b'"' + b"[{" * 5000 + b'\\"["') % b""
    assert decode_json(decode, raw).text.startswith("[{[{")


JSON = st.recursive(
    st.none() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
)


def depth_of(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth_of, value.values()), default=0)
    return 1 + max(map(depth_of, value), default=0) if isinstance(value, list) else 0


@given(JSON)
def test_the_depth_is_that_of_the_value(value: object) -> None:
    assert json_depth(json.dumps(value).encode()) == depth_of(value)
    assert depth_of(value) < MAX_DEPTH
