"""The whole account, from the raw topic or from an export."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from models.records import Mention

from .capture import Gap, feed_rows, gap_row, read_feeds, sequence_gaps
from .cases import Case, all_cases, case_row, histories
from .classified import Judged, LineStamp, in_brand_order, judged_from
from .copies import sort_copies, stamp_of
from .notices import notice_gaps
from .raw import RawLine, distinct_lines, ended_feeds, watermark
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
    by_name = read_feeds(lines)
    gaps = [gap for feed in by_name.values() for gap in (*sequence_gaps(feed), *notice_gaps(feed))]
    feeds = feed_rows(by_name, ended_feeds(lines), distinct, copies, gaps, rejected, watermark_ms)
    cohorts = _Cohorts(rules, watermark_ms)
    cohorts.count(counted)
    cohorts.count_beside(duplicates, copies.waiting, gaps)
    return OracleAccount(
        cases=cohorts.case_rows(),
        windows=cohorts.window_rows(settled=all(feed["final"] for feed in feeds)),
        gaps=sorted(map(gap_row, gaps), key=lambda row: (row["feed"], row["epoch"], row["cause"], row["from_seq"])),
        feeds=feeds,
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
    cohorts = _Cohorts(rules, watermark_ms)
    cohorts.count(counted)
    return OracleAccount(cohorts.case_rows(), cohorts.window_rows(settled=False), [], [], watermark_ms, [])


class _Verdicts:
    """Looks up what was decided about a mention: by its stamp, else by its (source, id). The last states of the rows
    about two brands may come from two copies, so both are asked for each brand."""

    def __init__(self, classified_rows: Iterable[Mapping[str, Any]], rules: Terms) -> None:
        self.problems: list[str] = []
        self._brands = list(rules.brands)
        self._by_stamp: dict[tuple[LineStamp, str], dict[str, Judged]] = defaultdict(dict)
        self._by_id: dict[tuple[str, str], dict[str, Judged]] = defaultdict(dict)
        for row in map(judged_from, classified_rows):
            self._by_stamp[row.stamp, row.id][row.brand] = row
            self._by_id[row.source, row.id][row.brand] = row

    def of(self, mention: Mention) -> list[Judged]:
        """Rows in configured order of brands, with the time and the followers that the counted copy bears."""
        rows = {
            **self._by_id.get((mention.source, mention.id), {}),
            **self._by_stamp.get((stamp_of(mention), mention.id), {}),
        }
        if not rows:
            self.problems.append(f"no verdict on {mention.source} {mention.id} of {stamp_of(mention)}")
        ordered = in_brand_order(rows.values(), self._brands)
        return [replace(row, time_ms=mention.created_at_ms, followers=mention.followers) for row in ordered]


class _Cohorts:
    """The cases, and the windows of every width."""

    def __init__(self, rules: Terms, watermark_ms: int) -> None:
        self._rules, self._watermark_ms = rules, watermark_ms
        self._windows = [Windows(width_ms, rules) for width_ms in (rules.window_ms, *rules.rollup_ms)]
        self._cases: list[Case] = []

    def count(self, counted: Sequence[list[Judged]]) -> None:
        """All mentions that count, each as judged for its brands."""
        keyed = histories((row for rows in counted for row in rows), self._rules)
        self._cases = all_cases(keyed, self._watermark_ms, self._rules)
        tweets = list(all_tweets(keyed, self._watermark_ms, self._rules))
        for windows in self._windows:
            for rows in filter(None, counted):
                windows.add_mention(rows)
            for case in self._cases:
                windows.add_case(case)
            for tweet in tweets:
                windows.add_tweet(tweet)

    def count_beside(self, duplicates: Sequence[list[Judged]], waiting: Sequence[Mention], gaps: Sequence[Gap]) -> None:
        """What no case knows of: copies, what waits, and what is lacking."""
        for windows in self._windows:
            for rows in filter(None, duplicates):
                brands = [row.brand for row in rows if row.role != "none"]
                windows.add_duplicate(rows[0].time_ms, rows[0].source, brands)
            for mention in waiting:
                windows.add_waiting(mention)
            for gap in gaps:
                windows.add_gap(gap)

    def case_rows(self) -> list[dict[str, Any]]:
        rows = [case_row(case, self._rules) for case in self._cases]
        key = ("source", "brand", "customer", "opened", "opened_by")
        return sorted(rows, key=lambda row: tuple(row[name] for name in key))

    def window_rows(self, *, settled: bool) -> list[dict[str, Any]]:
        settled_ms = self._watermark_ms if settled else None
        rows = [row for windows in self._windows for row in windows.rows(settled_ms)]
        return sorted(rows, key=lambda row: (row["window_start"], row["window_s"], row["brand"], row["source"]))
