"""The model's files: what is altered, missing or made for another program is refused in one line."""

import shutil
from pathlib import Path

import msgspec
import numpy as np
import orjson
import pytest

from config.errors import UnheardError
from models import artefact
from models.judge import Judge

ARRAYS = ("weights", "keys", "table", "output")


@pytest.fixture
def model(tmp_path: Path) -> Path:
    return Path(shutil.copytree(artefact.SHIPPED, tmp_path / "model"))


def refusal(path: Path) -> str:
    with pytest.raises(UnheardError) as caught:
        Judge.load(path)
    message = str(caught.value)
    assert "\n" not in message
    return message


def resigned(path: Path, **changes: object) -> None:
    """Change parameters and sign them anew, as another version of the program would."""
    loaded = artefact.load(path)
    parameters = msgspec.structs.replace(loaded.parameters, **changes)
    artefact.save(msgspec.structs.replace(loaded, parameters=parameters), path)


def test_the_shipped_model_loads_and_tells_its_version() -> None:
    loaded = artefact.load()
    assert Judge.load().version == loaded.parameters.version
    assert sum(file.stat().st_size for file in artefact.SHIPPED.iterdir()) <= 20_000_000


def test_saving_and_loading_gives_the_same_model(model: Path) -> None:
    before = artefact.load(model)
    artefact.save(before, model)
    after = artefact.load(model)
    assert after.parameters == before.parameters
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(after, name), getattr(before, name))


@pytest.mark.parametrize("name", [*(f"{name}.npy" for name in ARRAYS), "model.json"])
def test_a_missing_file_is_named(model: Path, name: str) -> None:
    (model / name).unlink()
    assert name in refusal(model)


@pytest.mark.parametrize("position", [0, 200, -1])
@pytest.mark.parametrize("name", ARRAYS)
def test_one_altered_byte_of_an_array_is_noticed(model: Path, name: str, position: int) -> None:
    file = model / f"{name}.npy"
    data = bytearray(file.read_bytes())
    data[position] ^= 1
    file.write_bytes(data)
    assert "altered" in refusal(model)


def test_an_altered_parameter_is_noticed(model: Path) -> None:
    tree = orjson.loads((model / "model.json").read_bytes())
    tree["thresholds"][0] = 0.01
    (model / "model.json").write_bytes(orjson.dumps(tree))
    assert "altered" in refusal(model)


@pytest.mark.parametrize("content", [b"", b"{}", b"[1]", b"\xff", b'{"format": "x"}'])
def test_a_file_that_is_no_model_is_refused(model: Path, content: bytes) -> None:
    (model / "model.json").write_bytes(content)
    assert "model.json" in refusal(model)


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"feature_version": 0}, "train it anew"),
        ({"format": 99}, "train it anew"),
        ({"intents": ("yes", "no")}, "other labels"),
        ({"buckets": 1024}, "number of features"),
        ({"bias": (0.0,)}, "number of parameters"),
        ({"thresholds": (0.5,)}, "number of parameters"),
    ],
)
def test_a_model_for_another_program_is_refused(model: Path, changes: dict[str, object], reason: str) -> None:
    resigned(model, **changes)
    assert reason in refusal(model)


@pytest.mark.parametrize("name", ["weights", "table", "output"])
def test_arrays_of_another_shape_are_refused(model: Path, name: str) -> None:
    loaded = artefact.load(model)
    artefact.save(msgspec.structs.replace(loaded, **{name: getattr(loaded, name)[:10]}), model)
    assert "shape" in refusal(model)
