"""Train the judge on labelled mentions: ``scripts/train``.

Reads labelled.jsonl ({"id", "text", "intent", "reasons"}, one object a line) and writes weights.npy and model.json.
The same file gives the same model, byte for byte. Some minutes on one core.

Example: scripts/train --data ../shared/data --out models/trained
"""

import argparse
import sys
from pathlib import Path

from config.errors import UnheardError
from models import artefact, training

_ROOT = Path(__file__).resolve().parent.parent


def main() -> int:
    parser = argparse.ArgumentParser(
        prog="scripts/train", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=_ROOT / ".." / "shared" / "data", help="folder of labelled.jsonl")
    parser.add_argument("--out", type=Path, default=artefact.SHIPPED, help="folder for the model")
    options = parser.parse_args()
    try:
        rows, data_sha256 = training.load_rows(options.data / "labelled.jsonl")
        sys.stderr.write(f"training on {len(rows)} texts\n")
        trained = training.train(rows, data_sha256)
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


if __name__ == "__main__":
    sys.exit(main())
