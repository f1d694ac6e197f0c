"""A small text grammar: tables of phrases with ``<slots>``, expanded by a stream of random numbers.

Only ``random.Random.random`` is ever used, because its sequence for a seed is the same on every machine and Python,
which is not promised for ``choice`` or ``gauss``.
"""

import re
from collections.abc import Callable, Mapping, Sequence
from typing import TypeAlias, TypeVar

Draw: TypeAlias = Callable[[], float]  # uniform in [0, 1)
Maker: TypeAlias = Callable[[Draw], str]
Phrase: TypeAlias = "str | tuple[str | Maker | list[Phrase], ...]"
Grammar: TypeAlias = Mapping[str, list[Phrase]]
Item = TypeVar("Item")

_SLOT = re.compile(r"<(\w+)>")


def pick(items: Sequence[Item], draw: Draw) -> Item:
    return items[int(draw() * len(items))]


def between(low: int, high: int, draw: Draw) -> int:
    """A whole number in [low, high]."""
    return low + int(draw() * (high - low + 1))


def spread(quantiles: Sequence[int], draw: Draw) -> int:
    """A draw from the distribution that has these equally spaced quantiles, linear in between. Plain arithmetic, so
    that no libm can make two machines differ."""
    place = draw() * (len(quantiles) - 1)
    index = int(place)
    low = quantiles[index]
    return low + int((quantiles[index + 1] - low) * (place - index))


def compile_grammar(tables: Mapping[str, str], makers: Mapping[str, Maker]) -> Grammar:
    """Compile tables (one phrase a line). A slot names a table or a maker; a table wins. Raises KeyError for a slot
    that nothing fills."""
    grammar: dict[str, list[Phrase]] = {name: [] for name in tables}
    for name, text in tables.items():
        grammar[name].extend(_compile(line, grammar, makers) for line in text.split("\n") if line)
    return grammar


def _compile(line: str, grammar: Mapping[str, list[Phrase]], makers: Mapping[str, Maker]) -> Phrase:
    pieces = _SLOT.split(line)  # literal, slot, literal, slot, ..., literal
    if len(pieces) == 1:
        return line
    parts: list[str | Maker | list[Phrase]] = []
    for index, piece in enumerate(pieces):
        if index % 2:
            parts.append(grammar[piece] if piece in grammar else makers[piece])
        elif piece:
            parts.append(piece)
    return tuple(parts)


def expand(options: list[Phrase], draw: Draw) -> str:
    """One phrase of ``options`` with every slot filled."""
    phrase = options[int(draw() * len(options))]
    if isinstance(phrase, str):
        return phrase
    out: list[str] = []
    for part in phrase:
        if isinstance(part, str):
            out.append(part)
        elif isinstance(part, list):
            out.append(expand(part, draw))
        else:
            out.append(part(draw))
    return "".join(out)
