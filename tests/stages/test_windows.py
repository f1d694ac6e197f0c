"""What a window's record says, read off its counts."""

import json
import math
from fractions import Fraction

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Baseline, Brand, Settings
from models.counters import COUNTER, COUNTERS, RESPONSE_EDGES_MS
from models.records import INTENTS, PII_KINDS, REASONS
from streams.stages.windows import (
    MEDIAN,
    P90,
    WindowCounts,
    WindowRecord,
    WindowRules,
    baselines_of,
    histogram_quantile,
    rate,
    render_window,
    response_bucket,
    total_counts,
)

HALF_HOUR = WindowRules(1_800_000, True, {"acme": {"phone": 20.0, "chat": 4.0}})


def window(about: str = "acme", *, rules: WindowRules = HALF_HOUR, pending: int = 0, **named: int) -> WindowRecord:
    counts = [0] * len(COUNTERS)
    for name, value in named.items():
        counts[COUNTER[name]] = value
    summed = WindowCounts(0, about, "x", counts, pending, 0, 0)
    return render_window(summed, rules, final=False, revision=1)


def test_every_counter_has_its_place_in_the_record() -> None:
    """A counter that no field shows would be counted in vain."""
    blank = msgspec.to_builtins(window())
    for name in COUNTERS:
        assert msgspec.to_builtins(window("acme", rules=HALF_HOUR, pending=0, **{name: 1})) != blank, name


def test_names_of_the_vocabularies_are_the_keys() -> None:
    record = window(intent_issue=3, reason_legal=2, pii_iban=1)
    assert record.intents == {name: 3 if name == "issue" else 0 for name in INTENTS}
    assert record.reasons == {name: 2 if name == "legal" else 0 for name in REASONS}
    assert record.pii == {name: 1 if name == "iban" else 0 for name in PII_KINDS}


def test_pending_cases_are_in_no_rate() -> None:
    record = window(cases_opened=10, cases_missed=3, cases_stalled=1, cases_diverted=1, cases_resolved=2)
    assert record.cases.pending == 3
    assert record.rates["missed"] == rate(3, 7, 3)
    assert record.rates["abandoned"] == rate(2, 7, 3)
    assert record.rates["resolved"] == rate(2, 7, 3)
    assert record.rates["missed"].value == pytest.approx(3 / 7)


def test_a_rate_of_nothing_is_null_and_never_a_hundred_percent() -> None:
    record = window(cases_opened=4)
    for found in record.rates.values():
        assert (found.denominator, found.value) == (0, None)
    assert '"value":null' in msgspec.json.encode(record).decode()


def test_sla_and_answers_have_denominators_of_their_own() -> None:
    record = window(cases_opened=5, sla_breached=1, sla_kept=2, mentions_answered=3, mentions_unanswered=1, pending=6)
    assert record.rates["sla_breached"] == rate(1, 3, 2)
    assert record.rates["answered"] == rate(3, 4, 6)


def test_the_roles_of_a_window_must_add_up_to_what_was_received() -> None:
    assert window(received=4, customer_other=2, brand=1, bot=1).difference == 0
    assert window(received=4, customer_other=2, brand=1).difference == 1


def test_volume_is_compared_with_what_each_channel_brings_in_the_same_time() -> None:
    ratios = window(received=30).volume_ratio
    assert ratios is not None
    assert (ratios["phone"].denominator, ratios["phone"].value) == (10.0, 3.0)
    assert (ratios["chat"].denominator, ratios["chat"].value) == (2.0, 15.0)


@pytest.mark.parametrize("brand", ["*", "bolt"])
def test_without_a_baseline_there_is_no_volume_ratio(brand: str) -> None:
    assert window(brand, received=30).volume_ratio is None


def test_baselines_keep_the_channels_that_have_one() -> None:
    brands = (Brand(name="acme", baseline=Baseline(phone=2.5)), Brand(name="bolt"))
    assert baselines_of(Settings(brands=brands)) == {"acme": {"phone": 2.5}}


@given(st.integers(0, 40 * 86_400_000))
def test_a_duration_lies_in_the_bucket_that_ends_at_or_after_it(duration_ms: int) -> None:
    bucket = response_bucket(duration_ms)
    assert bucket == len(RESPONSE_EDGES_MS) or duration_ms <= RESPONSE_EDGES_MS[bucket]
    assert bucket == 0 or duration_ms > RESPONSE_EDGES_MS[bucket - 1]


@given(st.lists(st.integers(1, 20 * 86_400_000), min_size=1, max_size=60), st.sampled_from([MEDIAN, P90]))
def test_a_quantile_of_the_histogram_is_at_most_19_percent_too_long(durations: list[int], share: Fraction) -> None:
    buckets = [0] * (len(RESPONSE_EDGES_MS) + 1)
    for duration in durations:
        buckets[response_bucket(duration)] += 1
    exact = sorted(durations)[math.ceil(share * len(durations)) - 1]
    read = histogram_quantile(buckets, share, len(durations))
    assert read is not None
    assert exact <= read
    assert read <= max(exact, 1000) * 2**0.25 + 1


def test_quantiles_over_the_answered_flatter_and_the_curve_over_all_does_not() -> None:
    record = window(cases_opened=10, cases_resolved=5, cases_missed=5, first_response_4=4, first_response_20=1)
    found = record.first_response
    assert (found.count, found.p50_ms, found.p90_ms) == (5, RESPONSE_EDGES_MS[4], RESPONSE_EDGES_MS[20])
    assert (found.km_p50_ms, found.km_p90_ms) == (RESPONSE_EDGES_MS[20], None)
    assert found.histogram == ((RESPONSE_EDGES_MS[4], 4), (RESPONSE_EDGES_MS[20], 1))


@pytest.mark.parametrize(
    ("brand", "uniform", "opened", "known"),
    [("acme", True, 2, True), ("acme", True, 3, False), ("*", False, 2, False), ("acme", False, 2, True)],
)
def test_the_curve_needs_everything_decided_and_one_horizon(
    brand: str, uniform: bool, opened: int, known: bool
) -> None:
    rules = WindowRules(1_800_000, uniform)
    record = window(brand, rules=rules, cases_opened=opened, cases_resolved=2, first_response_4=2)
    assert (record.first_response.km_p50_ms is not None) == known


def test_responses_beyond_the_last_edge_have_no_upper_edge() -> None:
    open_bucket = {f"first_response_{len(RESPONSE_EDGES_MS)}": 1}
    found = window("acme", rules=HALF_HOUR, pending=0, cases_opened=1, cases_resolved=1, **open_bucket).first_response
    assert (found.p50_ms, found.histogram) == (None, ((None, 1),))


@pytest.mark.parametrize(("window_ms", "seconds"), [(300_000, "300"), (1500, "1.5")])
def test_the_width_is_written_as_a_whole_number_where_it_is_one(window_ms: int, seconds: str) -> None:
    encoded = msgspec.json.encode(window(rules=WindowRules(window_ms)))
    assert f'"window_s":{seconds},' in encoded.decode()
    assert json.loads(encoded)["definitions"] == 1


def test_columns_of_any_length_are_summed_place_by_place() -> None:
    total = total_counts([(1, 2), (), (0, 0, 5)])
    assert total[:4] == [1, 2, 5, 0]
    assert len(total) == len(COUNTERS)
