"""The compiled scorer: texts to logits, one pass over one UTF-8 buffer. ``models.reference`` is its readable twin."""

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from models.compiled import compiled, inner
from models.features import NO_TABLE, Bytes, Ints, extract, scratch
from models.network import HIDDEN, Network, add_rows, fetch_slots, find_rows, key_table, rows_of
from models.packing import pack

HEADS: Final = 13  # 5 intents, escalation, 7 reasons: columns of the weights
IDF: Final = 13  # the column after them
COLUMNS: Final = 16  # a row is a quarter of a cache line
# Idf squared in two digits, in the columns that are left, so that it is summed like a weight.
_SQUARE: Final = 14
_SQUARE_UNIT: Final = 128
Floats = NDArray[np.float32]
Weights = NDArray[np.int8]


@compiled
def _featurise(
    data: Any, offsets: Any, work: Any, hashes: Any, kinds: Any, pairs: Any, seen: Any, found: Any, heads: Any, out: Any
) -> int:
    """Buckets of all rows, one behind the other in ``out``; ``heads[i]`` = (end of words, end of characters).
    With an empty ``out`` it only counts. Returns the total."""
    total = 0
    for row in range(len(offsets) - 1):
        words, both, _ = extract(
            data, offsets[row], offsets[row + 1], NO_TABLE, work, hashes, kinds, pairs, seen, found
        )
        if len(out):
            out[total : total + both] = found[:both]
        heads[row, 0] = total + words
        heads[row, 1] = total + both
        total += both
    return total


def featurise(texts: Sequence[str]) -> tuple[Ints, Ints]:
    """(buckets, ends): row i has words in ``buckets[ends[i-1, 1]:ends[i, 0]]`` and characters up to ``ends[i, 1]``."""
    data, offsets = pack(texts)
    ends = np.zeros((len(texts), 2), np.int64)
    total = _featurise(data, offsets, *scratch(), ends, np.zeros(0, np.int64))
    buckets = np.zeros(total, np.int64)
    _featurise(data, offsets, *scratch(), ends, buckets)
    return buckets, ends


# Unsigned, so that the compiler need not think of negative indexes.
_ONE: Final = np.uint64(1)
_TWO: Final = np.uint64(2)
_THREE: Final = np.uint64(3)
_FOUR: Final = np.uint64(4)
_COLUMNS: Final = np.uint64(COLUMNS)

_LANES: Final = np.uint64(0x00FF00FF00FF00FF)
_EIGHT: Final = np.uint64(8)
_BIAS: Final = 128  # stored bytes are weight + 128, so that they add up without signs
_FLUSH: Final = 256  # rows that 16-bit lanes hold: 256 * 255 < 2**16


@inner
def _spread(packed: Any, first: int, sums: Any) -> None:
    for lane in range(4):
        sums[first + 2 * lane] += np.int64((packed >> np.uint64(16 * lane)) & np.uint64(0xFFFF))


@inner
def _add_rows(packed: Any, found: Any, start: int, end: int, sums: Any) -> Any:
    """Sum the rows ``found[start:end]`` into ``sums``, column by column; returns the sum of squared idf.

    A row is two 64-bit words of eight bytes. Even and odd bytes are added four at a time in 16-bit lanes: measured
    three times as fast as adding sixteen bytes one by one.
    """
    sums[:] = -_BIAS * (end - start)
    at = start
    while at < end:
        stop = min(at + _FLUSH, end)
        a = b = c = d = np.uint64(0)
        while at < stop:
            bucket = np.uint64(found[np.uint64(at)])
            low, high = packed[bucket, 0], packed[bucket, 1]
            a += low & _LANES
            b += (low >> _EIGHT) & _LANES
            c += high & _LANES
            d += (high >> _EIGHT) & _LANES
            at += 1
        _spread(a, 0, sums)
        _spread(b, 1, sums)
        _spread(c, 8, sums)
        _spread(d, 9, sums)
    return sums[_SQUARE] * _SQUARE_UNIT + sums[_SQUARE + 1]


@inner
def _add_network(
    rows: Any, middle: int, end: int, words: int, pairs: int, table: Any, scales: Any, bias: Any, output: Any,
    sums: Any, units: Any, logits: Any,
) -> None:  # fmt: skip
    """Add what the network makes of its rows for words, ``rows[:middle]``, and for pairs, ``rows[middle:end]``, to
    ``logits``; so many ``words`` and ``pairs`` are known. The rest is scratch."""
    by_root = 1.0 / np.sqrt(max(1.0, np.float64(words)))
    add_rows(rows, 0, middle, table, sums)
    for unit in range(HIDDEN):
        units[unit] = sums[unit] * by_root
    by_root = 1.0 / np.sqrt(max(1.0, np.float64(pairs)))
    add_rows(rows, middle, end, table, sums)
    for unit in range(HIDDEN):
        units[unit] = max(0.0, bias[unit] + scales[unit] * (units[unit] + sums[unit] * by_root))
    for unit in range(np.uint64(0), np.uint64(HIDDEN), _FOUR):  # four at a time: half the time of one by one
        a, b, c, d = units[unit], units[unit + _ONE], units[unit + _TWO], units[unit + _THREE]
        for head in range(_COLUMNS):
            logits[head] += (
                a * output[unit, head]
                + b * output[unit + _ONE, head]
                + c * output[unit + _TWO, head]
                + d * output[unit + _THREE, head]
            )


@compiled
def _score(
    data: Any, offsets: Any, skip: Any, packed: Any, scales: Any, bias: Any,
    entries: Any, table: Any, unit_scales: Any, unit_bias: Any, output: Any,
    work: Any, hashes: Any, kinds: Any, pairs: Any, seen: Any, found: Any, rows: Any, out: Any,
) -> None:  # fmt: skip
    """Everything that is looked up is asked for some steps before it is needed: the tables are larger than the near
    caches, and waiting for them took half of the time."""
    words = np.zeros(COLUMNS, np.int64)
    grams = np.zeros(COLUMNS, np.int64)
    sums = np.zeros(HIDDEN, np.int32)
    units = np.zeros(HIDDEN, np.float64)
    logits = np.zeros(COLUMNS, np.float64)
    for row in range(len(offsets) - 1):
        if skip[row]:
            continue
        middle, end, n = extract(data, offsets[row], offsets[row + 1], packed, work, hashes, kinds, pairs, seen, found)
        fetch_slots(hashes, n, entries)
        fetch_slots(pairs, n, entries)
        by_words = 1.0 / np.sqrt(max(1.0, np.float64(_add_rows(packed, found, 0, middle, words))))
        known_words = find_rows(hashes, n, entries, table, rows, 0)
        known_pairs = find_rows(pairs, n, entries, table, rows, n)
        by_grams = 1.0 / np.sqrt(max(1.0, np.float64(_add_rows(packed, found, middle, end, grams))))
        for head in range(HEADS):
            logits[head] = bias[head] + scales[head] * (words[head] * by_words + grams[head] * by_grams)
        _add_network(
            rows, n, 2 * n, known_words, known_pairs, table, unit_scales, unit_bias, output, sums, units, logits
        )
        for head in range(HEADS):
            out[row, head] = logits[head]


class Scorer:
    """Logits of all heads for a batch. Keeps scratch memory, so one per thread."""

    __slots__ = ("_bias", "_network", "_packed", "_rows", "_scales", "_scratch")

    def __init__(
        self, weights: Weights, scales: NDArray[np.float64], bias: NDArray[np.float64], network: Network
    ) -> None:
        squares = weights[:, IDF].astype(np.int64) ** 2
        full = weights.copy()
        full[:, _SQUARE], full[:, _SQUARE + 1] = squares // _SQUARE_UNIT, squares % _SQUARE_UNIT
        self._packed = (full.view(np.uint8) ^ np.uint8(_BIAS)).view(np.uint64)
        self._scales, self._bias = scales, bias
        output = np.zeros((HIDDEN, COLUMNS))
        output[:, :HEADS] = network.output
        self._network = (key_table(network.keys), rows_of(network.table), network.scales, network.bias, output)
        self._scratch = scratch()
        self._rows = np.zeros(2 * len(self._scratch[0]), np.int64)  # of the network: words and pairs of one text

    def logits(self, data: Bytes, offsets: Ints, skip: NDArray[np.bool_]) -> NDArray[np.float64]:
        """float64[n, HEADS]; rows with ``skip`` stay 0. ``data``, ``offsets`` as ``models.packing.pack`` makes them."""
        out = np.zeros((len(skip), HEADS))
        _score(
            data, offsets, skip, self._packed, self._scales, self._bias, *self._network, *self._scratch, self._rows, out
        )
        return out
