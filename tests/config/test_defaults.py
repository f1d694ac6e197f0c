"""default.toml and brands.toml are what people read, the classes what the program runs on: they must agree."""

import re
import tomllib
from collections.abc import Iterator

import pytest
from pydantic import BaseModel

from config.load import DEFAULT_FILES, load_settings
from config.settings import Baseline, Brand, Settings, Tier
from models.records import REASONS
from streams.sample.brands import SAMPLE_BRANDS

DEFAULT_TEXT, BRANDS_TEXT = (file.read_text(encoding="utf-8") for file in DEFAULT_FILES)


def fields() -> Iterator[tuple[str, str]]:
    for section, info in Settings.model_fields.items():
        model = info.annotation
        if isinstance(model, type) and issubclass(model, BaseModel):
            yield from ((section, field) for field in model.model_fields if field != "severity")
    yield from (("priority.severity", reason) for reason in REASONS)


def section_text(section: str) -> list[str]:
    """The lines of one section of default.toml."""
    start = DEFAULT_TEXT.index(f"\n[{section}]\n") + len(section) + 4
    end = DEFAULT_TEXT.find("\n[", start)
    return DEFAULT_TEXT[start : end if end >= 0 else None].splitlines()


def test_the_file_and_the_classes_agree() -> None:
    assert load_settings(environ={}).model_copy(update={"brands": ()}) == Settings()


@pytest.mark.parametrize(("section", "field"), list(fields()))
def test_every_setting_stands_in_the_file_with_a_reason(section: str, field: str) -> None:
    lines = section_text(section)
    places = [number for number, line in enumerate(lines) if re.match(rf"(# )?{field} = ", line)]
    assert len(places) == 1, f"[{section}] {field} is not in default.toml"
    comment = lines[places[0] - 1]
    assert comment.startswith("# "), f"[{section}] {field} has no comment"
    assert len(comment) > 10


@pytest.mark.parametrize(("section", "field"), [pair for pair in fields() if pair[1].endswith("_ms")])
def test_times_say_that_they_are_milliseconds(section: str, field: str) -> None:
    lines = section_text(section)
    place = next(number for number, line in enumerate(lines) if line.startswith(f"{field} = "))
    comment = ""
    while place and lines[place - 1].startswith("# "):
        place -= 1
        comment = f"{lines[place]} {comment}"
    assert re.search(r"\bms\b", comment), f"[{section}] {field} does not name its unit"


@pytest.mark.parametrize("field", [*Brand.model_fields, *Tier.model_fields, *Baseline.model_fields])
def test_every_field_of_a_brand_is_explained(field: str) -> None:
    comments = "\n".join(line for line in BRANDS_TEXT.splitlines() if line.startswith("#"))
    assert re.search(rf"\b{field}\b", comments)


def test_the_default_brands_are_those_of_the_sample_firehose() -> None:
    assert load_settings(environ={}).brands == SAMPLE_BRANDS


def test_severities_name_exactly_the_reasons_that_exist() -> None:
    assert set(tomllib.loads(DEFAULT_TEXT)["priority"]["severity"]) == set(REASONS)
