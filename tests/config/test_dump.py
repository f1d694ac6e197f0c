"""What `config show` prints can be loaded again, and never tells a secret."""

from datetime import date
from pathlib import Path

from hypothesis import given
from hypothesis import strategies as st

from config.dump import dump_toml, plain_tree
from config.load import load_settings
from config.settings import Brand, ServiceHours, Settings, Tier

TEXT = st.text(st.characters(codec="utf-8"), max_size=20)


@given(name=TEXT, words=st.lists(TEXT, max_size=3), prefix=TEXT)
def test_any_settings_survive_the_way_through_toml(name: str, words: list[str], prefix: str) -> None:
    import tomllib

    tier = Tier(name=name, sla_ms=1, verified=True)
    hours = ServiceHours(time_zone="Asia/Tokyo", week={"mon": ("08:00-24:00",)}, holidays=(date(2017, 12, 25),))
    brand = Brand(name=name, keywords=tuple(words), sla_ms=5, tiers=(tier, tier), service_hours=hours)
    settings = Settings.model_validate({"topics": {"prefix": prefix}, "brands": (brand, brand)})
    again = Settings.model_validate(tomllib.loads(dump_toml(settings, reveal=True)))
    assert again == settings


def test_the_defaults_survive_the_way_through_a_file(tmp_path: Path) -> None:
    settings = load_settings(environ={})
    (tmp_path / "all.toml").write_text(dump_toml(settings, reveal=True), encoding="utf-8")
    assert load_settings(tmp_path / "all.toml", {}) == settings


def test_secrets_are_hidden_unless_revealed() -> None:
    settings = load_settings(environ={}, overrides={"privacy.customer_key": "s3cret"})
    assert "s3cret" not in dump_toml(settings)
    assert plain_tree(settings)["privacy"]["customer_key"] == "***"
    assert plain_tree(settings, reveal=True)["privacy"]["customer_key"] == "s3cret"
