"""The whole account, from the raw topic or from an export."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from models.records import Mention

from .capture import Gap, feed_rows, gap_row, notice_gaps, read_feeds, sequence_gaps
from .cases import all_cases, case_row, histories
from .classified import Judged, LineStamp, in_brand_order, judged_from
from .copies import sort_copies, stamp_of
from .raw import RawLine, distinct_lines, watermark
from .rules import Terms
from .tweets import all_tweets
from .windows import Windows


@dataclass(frozen=True, slots=True)
class OracleAccount:
    """Expected rows of ``cases.jsonl`` and ``gaps.jsonl``, windows with their counts by name (``COUNTERS``), and one
    row per feed. ``problems`` says what the input itself lacks (a mention without a verdict); it must be empty."""

    cases: list[dict[str, Any]]
    windows: list[dict[str, Any]]
    gaps: list[dict[str, Any]]
    feeds: list[dict[str, Any]]
    watermark_ms: int
    problems: list[str]


def oracle_account(
    raw_lines: Iterable[RawLine],
    classified_rows: Iterable[Mapping[str, Any]],
    rules: Terms,
    rejected: frozenset[LineStamp] = frozenset(),
) -> OracleAccount:
    """Everything, from all records of the raw topic (any order, copies of all feeds) and the verdicts on them.
    ``rejected`` are the stamps of well-formed mention lines that ``classify`` sent to the DLQ."""
    lines = list(raw_lines)
    distinct = distinct_lines(lines)
    watermark_ms = watermark(lines, rules.lateness_ms)
    copies = sort_copies(distinct, rejected, watermark_ms, rules)
    verdicts = _Verdicts(classified_rows, rules)
    counted = [verdicts.of(mention) for mention in copies.counted]
    duplicates = [verdicts.of(mention) for mention in copies.duplicates]
    feeds = read_feeds(lines)
    gaps = [gap for feed in feeds.values() for gap in (*sequence_gaps(feed), *notice_gaps(feed, distinct))]
    cases, windows = _cohorts(counted, duplicates, gaps, watermark_ms, rules)
    return OracleAccount(
        cases=cases,
        windows=windows,
        gaps=sorted(map(gap_row, gaps), key=lambda row: (row["feed"], row["epoch"], row["cause"], row["from_seq"])),
        feeds=feed_rows(lines, distinct, copies, gaps, rejected, watermark_ms),
        watermark_ms=watermark_ms,
        problems=verdicts.problems,
    )


def export_account(classified_rows: Iterable[Mapping[str, Any]], rules: Terms, watermark_ms: int) -> OracleAccount:
    """Cases and windows from an export alone. It has the last state of each key, so duplicates, gaps and feeds are
    not in it: they stay empty and 0."""
    mentions: dict[tuple[str, str], list[Judged]] = defaultdict(list)
    for row in map(judged_from, classified_rows):
        if not row.late and row.time_ms < watermark_ms:
            mentions[row.source, row.id].append(row)
    counted = [in_brand_order(rows, rules.brands) for rows in mentions.values()]
    cases, windows = _cohorts(counted, [], [], watermark_ms, rules)
    return OracleAccount(cases, windows, [], [], watermark_ms, [])


class _Verdicts:
    """Looks up what was decided about a mention: by its stamp, else by its (source, id). The last states of the rows
    about two brands may come from two copies, so both are asked for each brand."""

    def __init__(self, classified_rows: Iterable[Mapping[str, Any]], rules: Terms) -> None:
        self.problems: list[str] = []
        self._brands = list(rules.brands)
        self._by_stamp: dict[LineStamp, dict[str, Judged]] = defaultdict(dict)
        self._by_id: dict[tuple[str, str], dict[str, Judged]] = defaultdict(dict)
        for row in map(judged_from, classified_rows):
            self._by_stamp[row.stamp][row.brand] = row
            self._by_id[row.source, row.id][row.brand] = row

    def of(self, mention: Mention) -> list[Judged]:
        """Rows in configured order of brands, at the time that the counted copy bears."""
        rows = {
            **self._by_id.get((mention.source, mention.id), {}),
            **self._by_stamp.get(stamp_of(mention), {}),
        }
        if not rows:
            self.problems.append(f"no verdict on {mention.source} {mention.id} of {stamp_of(mention)}")
        ordered = in_brand_order(rows.values(), self._brands)
        return [replace(row, time_ms=mention.created_at_ms) for row in ordered]


def _cohorts(
    counted: Sequence[list[Judged]],
    duplicates: Sequence[list[Judged]],
    gaps: Sequence[Gap],
    watermark_ms: int,
    rules: Terms,
) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    keyed = histories((row for rows in counted for row in rows), rules)
    cases = all_cases(keyed, watermark_ms, rules)
    windows = Windows(rules.window_ms)
    for rows in filter(None, counted):
        windows.add_mention(rows)
    for rows in filter(None, duplicates):
        windows.add_duplicate(rows[0].time_ms, rows[0].source, [row.brand for row in rows if row.role != "none"])
    for case in cases:
        windows.add_case(case)
    for tweet in all_tweets(keyed, watermark_ms, rules):
        windows.add_tweet(tweet)
    for gap in gaps:
        windows.add_gap(gap)
    case_rows = sorted(
        map(case_row, cases),
        key=lambda row: (row["source"], row["brand"], row["customer"], row["opened"], row["opened_by"]),
    )
    return case_rows, windows.rows()
