"""JSON from strangers: decode it, or say in the project's vocabulary what is wrong with it."""

import json
import re
from collections.abc import Callable
from typing import Final, TypeVar

import msgspec

from models.records import RejectReason
from streams.formats.files import PhysicalLine
from streams.formats.lines import MalformedError

T = TypeVar("T")

MAX_DEPTH: Final = 200  # far above what any source nests, far below what exhausts a recursive reader
_STRING_OR_BRACKET: Final = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[{]|[\]}]', re.DOTALL)


def whole(line: PhysicalLine) -> bytes:
    """The bytes of a line. Raises MalformedError for one that was cut at the limit."""
    if line.cut:
        raise MalformedError(RejectReason.TOO_LARGE)
    return line.raw


def decode_json(decode: Callable[[bytes], T], raw: bytes) -> T:
    """``decode(raw)``. Raises MalformedError with the reason instead of whatever the decoder raises."""
    if raw.count(b"[") + raw.count(b"{") > MAX_DEPTH and json_depth(raw) > MAX_DEPTH:
        raise MalformedError(RejectReason.TOO_DEEP)
    try:
        return decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        raise MalformedError(json_fault(raw)) from None


def json_fault(raw: bytes) -> RejectReason:
    """Why bytes that a typed decoder refused are wrong. The stdlib's reader is the lenient one: it takes lone
    surrogates and bare control characters, so what it reads has a bad text or another shape than asked for."""
    if not raw.strip():
        return RejectReason.EMPTY
    try:
        text = raw.decode()
    except UnicodeDecodeError:
        return RejectReason.NOT_UTF8
    try:
        value = json.loads(text, strict=False, parse_constant=_refuse)
    except RecursionError:
        return RejectReason.TOO_DEEP
    except ValueError:
        return RejectReason.NOT_JSON
    try:
        msgspec.json.decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):
        return RejectReason.BAD_TEXT if isinstance(value, dict) else RejectReason.NOT_JSON
    return RejectReason.WRONG_SHAPE


def _refuse(constant: str) -> object:
    raise ValueError(constant)  # NaN and Infinity are no JSON


def json_depth(raw: bytes) -> int:
    """Deepest nesting of arrays and objects, brackets inside strings not counted."""
    depth = deepest = 0
    for match in _STRING_OR_BRACKET.finditer(raw):
        token = match.group()
        if token in b"[{":
            depth += 1
            deepest = max(deepest, depth)
        elif token in b"]}":
            depth -= 1
    return deepest
