"""The measured part of the model card, from the scores in ``model.json``: ``python -m models.card`` writes it anew.

It stands in ``models/README.md`` between two marks, the calibration plot beside the model; a test compares both.
"""

import sys
from pathlib import Path
from typing import Any, Final

from models import artefact
from models.records import INTENTS, REASONS

CARD: Final = artefact.SHIPPED.parent / "README.md"
PLOT: Final = artefact.SHIPPED / "calibration.svg"
BEGIN: Final = "<!-- scores: written by models/card.py -->"
END: Final = "<!-- end of scores -->"
_NAMES: Final = INTENTS[:-1]
_PARTS: Final = {"all": "all", "service": "service", "wide": "wide", "own": "our own labels"}


def scores_section(parameters: artefact.Parameters) -> str:
    """Markdown of everything that was measured."""
    intent, escalation = parameters.scores["intent"], parameters.scores["escalation"]
    lines = [
        f"Model `{parameters.version}`.",
        "",
        f"| part | macro-F1 | accuracy | {' | '.join(_NAMES)} |",
        f"|---|---|---|{'---|' * len(_NAMES)}",
        *(_part_row(name, intent[part]) for part, name in _PARTS.items() if part in intent),
        "",
        f"Expected calibration error of the intent {intent['expected_calibration_error']:.3f}, of the escalation "
        f"{escalation['expected_calibration_error']:.3f} ([plot](trained/{PLOT.name})).",
        "",
        f"Macro-F1 by source, over the classes that occur there: {_listed(intent['macro_f1_by_source'])}.",
        "",
        "Macro-F1 of the mentions whose first handle (or, without one, source) is one of the twelve most frequent: "
        f"{_listed(intent['macro_f1_by_brand'])}.",
        "",
        "Confusion (rows: label, columns: judged):",
        "",
        f"| | {' | '.join(_NAMES)} |",
        f"|---|{'---|' * len(_NAMES)}",
        *(_confusion_row(name, counts) for name, counts in zip(_NAMES, intent["confusion"], strict=True)),
        "",
        f"Escalation: F1 {escalation['f1']:.3f} (precision {escalation['precision']:.3f}, recall "
        f"{escalation['recall']:.3f}) at an alert budget of {100 * escalation['flagged']:.1f} % of these mentions; "
        f"average precision {escalation['average_precision']:.3f}.",
        "",
        "| reason | F1 of naming it | of its mentions, flagged |",
        "|---|---|---|",
        *(
            f"| {name} | {escalation['reason_f1'][name]:.2f} | {100 * escalation['reason_recall'][name]:.0f} % |"
            for name in REASONS
        ),
    ]
    return "\n".join(lines)


def _part_row(name: str, report: dict[str, Any]) -> str:
    cells = [report["macro_f1"], report["accuracy"], *(report["f1"][intent] for intent in _NAMES)]
    return f"| {name} ({report['rows']:,}) | {' | '.join(f'{value:.3f}' for value in cells)} |"


def _listed(scores: dict[str, float]) -> str:
    return ", ".join(f"{name} {value:.2f}" for name, value in scores.items())


def _confusion_row(name: str, counts: list[int]) -> str:
    return f"| {name} | {' | '.join(f'{count:,}' for count in counts)} |"


def calibration_plot(parameters: artefact.Parameters) -> str:
    """SVG: mean probability of the chosen intent against the share that was right; a dot's area is its mentions."""
    bins = parameters.scores["intent"]["reliability"]
    most = max(texts for _, _, texts in bins)
    dots = "".join(
        f'<circle cx="{40 + 240 * mean:.1f}" cy="{260 - 240 * hits:.1f}" r="{2 + 8 * (texts / most) ** 0.5:.1f}">'
        f"<title>{texts:,} mentions: probability {mean:.2f}, right {hits:.2f}</title></circle>"
        for mean, hits, texts in bins
    )
    ticks = "".join(
        f'<text x="{40 + 240 * at:.0f}" y="276" text-anchor="middle">{at}</text>'
        f'<text x="34" y="{264 - 240 * at:.0f}" text-anchor="end">{at}</text>'
        for at in (0, 0.5, 1)
    )
    return (
        '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 300 300" font-family="sans-serif" font-size="11" '
        'role="img" aria-label="Reliability diagram">'
        '<rect width="300" height="300" fill="#fff"/><path d="M40 20v240h240" fill="none" stroke="#444"/>'
        '<path d="M40 260 280 20" stroke="#999" stroke-dasharray="4 3"/>'
        f'<g fill="#1f5fa8">{dots}</g><g fill="#444">{ticks}'
        '<text x="160" y="293" text-anchor="middle">probability of the chosen intent</text>'
        '<text x="12" y="140" text-anchor="middle" transform="rotate(-90 12 140)">share that was right</text>'
        "</g></svg>\n"
    )


def with_scores(card: str, parameters: artefact.Parameters) -> str:
    """``card`` with its measured part replaced."""
    before, _, rest = card.partition(BEGIN)
    after = rest.partition(END)[2]
    return f"{before}{BEGIN}\n{scores_section(parameters)}\n{END}{after}"


def main(card: Path = CARD, plot: Path = PLOT) -> int:
    parameters = artefact.load().parameters
    card.write_text(with_scores(card.read_text(encoding="utf-8"), parameters), encoding="utf-8")
    plot.write_text(calibration_plot(parameters), encoding="utf-8")
    return 0


if __name__ == "__main__":
    sys.exit(main())
