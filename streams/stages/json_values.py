"""Values of JSON for compiled readers: blanks, integers, truths, strings and lists of strings.

All take bytes that end in a NUL, which fits nowhere and so ends everything: no position is compared with a length.
A value that is not of the strict kind wanted is answered with ``UNREAD`` in place of the position behind it.
"""

from typing import Any, Final

import numpy as np

from models.compiled import inner

QUOTE: Final = ord('"')
COMMA: Final = ord(",")
UNREAD: Final = -1
LARGEST: Final = 2**63 - 1
_BACKSLASH: Final = ord("\\")
_PLAIN: Final = np.array([0x20 <= byte < 0x80 and chr(byte) not in '"\\' for byte in range(256)])


@inner
def skip_blanks(data: Any, at: int) -> int:
    while data[at] == 0x20 or data[at] == 0x0A or data[at] == 0x0D or data[at] == 0x09:
        at += 1
    return at


@inner
def read_number(data: Any, at: int) -> tuple[int, int]:
    """(position behind, value) of an integer. What follows it is for the caller to judge."""
    negative = data[at] == ord("-")
    if negative:
        at += 1
    first, value = at, 0
    while data[at] >= ord("0") and data[at] <= ord("9"):
        digit = data[at] - 48
        if value > (LARGEST - digit) // 10:
            return UNREAD, 0
        value = value * 10 + digit
        at += 1
    if at == first or (data[first] == ord("0") and at > first + 1):
        return UNREAD, 0
    return at, -value if negative else value


@inner
def read_truth(data: Any, at: int) -> tuple[int, int]:
    if data[at] == ord("t") and data[at + 1] == ord("r") and data[at + 2] == ord("u") and data[at + 3] == ord("e"):
        return at + 4, 1
    if data[at] != ord("f") or data[at + 1] != ord("a") or data[at + 2] != ord("l"):
        return UNREAD, 0
    if data[at + 3] != ord("s") or data[at + 4] != ord("e"):
        return UNREAD, 0
    return at + 5, 0


@inner
def read_list(data: Any, at: int, arena: Any, base: int, ends: Any, which: int, count: int) -> tuple[int, int]:
    """(position behind a list of strings, number of all in its column after it). The column of them begins at ``base``
    of ``arena``; ``ends[which, count]`` is where the ``count`` strings before it end in the column."""
    if data[at] != ord("["):
        return UNREAD, count
    at = skip_blanks(data, at + 1)
    if data[at] == ord("]"):
        return at + 1, count
    while data[at] == QUOTE:
        at, end = read_string(data, at + 1, arena, base + ends[which, count])
        if at < 0:
            return UNREAD, count
        count += 1
        ends[which, count] = end - base
        at = skip_blanks(data, at)
        if data[at] == ord("]"):
            return at + 1, count
        if data[at] != COMMA:
            return UNREAD, count
        at = skip_blanks(data, at + 1)
    return UNREAD, count


@inner
def read_string(data: Any, at: int, arena: Any, put: int) -> tuple[int, int]:
    """(position behind the closing quote, end in ``arena``) of the string that begins at ``at``, put at ``put``."""
    while at >= 0:
        byte = data[at]
        while _PLAIN[byte]:
            arena[np.uintp(put)] = byte  # unsigned positions need no look at whether they count from the end
            at += 1
            put += 1
            byte = data[np.uintp(at)]
        if byte == QUOTE:
            return at + 1, put
        if byte == _BACKSLASH:
            at, put = _unescape(data, at + 1, arena, put)
        elif byte >= 0x80:
            at, put = _copy_wide(data, at, arena, put)
        else:
            return UNREAD, put
    return UNREAD, put


@inner
def _copy_wide(data: Any, at: int, arena: Any, put: int) -> tuple[int, int]:
    """Copy a character of two to four bytes, as table 3-7 of the Unicode Standard has them."""
    lead = data[at]
    low = 0xA0 if lead == 0xE0 else 0x90 if lead == 0xF0 else 0x80
    high = 0x9F if lead == 0xED else 0x8F if lead == 0xF4 else 0xBF
    if lead < 0xC2 or lead > 0xF4 or data[at + 1] < low or data[at + 1] > high:
        return UNREAD, put
    size = 2 if lead < 0xE0 else 3 if lead < 0xF0 else 4
    for step in range(2, size):
        if data[at + step] & 0xC0 != 0x80:
            return UNREAD, put
    for step in range(size):
        arena[put + step] = data[at + step]
    return at + size, put + size


@inner
def _unescape(data: Any, at: int, arena: Any, put: int) -> Any:
    """Put the character whose escape goes on at ``at``, behind the backslash."""
    byte = data[at]
    if byte == ord("u"):
        return _unescape_point(data, at + 1, arena, put)
    if byte == ord("n"):
        byte = 0x0A
    elif byte == ord("t"):
        byte = 0x09
    elif byte == ord("r"):
        byte = 0x0D
    elif byte == ord("b"):
        byte = 0x08
    elif byte == ord("f"):
        byte = 0x0C
    elif byte != QUOTE and byte != _BACKSLASH and byte != ord("/"):
        return UNREAD, put
    arena[put] = byte
    return at + 1, put + 1


@inner
def _unescape_point(data: Any, at: int, arena: Any, put: int) -> tuple[int, int]:
    r"""Put the character of ``\uXXXX``, whose digits begin at ``at``, or of a pair of surrogates."""
    point = _hex(data, at)
    at += 4
    if 0xD800 <= point < 0xDC00:
        second = _hex(data, at + 2) if data[at] == _BACKSLASH and data[at + 1] == ord("u") else -1
        if not 0xDC00 <= second < 0xE000:
            return UNREAD, put
        point = 0x10000 + ((point - 0xD800) << 10) + second - 0xDC00
        at += 6
    if point <= 0 or 0xDC00 <= point < 0xE000:
        return UNREAD, put
    return at, _put_point(point, arena, put)


@inner
def _hex(data: Any, at: int) -> int:
    """The value of four hexadecimal digits, -1 if there are none."""
    value = 0
    for step in range(4):
        byte = data[at + step]
        if byte >= ord("0") and byte <= ord("9"):
            digit = byte - 48
        elif (byte | 0x20) >= ord("a") and (byte | 0x20) <= ord("f"):
            digit = (byte | 0x20) - 87
        else:
            return -1
        value = value << 4 | digit
    return value


@inner
def _put_point(point: int, arena: Any, put: int) -> int:
    """Put a character as UTF-8; returns the end."""
    size = 1 if point < 0x80 else 2 if point < 0x800 else 3 if point < 0x10000 else 4
    lead = 0x00 if size == 1 else 0xC0 if size == 2 else 0xE0 if size == 3 else 0xF0
    arena[put] = lead | point >> 6 * (size - 1)
    for step in range(1, size):
        arena[put + step] = 0x80 | point >> 6 * (size - 1 - step) & 0x3F
    return put + size
