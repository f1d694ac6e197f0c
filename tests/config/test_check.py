"""What must hold between settings, as a table: an override, the place and the words that it must be answered with."""

from typing import Any

import pytest
from pydantic import ValidationError

from config.check import cross_problems, show_location
from config.settings import Brand, Settings, Tier

DAY = 86_400_000
ACME = {"name": "Acme", "handles": ["acme"]}


def open_on(time_zone: str = "Europe/Berlin", **week: list[str]) -> dict[str, Any]:
    return {"service_hours": {"time_zone": time_zone, "week": week or {"mon": ["08:00-20:00"]}}}


def problems(**sections: Any) -> list[tuple[str, str]]:
    found = cross_problems(Settings.model_validate(sections))
    return [(show_location(problem.location), problem.message) for problem in found]


def test_the_defaults_are_right() -> None:
    assert problems() == []


@pytest.mark.parametrize(
    ("sections", "place", "words"),
    [
        ({"rules": {"sla_ms": DAY + 1}}, "rules.sla_ms", "≤ response_horizon_ms"),
        ({"rules": {"response_horizon_ms": 31 * DAY}}, "rules.response_horizon_ms", "≤ case_limit_ms"),
        ({"rules": {"feed_order": ["a", "b", "a"]}}, "rules.feed_order", "'a' twice"),
        ({"rules": {"rollup_ms": [90_000]}}, "rules.rollup_ms", "90000 must be a multiple of 60000"),
        (
            {"rules": {"rollup_ms": [120_000, 120_000]}},
            "rules.rollup_ms",
            "120000 must be a multiple of 120000, and more",
        ),
        ({"brands": [ACME | open_on(time_zone="Europe/Berln")]}, "brands[0].service_hours.time_zone", "Europe/Berlin?"),
        ({"brands": [ACME | open_on(mon=["09:00-08:00"])]}, "brands[0].service_hours.week.mon", "must ascend"),
        ({"brands": [ACME | open_on(mon=["09:00-12:00", "12:00-13:00"])]}, "brands[0].service_hours.week.mon", "touch"),
        ({"brands": [ACME | open_on(mon=[])]}, "brands[0].service_hours.week", "no hours at all"),
        ({"kafka": {"message_max_bytes": 100_000}}, "classify.block_bytes", "message_max_bytes"),
        ({"topics": {"prefix": "a b"}}, "topics.prefix", "letters, digits"),
        ({"metrics": {"care_port": 9101}}, "metrics", "share port 9101"),
        ({"priority": {"score_weight": 0.5}}, "priority", "add up to 1, not 1.1"),
        ({"priority": {"severity": {"safety": 2.0}}}, "priority.severity.safety", "between 0 and 1"),
        ({"priority": {"severity": {"leagl": 1.0}}}, "priority.severity.leagl", "did you mean legal?"),
        ({"priority": {"severity": {"safety": 1.0}}}, "priority.severity.legal", "must be given"),
        ({"brands": [ACME, ACME]}, "brands[1].name", "there twice"),
        ({"brands": [ACME, {"name": "ACME", "keywords": ["x"]}]}, "brands[1].name", "there twice"),
        ({"brands": [{**ACME, "name": "*"}]}, "brands[0].name", "must not be '*'"),
        ({"brands": [{**ACME, "name": " "}]}, "brands[0].name", "must not be ' '"),
        ({"brands": [{**ACME, "name": "A\nB"}]}, "brands[0].name", "control characters"),
        ({"brands": [{"name": "Acme"}]}, "brands[0].handles", "neither handles nor keywords"),
        ({"brands": [{**ACME, "keywords": [""]}]}, "brands[0].keywords", "empty word"),
        ({"brands": [{**ACME, "handles": ["@"]}]}, "brands[0].handles", "empty or padded"),
        ({"brands": [{**ACME, "handles": ["acme "]}]}, "brands[0].handles", "empty or padded"),
        ({"brands": [{**ACME, "bot_handles": ["@ACME"]}]}, "brands[0].handles", "'acme' twice"),
        ({"brands": [ACME, {"name": "B", "bot_handles": ["Acme"]}]}, "brands[1].bot_handles", "belongs to 'Acme'"),
        ({"brands": [{**ACME, "sla_ms": 2 * DAY}]}, "brands[0].sla_ms", "≤ response_horizon_ms"),
        ({"brands": [{**ACME, "response_horizon_ms": 1}]}, "brands[0].sla_ms", "≤ response_horizon_ms (1)"),
        ({"brands": [{**ACME, "response_horizon_ms": 31 * DAY}]}, "brands[0].response_horizon_ms", "case_limit_ms"),
    ],
)
def test_what_does_not_fit_together_is_told(sections: dict[str, Any], place: str, words: str) -> None:
    assert any(at == place and words in message for at, message in problems(**sections)), problems(**sections)


@pytest.mark.parametrize(
    ("tiers", "place"),
    [
        ((Tier(name="a", sla_ms=DAY + 1),), "brands[0].tiers[0].sla_ms"),
        ((Tier(name="a", sla_ms=1), Tier(name="a", sla_ms=2)), "brands[0].tiers"),
        ((Tier(name="default", sla_ms=1),), "brands[0].tiers"),
        (tuple(Tier(name=str(i), sla_ms=1) for i in range(255)), "brands[0].tiers"),
    ],
)
def test_tiers_keep_the_horizon_and_have_names_of_their_own(tiers: tuple[Tier, ...], place: str) -> None:
    settings = Settings(brands=(Brand(name="Acme", handles=("acme",), tiers=tiers),))
    assert [show_location(problem.location) for problem in cross_problems(settings)] == [place]


def test_a_brand_may_promise_anything_up_to_its_own_horizon() -> None:
    assert problems(brands=[{**ACME, "sla_ms": 2 * DAY, "response_horizon_ms": 2 * DAY}]) == []


def test_ports_of_zero_are_free_ones_and_never_meet() -> None:
    assert problems(metrics={"classify_port": 0, "care_port": 0, "replay_port": 0}) == []


def test_service_hours_of_another_form_are_refused() -> None:
    with pytest.raises(ValidationError, match="written like 08:00-20:00"):
        problems(brands=[ACME | open_on(mon=["8-20"])])
