"""The picture of a stored run (``scripts/bench --svg FILE``): what carries how much, on one logarithmic axis."""

import io
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from config.errors import UnheardError

_OURS: Final = {
    "classify": "Unheard: classify, exactly once",
    "end_to_end": "Unheard: end to end, to the last final window",
}
_LIMIT: Final = "raw copy: consume, produce, no work"
_PEERS: Final = {
    "kafka_python_batches": "kafka-python + scikit-learn, in batches",
    "confluent_batches": "confluent-kafka + scikit-learn, in batches",
    "quix_per_message": "Quix Streams, per message",
    "faust_per_event": "Faust, per event, with a table",
}
_COLOURS: Final = {"the limit": "#8a8f98", "Unheard": "#0b6e4f", "others": "#c2571a"}  # apart without colour vision too
_ROW_PIXELS: Final = 34
_WIDTH_PIXELS: Final = 520


class Bar(NamedTuple):
    """One line of the picture: mentions a second, median and spread."""

    name: str
    kind: str
    median: float
    least: float
    most: float


def bars_of(report: Mapping[str, Any]) -> list[Bar]:
    """What ``report`` measured, the fastest first. Parts that were not measured, or failed, are left out."""
    bars = [_bar(_LIMIT, "the limit", report.get("raw_copy"))]
    bars += [_bar(name, "Unheard", report.get(part)) for part, name in _OURS.items()]
    peers = report.get("peers") or {}
    bars += [_bar(name, "others", peers.get(part)) for part, name in _PEERS.items()]
    return sorted((bar for bar in bars if bar is not None), key=lambda bar: -bar.median)


def _bar(name: str, kind: str, part: Mapping[str, Any] | None) -> Bar | None:
    if not part or not part.get("median"):
        return None
    runs: Sequence[float] = part.get("runs") or [part["median"]]
    return Bar(name, kind, part["median"], min(runs), max(runs))


def draw(report: Mapping[str, Any], path: Path) -> None:
    """Write the picture as SVG. Raises UnheardError where Altair is missing or nothing was measured."""
    bars = bars_of(report)
    if not bars:
        raise UnheardError("nothing was measured that a picture could show")
    try:
        import altair  # of the bench group, which few have
    except ImportError:
        raise UnheardError("Altair is not installed: .venv/bin/uv sync --group bench") from None
    drawn = io.StringIO()
    _chart(altair, bars, _caption(report)).save(drawn, format="svg")
    try:
        path.write_text(drawn.getvalue() + "\n", encoding="utf-8")
    except OSError as error:
        raise UnheardError(f"cannot write {path}: {error.strerror}") from None


def _caption(report: Mapping[str, Any]) -> str:
    machine = report.get("machine") or {}
    rounds = len((report.get("raw_copy") or {}).get("runs") or [])
    spread = f"median of {rounds} interleaved rounds, line: least to most" if rounds > 1 else "one round"
    cores = f"; {machine['cores']} cores, broker included" if machine.get("cores") else ""
    return f"{spread}{cores}"


def _chart(altair: Any, bars: Sequence[Bar], caption: str) -> Any:
    rows = [bar._asdict() | {"label": f"{bar.median:,.0f}"} for bar in bars]
    base = altair.Chart(altair.Data(values=rows)).encode(
        y=altair.Y("name:N", sort=[bar.name for bar in bars], title=None, axis=altair.Axis(labelLimit=400)),
        color=altair.Color(
            "kind:N",
            title=None,
            scale=altair.Scale(domain=list(_COLOURS), range=list(_COLOURS.values())),
            legend=altair.Legend(orient="bottom", symbolOpacity=1),
        ),
    )
    scale = altair.Scale(type="log", nice=False, domain=_domain(bars))
    axis = altair.Axis(format="~s", values=[10**power for power in range(1, 10)])
    medians = altair.X("median:Q", scale=scale, axis=axis, title="mentions a second, logarithmic")
    spread = base.mark_rule(strokeWidth=3, opacity=0.45).encode(
        x=altair.X("least:Q", scale=scale), x2=altair.X2("most:Q")
    )
    points = base.mark_point(size=110, filled=True, opacity=1).encode(
        x=medians, shape=altair.Shape("kind:N", scale=altair.Scale(domain=list(_COLOURS)), legend=None)
    )
    labels = base.mark_text(align="left", dx=12, fontSize=12).encode(x=medians, text="label:N")
    title = altair.TitleParams("What one machine carries", subtitle=caption, anchor="start")
    layered = altair.layer(spread, points, labels).properties(
        width=_WIDTH_PIXELS, height=_ROW_PIXELS * len(bars), title=title, background="white", padding=14
    )
    return layered.configure_view(stroke=None).configure_axis(labelFontSize=12, titleFontSize=12)


def _domain(bars: Sequence[Bar]) -> list[float]:
    """Whole powers of ten around all bars, with room for the label of the longest."""
    least, most = min(bar.least for bar in bars), max(bar.most for bar in bars)
    low = 1.0
    while low * 10 <= least:
        low *= 10
    return [low, most * 4]
