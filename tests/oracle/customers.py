"""Names of customers as the numbers that travel in their place: up to 8 letters, or a hash of 16 hex digits."""

_DIGITS = 16
_LETTERS = 8


def number_of(name: str) -> int:
    if len(name) == _DIGITS:
        return int(name, 16)
    assert len(name.encode()) <= _LETTERS, f"{name} is too long"
    return int.from_bytes(name.encode().ljust(_LETTERS, b"\0"), "big")


def hash_of(name: str) -> str:
    """What people read of it."""
    return f"{number_of(name):016x}"


def name_of(hashed: str) -> str:
    """Inverse of ``hash_of`` for names of letters."""
    return bytes.fromhex(hashed).rstrip(b"\0").decode()
