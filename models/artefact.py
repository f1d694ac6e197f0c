"""The trained model as files: arrays as ``.npy`` and everything else in ``model.json``. Never pickle.

``model.json`` carries the SHA-256 of each array and of itself, so nothing in it can change unnoticed.
"""

import hashlib
import io
from pathlib import Path
from typing import Any, Final

import msgspec
import numpy as np
import orjson
from numpy.typing import NDArray

from config.errors import UnheardError
from models.features import BUCKETS, FEATURE_VERSION
from models.network import HIDDEN, MOST_KEYS, Network
from models.records import INTENTS, REASONS
from models.scorer import COLUMNS, HEADS

SHIPPED: Final = Path(__file__).parent / "trained"
FORMAT: Final = 2
_ARRAYS: Final = ("weights", "keys", "table", "output")
_MODEL: Final = "model.json"


class Parameters(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Contents of ``model.json``. Heads are 5 intents, escalation, 7 reasons, in the order of ``models.records``."""

    format: int
    version: str
    feature_version: int
    buckets: int
    intents: tuple[str, ...]
    reasons: tuple[str, ...]
    scales: tuple[float, ...]  # by head: logit per unit of integer sum over root of squared idf
    bias: tuple[float, ...]  # by head
    temperature: float  # intent logits are divided by it
    slopes: tuple[float, ...]  # Platt: escalation, then reasons
    intercepts: tuple[float, ...]
    thresholds: tuple[float, ...]  # on the probabilities: escalation, then reasons
    training: dict[str, Any]  # data hash, seed, rows, library versions
    scores: dict[str, Any]  # cross-validated
    unit_scales: tuple[float, ...]  # of the network: value of one step in each column of its table
    unit_bias: tuple[float, ...]
    arrays_sha256: dict[str, str]  # of weights.npy, keys.npy, table.npy, output.npy
    sha256: str = ""  # of this file with this field empty


class Artefact(msgspec.Struct, frozen=True):
    parameters: Parameters
    weights: NDArray[np.int8]  # [BUCKETS, COLUMNS]
    keys: NDArray[np.uint64]  # of the network: [n]
    table: NDArray[np.int8]  # [n, HIDDEN]
    output: NDArray[np.float64]  # [HIDDEN, HEADS]

    @property
    def network(self) -> Network:
        scales, bias = np.array(self.parameters.unit_scales), np.array(self.parameters.unit_bias)
        return Network(self.keys, self.table, scales, bias, self.output)


def packed_arrays(model: Artefact) -> dict[str, bytes]:
    """The files' contents by name."""
    return {name: _packed(getattr(model, name)) for name in _ARRAYS}


def _packed(array: NDArray[Any]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, array, allow_pickle=False)
    return buffer.getvalue()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def save(model: Artefact, path: Path) -> None:
    """Write all files; the hashes are computed here."""
    packed = packed_arrays(model)
    hashes = {name: digest(data) for name, data in packed.items()}
    bare = msgspec.structs.replace(model.parameters, arrays_sha256=hashes, sha256="")
    path.mkdir(parents=True, exist_ok=True)
    for name, data in packed.items():
        (path / f"{name}.npy").write_bytes(data)
    (path / _MODEL).write_bytes(_encode(msgspec.structs.replace(bare, sha256=digest(_encode(bare)))))


def load(path: Path | None = None) -> Artefact:
    """Read and verify; ``None`` is the model that ships. Raises UnheardError, one line, for whatever is wrong."""
    path = path or SHIPPED
    parameters = _parameters(_read(path / _MODEL), path / _MODEL)
    arrays = {name: _array(path / f"{name}.npy", parameters.arrays_sha256.get(name, "")) for name in _ARRAYS}
    known = arrays["keys"].shape[:1]
    shapes = {
        "weights": (np.int8, (BUCKETS, COLUMNS)),
        "keys": (np.uint64, known),
        "table": (np.int8, (*known, HIDDEN)),
        "output": (np.float64, (HIDDEN, HEADS)),
    }
    for name, (kind, shape) in shapes.items():
        if arrays[name].dtype != kind or arrays[name].shape != shape:
            raise UnheardError(f"the model file {path / name}.npy has the wrong shape or type")
    if arrays["keys"].size > MOST_KEYS:
        raise UnheardError(f"the model file {path / 'keys.npy'} holds more than {MOST_KEYS} keys")
    return Artefact(parameters, **arrays)


def _array(path: Path, sha256: str) -> NDArray[Any]:
    packed = _read(path)
    if digest(packed) != sha256:
        raise UnheardError(f"the model file {path} was altered: its SHA-256 is not the one in {_MODEL}")
    try:
        return np.asarray(np.load(io.BytesIO(packed), allow_pickle=False))
    except ValueError as error:
        raise UnheardError(f"the model file {path} is no numpy array") from error


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as error:
        raise UnheardError(f"cannot read the model file {path}: {error.strerror}") from error


def _encode(parameters: Parameters) -> bytes:
    return orjson.dumps(msgspec.to_builtins(parameters), option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE)


def _parameters(data: bytes, path: Path) -> Parameters:
    try:
        parameters = msgspec.json.decode(data, type=Parameters)
    except msgspec.DecodeError as error:
        raise UnheardError(f"the model file {path} was altered or is no model: {error}") from error
    if digest(_encode(msgspec.structs.replace(parameters, sha256=""))) != parameters.sha256:
        raise UnheardError(f"the model file {path} was altered: its SHA-256 is not the one that it states")
    _check(parameters, path)
    return parameters


def _check(parameters: Parameters, path: Path) -> None:
    if parameters.format != FORMAT or parameters.feature_version != FEATURE_VERSION:
        raise UnheardError(
            f"the model {path} is of format {parameters.format}, features {parameters.feature_version}; "
            f"this program needs {FORMAT}, {FEATURE_VERSION}: train it anew"
        )
    if parameters.intents != INTENTS[:-1] or parameters.reasons != REASONS or parameters.buckets != BUCKETS:
        raise UnheardError(f"the model {path} is for other labels or another number of features: train it anew")
    heads = (len(parameters.scales), len(parameters.bias))
    binary = (len(parameters.slopes), len(parameters.intercepts), len(parameters.thresholds))
    units = (len(parameters.unit_scales), len(parameters.unit_bias))
    if (
        heads != (HEADS, HEADS)
        or units != (HIDDEN, HIDDEN)
        or set(binary) != {1 + len(REASONS)}
        or parameters.temperature <= 0
    ):
        raise UnheardError(f"the model {path} has the wrong number of parameters: train it anew")
