"""Train the judge on labelled mentions: ``scripts/train``.

Reads labelled.jsonl ({"id", "text", "intent", "reasons"}, one object a line), unlabelled.jsonl ({"id", "text"}) for the
labels in models/labels/mentions.csv, models/labels/made_up.jsonl and the word vectors of models/teacher, and writes the
model. The same files give the same model, byte for byte. Some minutes on one core.

Example: scripts/train --data ../shared/data --out models/trained
"""

import argparse
import json
import sys
from pathlib import Path

import numpy as np

from config.errors import UnheardError
from models import artefact, training
from models.corpus import Corpus, load_corpus
from models.evaluation import brands_of

_ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/train", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=_ROOT / ".." / "shared" / "data", help="folder of labelled.jsonl")
    parser.add_argument("--out", type=Path, default=artefact.SHIPPED, help="folder for the model")
    parser.add_argument(
        "--cross-validate",
        choices=("source", "brand"),
        help="write no model: print the scores on sources, or brands, that were not learned from",
    )
    options = parser.parse_args()
    try:
        corpus = load_corpus(options.data)
        if options.cross_validate:
            return _cross_validate(corpus, options.cross_validate)
        sys.stderr.write(f"training on {len(corpus.rows)} texts\n")
        trained = training.train(corpus)
    except UnheardError as error:
        sys.stderr.write(f"{error}\n")
        return 1
    artefact.save(trained, options.out)
    intent, escalation = trained.parameters.scores["intent"]["all"], trained.parameters.scores["escalation"]
    sys.stdout.write(
        f"{trained.parameters.version}: cross-validated macro-F1 {intent['macro_f1']}, "
        f"escalation F1 {escalation['f1']}, average precision {escalation['average_precision']}\n"
    )
    return 0


def _cross_validate(corpus: Corpus, by: str) -> int:
    groups = brands_of(corpus.rows) if by == "brand" else np.array([row.source for row in corpus.rows])
    sys.stdout.write(json.dumps(training.cross_validated(corpus, groups), indent=2) + "\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
