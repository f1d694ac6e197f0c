"""``@compiled`` and ``@inner``: numba's ``njit`` with a cache that forgets when a module with kernels changes.

Numba keys its cache by the file of the decorated function alone, so machine code would outlive a change in a
function or constant that it took from another file. The folder's name therefore carries a digest of them all.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Final

import numba

_SETTINGS: Final[Any] = numba.config  # numba makes its attributes at run time
_PACKAGE: Final = Path(__file__).parent
_MODULES: Final = (
    "closing",
    "compiled",
    "features",
    "language",
    "pii_look",
    "pii_patterns",
    "scan",
    "scan_table",
    "scan_words",
    "scorer",
    "stop_words",
)  # kernels and their constants


def _digest() -> str:
    parts = [numba.__version__.encode(), *((_PACKAGE / f"{name}.py").read_bytes() for name in _MODULES)]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def cache_folder(places: Sequence[Path]) -> Path | None:
    """A folder for this version's machine code in the first of ``places`` that can be written; None if none can."""
    for place in places:
        folder = place / f"unheard-{_digest()}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return None


def _places() -> tuple[Path, ...]:
    """Where NUMBA_CACHE_DIR says, else beside the package's bytecode, else the user's cache."""
    if _SETTINGS.CACHE_DIR:
        return (Path(_SETTINGS.CACHE_DIR),)
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - Path.home() may raise
    return (_PACKAGE / "__pycache__", Path(home))


_FOLDER: Final = cache_folder(_places())


def compiled(function: Callable[..., Any]) -> Any:
    """For a kernel that Python calls: compiled at the first call or taken from the cache; releases the GIL."""
    return _compile(function)


def inner(function: Callable[..., Any]) -> Any:
    """For a function that only kernels call, and that makes no array: it gets no entry from Python, which saves a fifth
    of the compiling, is put in place of its calls, and counts no references to its arrays, which took half of the
    time of scanning."""
    return _compile(function, no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True, _nrt=False)


def _compile(function: Callable[..., Any], **options: Any) -> Any:
    if _FOLDER is None:  # compiled anew in every process
        return numba.njit(nogil=True, **options)(function)
    before = _SETTINGS.CACHE_DIR
    _SETTINGS.CACHE_DIR = str(_FOLDER)
    try:
        return numba.njit(cache=True, nogil=True, **options)(function)
    finally:
        _SETTINGS.CACHE_DIR = before
