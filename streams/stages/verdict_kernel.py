"""Compiled steps that write the classified records of a batch, piece by piece, into one buffer.

``tests/stages/test_verdict_writer.py`` writes the same records in plain Python.
"""

from typing import Any, Final

import numpy as np

from models.compiled import compiled, inner
from streams.stages.copying import copy_bytes

SUBJECT_BYTES: Final = 19  # a comma, quotes and 16 hex digits
_QUOTE: Final = ord('"')
_COMMA: Final = ord(",")
_DIGITS: Final = np.frombuffer(b"0123456789abcdef", np.uint8)


@compiled
def write_values(
    opened: Any,
    starts: Any,
    stops: Any,
    mention: Any,
    subjects: Any,
    subject_ends: Any,
    addressed: Any,
    judged: Any,
    scores: Any,
    pieces: Any,
    piece_ends: Any,
    names: Any,
    codes: Any,
    tails: Any,
    tail_ends: Any,
    tail_codes: Any,
    out: Any,
    ends: Any,
) -> None:
    """Write record i to ``out[ends[i]:ends[i + 1]]``; ``ends[0]`` is 0.

    A record is its mention ``opened[starts[m]:stops[m]]``, then pieces: the head (``codes[i, 0]``), the customers if
    it is ``addressed``, the intent (1), five names and scores if it is ``judged``, the flags (2), the score of the
    escalation (3), and its tail. ``scores[m]`` and ``codes`` are numbers of pieces, ``names`` is that of the first
    score's name.
    """
    at = 0
    for row in range(len(mention)):
        source = mention[row]
        at = _put(out, at, opened, starts[source], stops[source])
        at = _put_piece(out, at, pieces, piece_ends, codes[row, 0])
        if addressed[row]:
            at = _put_subjects(out, at, subjects, subject_ends[row], subject_ends[row + 1])
        at = _put_piece(out, at, pieces, piece_ends, codes[row, 1])
        if judged[row]:
            for intent in range(scores.shape[1]):
                at = _put_piece(out, at, pieces, piece_ends, names + intent)
                at = _put_piece(out, at, pieces, piece_ends, scores[source, intent])
        at = _put_piece(out, at, pieces, piece_ends, codes[row, 2])
        at = _put_piece(out, at, pieces, piece_ends, codes[row, 3])
        at = _put_piece(out, at, tails, tail_ends, tail_codes[row])
        ends[row + 1] = at


@compiled
def write_keys(
    mention: Any,
    source_code: Any,
    sources: Any,
    source_ends: Any,
    ids: Any,
    id_ends: Any,
    brand: Any,
    brands: Any,
    brand_ends: Any,
    out: Any,
    ends: Any,
) -> None:
    """Write key i, source, id and brand, to ``out[ends[i]:ends[i + 1]]``; ``ends[0]`` is 0. The colons between them
    belong to ``sources`` and ``brands``."""
    at = 0
    for row in range(len(mention)):
        place = mention[row]
        at = _put_piece(out, at, sources, source_ends, source_code[place])
        at = _put_piece(out, at, ids, id_ends, place)
        at = _put_piece(out, at, brands, brand_ends, brand[row])
        ends[row + 1] = at


@inner
def _put_piece(out: Any, at: Any, pieces: Any, piece_ends: Any, number: Any) -> Any:
    return _put(out, at, pieces, piece_ends[number], piece_ends[number + 1])


@inner
def _put(out: Any, at: Any, data: Any, start: Any, stop: Any) -> Any:
    """Copy ``data[start:stop]``; return where the next piece goes."""
    copy_bytes(out, at, data, start, stop - start)
    return at + stop - start


@inner
def _put_subjects(out: Any, at: Any, subjects: Any, start: Any, stop: Any) -> Any:
    """Customers as JSON strings of 16 hex digits, with commas between them."""
    for place in range(start, stop):
        if place > start:
            out[at] = _COMMA
            at += 1
        out[at] = _QUOTE
        for digit in range(16):
            shift = np.uint64(60 - 4 * digit)
            out[at + 1 + digit] = _DIGITS[(subjects[place] >> shift) & np.uint64(15)]
        out[at + 17] = _QUOTE
        at += 18
    return at
