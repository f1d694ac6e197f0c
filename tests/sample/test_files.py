"""The sample as files, and its brands as configuration."""

import tomllib
from pathlib import Path

import orjson
import pytest
import typer
from typer.testing import CliRunner

from config.errors import UnheardError, UsageError
from config.settings import Brand, Settings
from streams.cli.sample import read_truth, sample, write_sample
from streams.sample.brands import DESKS_BY_BRAND, SAMPLE_BRANDS, brands_toml
from streams.sample.firehose import make_firehose


def test_the_brands_survive_toml() -> None:
    settings = Settings.model_validate(tomllib.loads(brands_toml()))
    assert settings.brands == SAMPLE_BRANDS


@pytest.mark.parametrize("brand", SAMPLE_BRANDS, ids=lambda brand: brand.name)
def test_a_brand_is_complete(brand: Brand) -> None:
    assert brand.handles
    assert brand.keywords
    assert brand.baseline.phone + brand.baseline.email + brand.baseline.chat > 0


def test_every_brand_has_a_desk_and_the_shares_add_up() -> None:
    assert len(DESKS_BY_BRAND) == len(SAMPLE_BRANDS)
    assert sum(desk.share for desk in DESKS_BY_BRAND) == pytest.approx(1)
    assert all(
        any(keyword in name.lower() for keyword in brand.keywords)
        for brand, desk in zip(SAMPLE_BRANDS, DESKS_BY_BRAND, strict=True)
        for name in desk.names
    )


def test_the_files_hold_the_firehose(tmp_path: Path) -> None:
    truth = write_sample(tmp_path / "new" / "sample", 1_000, 4)
    expected = make_firehose(1_000, 4)
    directory = tmp_path / "new" / "sample"
    assert (directory / "firehose.jsonl").read_bytes() == expected.jsonl()
    assert truth == expected.truth == read_truth(directory)
    assert (directory / "brands.toml").read_text() == brands_toml()


def test_the_command_tells_what_it_wrote(tmp_path: Path) -> None:
    app = typer.Typer()
    app.command()(sample)
    result = CliRunner().invoke(app, [str(tmp_path), "--mentions", "1000", "--seed", "4", "--json"])
    figures = orjson.loads(result.stdout)
    assert result.exit_code == 0
    assert figures["lines"] == len((tmp_path / "firehose.jsonl").read_bytes().splitlines())
    assert figures["seed"] == 4


def test_a_directory_that_cannot_be_is_one_clear_line(tmp_path: Path) -> None:
    (tmp_path / "taken").write_text("a file")
    with pytest.raises(UnheardError, match=r"cannot write the sample to .*taken"):
        write_sample(tmp_path / "taken", 1_000)


def test_too_few_mentions_are_a_usage_error(tmp_path: Path) -> None:
    with pytest.raises(UsageError):
        write_sample(tmp_path, 10)


@pytest.mark.parametrize(
    ("content", "words"), [(None, "cannot read"), (b"{", "is no ground truth"), (b"{}", "is no ground truth")]
)
def test_a_truth_that_is_none_is_one_clear_line(content: bytes | None, words: str, tmp_path: Path) -> None:
    if content is not None:
        (tmp_path / "truth.json").write_bytes(content)
    with pytest.raises(UnheardError, match=words):
        read_truth(tmp_path)
