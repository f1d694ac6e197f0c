"""Mentions as JSON without their closing brace, ready for a verdict; written anew only where something in them must be
masked."""

from collections.abc import Mapping, Sequence
from typing import Any, Final

import msgspec
import numpy as np

from models.features import Bytes, Ints
from models.pii import find_pii, mask
from models.records import Mention

_OURS: Final = frozenset(Mention.__struct_encode_fields__)
_CLOSING_BRACE: Final = ord("}")


class Opened(msgspec.Struct, frozen=True):
    """Mention i without its closing brace is ``data[starts[i]:stops[i]]``; of those that are nested too deeply to be
    looked through it is not to be used."""

    data: Bytes
    starts: Ints
    stops: Ints
    too_deep: list[int]


def open_mentions(values: Sequence[bytes], masked: Mapping[int, str], extended: Sequence[int]) -> Opened:
    """The JSON objects ``values``, opened. Written anew are those whose text is ``masked``, and of those that are
    ``extended`` by fields that are not ours the ones where such a field must be masked or is a ``verdict``."""
    written = list(values)
    too_deep = []
    for place in sorted({*masked, *extended}):
        value = _rewrite(values[place], masked.get(place))
        if value is None:
            too_deep.append(place)
        else:
            written[place] = value
    data = np.frombuffer(b"".join(written), np.uint8)
    sizes = np.fromiter(map(len, written), np.int64, len(written))
    ends = np.cumsum(sizes)
    stops = ends - 1
    for place in np.flatnonzero(data[stops] != _CLOSING_BRACE).tolist():  # blanks behind it
        stops[place] -= len(written[place]) - len(written[place].rstrip())
    return Opened(data, ends - sizes, stops, too_deep)


def _rewrite(value: bytes, masked: str | None) -> bytes | None:
    """``value`` itself where nothing needs to be changed; None where it is nested too deeply."""
    try:
        tree = msgspec.json.decode(value)  # takes whatever the typed decoder took, unlike stricter ones
        changed = masked is not None or "verdict" in tree
        tree.pop("verdict", None)
        if masked is not None:
            tree["text"] = masked
        for name in tree.keys() - _OURS:
            plain = _without_personal_data(tree[name])
            changed = changed or plain != tree[name]
            tree[name] = plain
        return msgspec.json.encode(tree) if changed else value
    except RecursionError:
        return None


def _without_personal_data(value: Any) -> Any:
    """``value`` with all strings in it masked: sources bring along profiles and longer forms of the text."""
    if isinstance(value, str):
        spans = find_pii(value)
        return mask(value, spans) if spans else value
    if isinstance(value, list):
        return [_without_personal_data(item) for item in value]
    if isinstance(value, dict):
        return {_without_personal_data(name): _without_personal_data(item) for name, item in value.items()}
    return value
