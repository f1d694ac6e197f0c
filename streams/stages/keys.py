"""Case keys and the partition that each key lives in."""

from typing import Final

SEPARATOR: Final = "\x1f"


def case_key(source: str, brand: str, customer: str) -> str:
    """Encode (source, brand, customer hash). Separators and escapes inside a part are escaped, so that two different
    triples never share a key."""
    return SEPARATOR.join(_escape(part) for part in (source, brand, customer))


def split_case_key(key: str) -> tuple[str, str, str]:
    """Decode what :func:`case_key` encoded."""
    source, brand, customer = (_unescape(part) for part in key.split(SEPARATOR))
    return source, brand, customer


def customer_of(key: str) -> str:
    """The customer hash of a case key."""
    return _unescape(key[key.rfind(SEPARATOR) + 1 :])


def _escape(part: str) -> str:
    if SEPARATOR not in part and "\x1e" not in part:
        return part
    return part.replace("\x1e", "\x1e0").replace(SEPARATOR, "\x1e1")


def _unescape(part: str) -> str:
    if "\x1e" not in part:
        return part
    return part.replace("\x1e1", SEPARATOR).replace("\x1e0", "\x1e")


def murmur2_partition(key: bytes, partitions: int) -> int:
    """The partition that the Java client's default partitioner gives to ``key`` (murmur2, seed 0x9747b28c)."""
    length = len(key)
    mask = 0xFFFFFFFF
    m = 0x5BD1E995
    h = (0x9747B28C ^ length) & mask
    whole = length & ~3
    for i in range(0, whole, 4):
        k = int.from_bytes(key[i : i + 4], "little") * m & mask
        k ^= k >> 24
        h = (h * m & mask) ^ (k * m & mask)
    tail = key[whole:]
    if tail:
        h = (h ^ int.from_bytes(tail, "little")) * m & mask
    h ^= h >> 13
    h = h * m & mask
    h ^= h >> 15
    return (h & 0x7FFFFFFF) % partitions
