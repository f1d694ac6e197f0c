"""The account as plain lines for people: the answer first, then what it rests on."""

from collections.abc import Iterable, Sequence
from typing import Final

from models.records import Rate
from streams.stages.report import Account, Care
from streams.stages.survival import Quantiles

MAX_BRANDS: Final = 20
_RATE_NAMES: Final = (
    ("missed", "missed in care"),
    ("stalled", "stalled"),
    ("diverted", "diverted"),
    ("abandoned", "abandoned (stalled + diverted)"),
    ("resolved", "resolved"),
    ("sla_breached", "SLA breached"),
    ("answered", "actionable mentions answered"),
)


def render_text(account: Account) -> list[str]:
    """Lines without colour or markup, at most 100 columns unless a name is very long."""
    blocks = [_answer(account), _feeds(account), _losses(account), _judged(account.total), _rates(account.total)]
    blocks += [_responses(account.total), _followers(account.total), _brands(account.brands), _voices(account)]
    blocks += [_tiers(account.brands), _checks(account)]
    lines = list[str]()
    for block in blocks:
        if block:
            lines += [*block, ""]
    return lines[:-1]


def _answer(account: Account) -> list[str]:
    capture, rates = account.capture, account.total.rates
    captured, missed, abandoned = capture.captured, rates["missed"], rates["abandoned"]
    lines = [
        f"captured           {_count(captured)} of {captured.denominator:,} lines{_percent(captured)}",
        f"missed in capture  {capture.missed:,}, and {capture.withheld:,} withheld by the source",
        f"missed in care     {_count(missed)} of {missed.denominator:,} decided cases{_percent(missed)}",
        f"abandoned          {_count(abandoned)} of {abandoned.denominator:,} decided cases{_percent(abandoned)}",
    ]
    if missed.pending:
        lines.append(f"pending            {missed.pending:,} cases are not decided yet and count as neither")
    overtaken = sum(feed.overtaken for feed in capture.feeds)
    if overtaken:
        lines.append(f"overtaken          {overtaken:,} mentions came behind the watermark: in no window and no case")
    if account.provisional:
        lines.append(f"provisional        {account.provisional:,} windows or feeds can still change")
    return lines


def _feeds(account: Account) -> list[str]:
    names = ("sent", "received", "duplicates", "late", "rejected", "control", "shed", "missed_exact", "difference")
    short = {"duplicates": "copies", "missed_exact": "missed", "difference": "diff"}
    heads = ["capture by feed", *(short.get(name, name) for name in names)]
    rows = [[feed.feed, *(f"{getattr(feed, name):,}" for name in names)] for feed in account.capture.feeds]
    return _table(heads, rows)


def _losses(account: Account) -> list[str]:
    gaps = [
        [cause, f"{sums.gaps:,}", f"{sums.missed:,}", "-" if sums.estimated is None else f"~{sums.estimated:,}"]
        for cause, sums in account.capture.gaps.items()
    ]
    rejects = [[reason, f"{number:,}"] for reason, number in account.capture.rejects.items()]
    tables = [
        _table(["gaps by cause", "gaps", "missed", "estimated"], gaps),
        _table(["rejects by reason", "lines"], rejects),
    ]
    return [line for table in tables for line in table]


def _judged(total: Care) -> list[str]:
    intents = ", ".join(f"{name} {number:,}" for name, number in total.intents.items() if number)
    reasons = ", ".join(f"{name} {number:,}" for name, number in total.reasons.items() if number)
    return [
        f"intents      {intents or 'none'}",
        f"escalations  {total.escalated:,}" + (f" ({reasons})" if reasons else ""),
    ]


def _rates(total: Care) -> list[str]:
    rows = [[label, *_rate(total.rates[name])] for name, label in _RATE_NAMES]
    return _table(["rates", "numerator", "denominator", "pending", "value"], rows)


def _responses(total: Care) -> list[str]:
    """First responses of all cases and of the answered alone; then what followed them."""
    first, following, resolution = total.first_response, total.next_response, total.resolution
    if not total.cases.opened:
        return []
    heads = ["how long it takes", "number", "median", "p90", "longest"]
    rows = [
        ["first response (Kaplan-Meier)", f"{total.cases.opened:,}", *_spans(first.expected), ""],
        ["first response, answered alone", f"{first.answered_cases:,}", *_spans(first.answered), ""],
        [
            "next response (at most)",
            f"{following.replies:,}",
            _bound(following.p50_at_most_s, following.replies),
            _bound(following.p90_at_most_s, following.replies),
            _bound(following.longest_s, following.replies),
        ],
        ["resolution, resolved alone", f"{resolution.cases:,}", *_spans(resolution.times), ""],
    ]
    reopened = f"{total.cases.reopened:,} of {total.cases.opened:,} cases were reopened after an answer"
    return [line.rstrip() for line in _table(heads, rows)] + [reopened]


def _followers(total: Care) -> list[str]:
    rows = [[f"{band} followers", *_rate(found)] for band, found in total.response_by_followers.items()]
    return _table(["answered", "numerator", "denominator", "pending", "value"], rows)


def _voices(account: Account) -> list[str]:
    """Shares of what came: what was missed spoke of somebody too."""
    voices = [(care.brand, care.share_of_voice) for care in account.brands if care.share_of_voice is not None]
    rows = [
        [brand, f"{share.numerator:,}", _value(share)]
        for brand, share in sorted(voices, key=lambda voice: (-voice[1].numerator, voice[0]))[:MAX_BRANDS]
        if share.numerator
    ]
    coverage = account.capture.coverage
    lost = coverage.denominator - coverage.numerator
    covered = f"coverage: {_count(coverage)} mentions received, {lost:,} numbers never came{_percent(coverage)}"
    return [*_table(["share of voice", "mentions", "share"], rows), covered] if rows else []


def _tiers(brands: Sequence[Care]) -> list[str]:
    """Of brands that promise more than one thing."""
    rows = [
        [f"{care.brand}: {tier}", *_rate(found)]
        for care in brands[:MAX_BRANDS]
        if len(care.sla_by_tier) > 1
        for tier, found in care.sla_by_tier.items()
    ]
    return _table(["SLA breached by tier", "numerator", "denominator", "pending", "value"], rows)


def _brands(brands: Sequence[Care]) -> list[str]:
    busiest = sorted(brands, key=lambda care: (-care.cases.opened, -care.received, care.brand))
    heads = ["care by brand", "received", "cases", "missed", "stalled", "diverted", "resolved", "pending", "missed %"]
    rows = [_brand(care) for care in busiest[:MAX_BRANDS]]
    left = len(busiest) - MAX_BRANDS
    return _table(heads, rows) + ([f"and {left:,} more brands"] if left > 0 else [])


def _brand(care: Care) -> list[str]:
    cases = care.cases
    numbers = (care.received, cases.opened, cases.missed, cases.stalled, cases.diverted, cases.resolved, cases.pending)
    return [care.brand, *(f"{number:,}" for number in numbers), _value(care.rates["missed"])]


def _checks(account: Account) -> list[str]:
    if account.balanced and not account.capture.feeds:
        return ["conservation  no feed is in the account yet"]
    if account.balanced:
        return ["conservation  difference 0: everything that was sent is accounted for"]
    wrong = ", ".join(f"{name} {number:+,}" for name, number in account.differences.items() if number)
    return [f"conservation  DOES NOT BALANCE: {wrong}"]


def _rate(rate: Rate) -> list[str]:
    return [f"{rate.numerator:,}", f"{rate.denominator:,}", f"{rate.pending:,}", _value(rate)]


def _count(rate: Rate) -> str:
    return f"{rate.numerator:,}"


def _value(rate: Rate) -> str:
    return "-" if rate.value is None else f"{rate.value:.2%}"


def _percent(rate: Rate) -> str:
    return "" if rate.value is None else f" ({_value(rate)})"


def _spans(found: Quantiles) -> tuple[str, str]:
    return _span(found.p50_s), _span(found.p90_s)


def _bound(seconds: float | None, number: int) -> str:
    """Without any there is none; beyond the last edge of the histogram nobody knows."""
    return "-" if not number else "beyond 29 d" if seconds is None else _span(seconds)


def _span(seconds: float | None) -> str:
    """``2 h 05 min``; a quantile that is not reached says so."""
    if seconds is None:
        return "never"
    if seconds < 60:
        return f"{seconds:.1f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 60 else f"{minutes // 60} h {minutes % 60:02d} min"


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]]) -> list[str]:
    """First column to the left, numbers to the right; nothing without rows."""
    cells = [heads, *rows]
    if len(cells) == 1:
        return []
    widths = [max(len(row[column]) for row in cells) for column in range(len(heads))]
    return [
        "  ".join(
            [row[0].ljust(widths[0]), *(cell.rjust(width) for cell, width in zip(row[1:], widths[1:], strict=True))]
        )
        for row in cells
    ]
