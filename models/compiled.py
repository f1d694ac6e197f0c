"""``@compiled`` and ``@inner``: numba's ``njit`` with a cache that forgets when what a kernel is made of changes.

Numba keys its cache by the file of the decorated function alone, so machine code would outlive a change in a
function or constant that it took from another file. The folder's name therefore carries a digest of the function's
module and of all that it imports of ours, so nothing has to be listed, in whatever package the kernel lives.
"""

import hashlib
import os
import re
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from typing import Any, Final

import numba

_SETTINGS: Final[Any] = numba.config  # numba makes its attributes at run time
_HERE: Final = Path(__file__)
_OURS: Final = ("models", "streams")  # packages with kernels; this one knows no more of the others
_IMPORTS: Final = re.compile(r"^\s*(?:from\s+([\w.]+)\s+import\s+(\([^)]*\)|.*)|import\s+([\w.]+))", re.MULTILINE)
_NAMES: Final = re.compile(r"\w+")


@cache
def sources_of(file: Path, root: Path) -> tuple[Path, ...]:
    """``file`` and every file of our packages below ``root`` that it imports, directly or not, in order of name."""
    found, open_ends = {file}, [file]
    while open_ends:
        new = set(_imported(open_ends.pop(), root)) - found
        found |= new
        open_ends += new
    return tuple(sorted(found))


@cache
def _imported(file: Path, root: Path) -> tuple[Path, ...]:
    names = (name for name in _module_names(file.read_text(encoding="utf-8")) if name.split(".")[0] in _OURS)
    places = (root.joinpath(*name.split(".")).with_suffix(".py") for name in names)
    return tuple(place for place in places if place.is_file())


def _module_names(source: str) -> Iterator[str]:
    """All that may be a module in ``source``'s imports: a name taken from a package may be one."""
    for package, names, module in _IMPORTS.findall(source):
        yield package or module
        yield from (f"{package}.{name}" for name in _NAMES.findall(names))


@cache
def digest(file: Path, root: Path) -> str:
    """Changes with the source of a module below ``root``, with what that imports of ours, and with numba."""
    parts = [numba.__version__.encode(), *(path.read_bytes() for path in (_HERE, *sources_of(file, root)))]
    return hashlib.sha256(b"\0".join(parts)).hexdigest()[:16]


def cache_folder(places: Sequence[Path], version: str) -> Path | None:
    """A folder for this version's machine code in the first of ``places`` that can be written; None if none can."""
    for place in places:
        folder = place / f"unheard-{version}"
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError:
            continue
        if os.access(folder, os.W_OK):
            return folder
    return None


def _places(package: Path) -> tuple[Path, ...]:
    """Where NUMBA_CACHE_DIR says, else beside the package's bytecode, else the user's cache."""
    if _SETTINGS.CACHE_DIR:
        return (Path(_SETTINGS.CACHE_DIR),)
    home = os.environ.get("XDG_CACHE_HOME") or os.path.expanduser("~/.cache")  # noqa: PTH111 - Path.home() may raise
    return (package / "__pycache__", Path(home))


@cache
def _folder_of(file: Path, root: Path) -> Path | None:
    return cache_folder(_places(file.parent), digest(file, root))


def _folder(function: Callable[..., Any]) -> Path | None:
    file = Path(function.__code__.co_filename)
    depth = function.__module__.count(".")  # of a module two packages deep, the root is three levels above its file
    return _folder_of(file, file.parents[depth])


def compiled(function: Callable[..., Any]) -> Any:
    """For a kernel that Python calls: compiled at the first call or taken from the cache; releases the GIL."""
    return _compile(function)


def inner(function: Callable[..., Any]) -> Any:
    """For a function that only kernels call, and that makes no array: it gets no entry from Python, which saves a fifth
    of the compiling, is put in place of its calls, and counts no references to its arrays, which took half of the
    time of scanning."""
    return _compile(function, no_cpython_wrapper=True, no_cfunc_wrapper=True, forceinline=True, _nrt=False)


def _compile(function: Callable[..., Any], **options: Any) -> Any:
    folder = _folder(function)
    if folder is None:  # compiled anew in every process
        return numba.njit(nogil=True, **options)(function)
    before = _SETTINGS.CACHE_DIR
    _SETTINGS.CACHE_DIR = str(folder)
    try:
        return numba.njit(cache=True, nogil=True, **options)(function)
    finally:
        _SETTINGS.CACHE_DIR = before
