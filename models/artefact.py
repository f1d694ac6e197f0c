"""The trained model as files: ``weights.npy`` (int8) and ``model.json`` (everything else). Never pickle.

``model.json`` carries the SHA-256 of the weights and of itself, so nothing in it can change unnoticed.
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
from models.records import INTENTS, REASONS
from models.scorer import COLUMNS, HEADS

SHIPPED: Final = Path(__file__).parent / "trained"
FORMAT: Final = 1
_WEIGHTS: Final = "weights.npy"
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
    weights_sha256: str
    sha256: str = ""  # of this file with this field empty


class Artefact(msgspec.Struct, frozen=True):
    parameters: Parameters
    weights: NDArray[np.int8]  # [BUCKETS, COLUMNS]


def weights_bytes(weights: NDArray[np.int8]) -> bytes:
    buffer = io.BytesIO()
    np.save(buffer, weights, allow_pickle=False)
    return buffer.getvalue()


def digest(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def save(artefact: Artefact, path: Path) -> None:
    """Write both files; the hashes are computed here."""
    packed = weights_bytes(artefact.weights)
    bare = msgspec.structs.replace(artefact.parameters, weights_sha256=digest(packed), sha256="")
    path.mkdir(parents=True, exist_ok=True)
    (path / _WEIGHTS).write_bytes(packed)
    (path / _MODEL).write_bytes(_encode(msgspec.structs.replace(bare, sha256=digest(_encode(bare)))))


def load(path: Path | None = None) -> Artefact:
    """Read and verify; ``None`` is the model that ships. Raises UnheardError, one line, for whatever is wrong."""
    path = path or SHIPPED
    parameters = _parameters(_read(path / _MODEL), path / _MODEL)
    packed = _read(path / _WEIGHTS)
    if digest(packed) != parameters.weights_sha256:
        raise UnheardError(f"the model file {path / _WEIGHTS} was altered: its SHA-256 is not the one in {_MODEL}")
    try:
        weights = np.load(io.BytesIO(packed), allow_pickle=False)
    except ValueError as error:
        raise UnheardError(f"the model file {path / _WEIGHTS} is no numpy array") from error
    if weights.dtype != np.int8 or weights.shape != (BUCKETS, COLUMNS):
        raise UnheardError(f"the model file {path / _WEIGHTS} has the wrong shape or type")
    return Artefact(parameters, weights)


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
    if heads != (HEADS, HEADS) or set(binary) != {1 + len(REASONS)} or parameters.temperature <= 0:
        raise UnheardError(f"the model {path} has the wrong number of parameters: train it anew")
