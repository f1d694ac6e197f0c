"""Why a raw value is neither mention nor control. Off the fast path: only broken records come here."""

import json
import re
from typing import Final

import msgspec

from models.records import ControlKind, RejectReason

_SURROGATE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_CONTROLS: Final = frozenset(kind.value for kind in ControlKind)


def explain(value: bytes, size_limit: int) -> RejectReason:
    """The reason for a value that no decoder of ours takes; ``size_limit`` in bytes."""
    if not value.strip():
        return RejectReason.EMPTY
    if len(value) > size_limit:
        return RejectReason.TOO_LARGE
    try:
        text = value.decode()
    except UnicodeDecodeError:
        return RejectReason.NOT_UTF8
    try:
        tree = json.loads(text)  # lenient: takes lone surrogates, so that they can be told from broken JSON
    except RecursionError:
        return RejectReason.TOO_DEEP
    except ValueError:
        return RejectReason.BAD_TEXT if "\0" in text else RejectReason.NOT_JSON
    return _explain_tree(value, text, tree)


def _explain_tree(value: bytes, text: str, tree: object) -> RejectReason:
    try:
        msgspec.json.decode(value)
    except RecursionError:
        return RejectReason.TOO_DEEP
    except (msgspec.DecodeError, UnicodeDecodeError):
        return RejectReason.BAD_TEXT if _SURROGATE.search(text) else RejectReason.NOT_JSON
    kind = tree.get("control") if isinstance(tree, dict) else None
    if isinstance(kind, str) and kind not in _CONTROLS:
        return RejectReason.UNKNOWN_CONTROL
    return RejectReason.WRONG_SHAPE
