"""Goal: the rules say what the settings say, in plain numbers."""

from config.settings import Brand, ServiceHours, Settings
from config.settings import Rules as RuleSettings
from streams.stages import service_hours
from streams.stages.rules import Rules

HOURS = ServiceHours.model_validate(
    {
        "time_zone": "Europe/Berlin",
        "week": {"tue": ["08:00-12:30", "13:30-24:00"], "sun": []},
        "holidays": ["2017-12-26", "2017-12-25"],
    }
)


def test_service_hours_become_minutes_of_seven_days() -> None:
    rules = Rules.from_settings(Settings(brands=(Brand(name="acme", service_hours=HOURS), Brand(name="beta"))))
    assert rules.of_brand("acme").service_hours == service_hours.ServiceHours(
        "Europe/Berlin", ((), ((480, 750), (810, 1440)), (), (), (), (), ()), ("2017-12-25", "2017-12-26")
    )
    assert rules.of_brand("beta").service_hours is None
    assert rules.of_brand("nobody").service_hours is None


def test_widths_and_silences_come_from_the_settings() -> None:
    chosen = RuleSettings(window_ms=1_000, rollup_ms=(5_000,), stall_ms=7, heartbeat_ms=3, actionable="issue")
    rules = Rules.from_settings(Settings(rules=chosen))
    assert (rules.window_ms, rules.rollup_ms, rules.stall_ms, rules.heartbeat_ms, rules.actionable) == (
        1_000,
        (5_000,),
        7,
        3,
        "issue",
    )
