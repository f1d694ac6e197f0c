"""What a window's record says, read off its counts."""

import json
import math
from bisect import bisect_left
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from config.settings import Baseline, Brand, Settings
from models.counters import COUNTERS, RESPONSE_EDGES_MS
from models.records import DEFINITIONS, INTENTS, PII_KINDS, REASONS
from streams.stages.survival import quantile
from streams.stages.windows import (
    MEDIAN,
    P90,
    ResponseTimes,
    SourceCounts,
    WindowCounts,
    WindowRecord,
    WindowRules,
    baselines_of,
    bucket_quantile,
    edge_of,
    rate,
    render_window,
    response_times,
    window_key,
)

HALF_HOUR = 1_800_000
RULES = WindowRules({"acme": ("default", "gold")}, {"acme": {"phone": 20.0, "chat": 4.0}})


def counted(
    about: str = "acme", around: SourceCounts | None = None, width: int = HALF_HOUR, **named: int
) -> WindowCounts:
    return WindowCounts(
        window_start_ms=0,
        window_ms=width,
        brand=about,
        source="x",
        counts=[named.get(name, 0) for name in COUNTERS],
        around=around or SourceCounts(),
        open=0,
        waiting=0,
    )


def window(
    about: Any = "acme", *, around: Any = None, width: Any = HALF_HOUR, final: Any = False, **named: int
) -> WindowRecord:
    return render_window(counted(about, around, width, **named), RULES, final=final, revision=1)


def test_every_counter_has_its_place_in_the_record() -> None:
    """A counter that no field shows would be counted in vain."""
    groups = {
        name: f"{name.rsplit('_', 1)[0]}_{'opened' if name.startswith('tier') else 'actionable'}" for name in COUNTERS
    }
    for name in COUNTERS:
        needed = {groups[name]: 5} if name.startswith(("tier_", "band_")) else {}
        about = "*" if name == "mention_lines" else "acme"  # these are told by the difference alone
        blank, told = (
            msgspec.to_builtins(window(about, final=about == "*", **counts))
            for counts in (needed, needed | {name: needed.get(name, 0) + 1})
        )
        assert told != blank, name


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
    record = window(
        cases_opened=5, sla_breached=1, sla_kept=2, mentions_answered=3, mentions_unanswered=1, band_2_actionable=10
    )
    assert record.rates["sla_breached"] == rate(1, 3, 2)
    assert record.rates["answered"] == rate(3, 4, 6)


def test_tiers_are_called_by_their_names_and_only_those_with_a_case_are_there() -> None:
    tiers = {"tier_1_opened": 4, "tier_1_breached": 1, "tier_1_kept": 2, "tier_3_opened": 1}
    assert window(**tiers).sla_by_tier == {"gold": rate(1, 3, 1), "3": rate(0, 0, 1)}
    assert window("bolt", tier_0_opened=2, tier_0_kept=2).sla_by_tier == {"default": rate(0, 2, 0)}
    assert window("*", **tiers).sla_by_tier == {}


def test_answers_are_told_by_how_many_follow_the_customer() -> None:
    bands = {"band_0_actionable": 3, "band_0_answered": 1, "band_0_unanswered": 1, "band_4_actionable": 2}
    found = window("*", **bands).response_by_followers
    assert found == {"0-99": rate(1, 2, 1), "100000+": rate(0, 0, 2)}


def test_share_of_voice_is_of_the_customers_of_all_brands_and_none_is_there_for_all_of_them() -> None:
    around = SourceCounts(customers=20, waiting=3)
    assert window(around=around, customer_actionable=1, customer_other=4, brand=9).share_of_voice == rate(5, 20, 3)
    assert window("*", around=around, customer_other=4).share_of_voice is None


def test_coverage_is_that_of_the_source_in_every_row() -> None:
    around = SourceCounts(received=90, missed_exact=10, undecided=2)
    for about in ("*", "acme"):
        assert window(about, around=around).coverage == rate(90, 100, 2)


def test_the_roles_of_a_window_must_add_up_to_what_was_received() -> None:
    assert window(received=4, customer_other=2, brand=1, bot=1).difference == 0
    assert window(received=4, customer_other=2, brand=1).difference == 1
    assert window(received=3, customer_other=2, brand=2).difference == 1


@pytest.mark.parametrize(
    ("about", "final", "difference"), [("*", True, 2), ("*", False, 0), ("acme", True, 0), ("acme", False, 0)]
)
def test_lines_with_a_mention_must_all_have_been_received_once_all_is_settled(
    about: str, final: bool, difference: int
) -> None:
    lines = {"received": 4, "customer_other": 4, "duplicates": 1}
    assert window(about, final=final, **lines, mention_lines=7).difference == difference
    assert window("*", final=True, **lines, mention_lines=5).difference == 0


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


durations = st.lists(st.integers(1, 20 * 86_400_000), max_size=60)


def buckets(times: list[int]) -> dict[int, int]:
    found = dict[int, int]()
    for time in times:
        bucket = bisect_left(RESPONSE_EDGES_MS, time)
        found[bucket] = found.get(bucket, 0) + 1
    return found


@given(durations.filter(len), st.sampled_from([MEDIAN, P90]))
def test_a_quantile_of_the_histogram_is_at_most_19_percent_too_long(times: list[int], share: float) -> None:
    exact = sorted(times)[math.ceil(round(share * len(times), 9)) - 1]
    read = bucket_quantile(buckets(times), {}, share)
    assert read is not None
    assert exact <= read <= max(exact, 1000) * 2**0.25 + 1


@given(durations, st.integers(0, 30), st.integers(1, 20 * 86_400_000), st.sampled_from([MEDIAN, P90]))
def test_a_kaplan_meier_quantile_of_one_horizon_is_too(
    times: list[int], missed: int, horizon: int, share: float
) -> None:
    """All give up after the same time, and no reply counts after it."""
    replies = [min(time, horizon) for time in times]
    exact = quantile(replies, [horizon] * missed, share)
    read = bucket_quantile(buckets(replies), buckets([horizon] * missed), share)
    assert (read is None) == (exact is None)
    if exact is not None and read is not None:
        assert exact <= read <= max(exact, 1000) * 2**0.25 + 1


@given(durations, durations, st.sampled_from([MEDIAN, P90]))
def test_a_kaplan_meier_quantile_is_never_too_short(times: list[int], given_up: list[int], share: float) -> None:
    exact = quantile(times, given_up, share)
    read = bucket_quantile(buckets(times), buckets(given_up), share)
    assert read is None or (exact is not None and exact <= read)


def test_quantiles_over_the_answered_flatter_and_the_curve_over_all_does_not() -> None:
    record = window(
        cases_opened=10, cases_resolved=5, cases_missed=5, first_response_4=4, first_response_20=1, censored_66=5
    )
    found = record.first_response
    assert (found.count, found.p50_ms, found.p90_ms) == (5, RESPONSE_EDGES_MS[4], RESPONSE_EDGES_MS[20])
    assert (found.km_p50_ms, found.km_p90_ms) == (RESPONSE_EDGES_MS[20], None)
    assert found.histogram == ((RESPONSE_EDGES_MS[4], 4), (RESPONSE_EDGES_MS[20], 1))
    assert found.censored == ((RESPONSE_EDGES_MS[66], 5),)


def test_under_all_brands_whoever_gives_up_early_leaves_the_curve_early() -> None:
    """Five of ten give up after a minute; of the other five, four are answered in an hour."""
    found = window("*", cases_opened=10, censored_24=5, first_response_48=4, first_response_50=1).first_response
    assert (found.km_p50_ms, found.km_p90_ms) == (RESPONSE_EDGES_MS[48], RESPONSE_EDGES_MS[50])


@pytest.mark.parametrize(("opened", "known"), [(3, True), (4, False), (0, False)])
def test_the_curve_waits_until_every_case_has_a_reply_or_was_given_up(opened: int, known: bool) -> None:
    counts = {"first_response_4": 2, "censored_66": 1} if opened else {}
    assert (window(cases_opened=opened, **counts).first_response.km_p50_ms is not None) == known


def test_responses_beyond_the_last_edge_have_no_upper_edge() -> None:
    open_bucket = {f"first_response_{len(RESPONSE_EDGES_MS)}": 1}
    found = window(cases_opened=1, cases_resolved=1, **open_bucket).first_response
    assert (found.p50_ms, found.histogram) == (None, ((None, 1),))


def test_next_responses_and_resolutions_have_histograms_of_their_own() -> None:
    record = window(next_response_8=3, resolution_40=1)
    assert record.next_response == response_times({8: 3})
    assert record.resolution == ResponseTimes(1, edge_of(40), edge_of(40), ((edge_of(40), 1),))
    assert window().resolution == ResponseTimes(0, None, None, ())


@pytest.mark.parametrize(("window_ms", "seconds"), [(300_000, "300"), (1500, "1.5")])
def test_the_width_is_written_as_a_whole_number_where_it_is_one(window_ms: int, seconds: str) -> None:
    encoded = msgspec.json.encode(window(width=window_ms))
    assert f'"window_s":{seconds},' in encoded.decode()
    assert json.loads(encoded)["definitions"] == DEFINITIONS


def test_windows_of_different_widths_have_different_keys() -> None:
    assert window_key(counted(width=60_000)) == b"0:60000:acme:x"
