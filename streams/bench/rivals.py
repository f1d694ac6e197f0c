"""What else one would take: scikit-learn's pipelines, the good one and the fast one, and fastText, trained here on the
same labels."""

import tempfile
import time
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import joblib
import msgspec
import numpy as np
from sklearn.feature_extraction.text import HashingVectorizer, TfidfVectorizer
from sklearn.linear_model import LogisticRegression, SGDClassifier
from sklearn.pipeline import FeatureUnion

FASTTEXT_MISSING: Final = "fastText is not installed, so it is left out: .venv/bin/uv sync --group bench"
_LABEL: Final = "__label__"
_TRIED: Final = 1_000  # texts, to see which way of asking is faster
_SEED: Final = 7
_BUCKETS: Final = 2**18


class Label(msgspec.Struct, frozen=True):
    """One text with what is to be learned from it."""

    text: str
    intent: str
    escalate: bool


class Rival(msgspec.Struct, frozen=True):
    """A trained rival. ``predict`` gives the intents and, if it learned that, which texts are escalated."""

    name: str
    does: str  # for the reader
    predict: Callable[[list[str]], tuple[list[str], list[bool]]]


def train_scikit(labels: Sequence[Label]) -> Rival | None:
    """TF-IDF of words 1-2 and characters 2-5, logistic regression for the intent and one for escalation; None if all
    labels are the same. Both read one vector, which spares it half of the work of two pipelines."""
    intents, flags = [label.intent for label in labels], [label.escalate for label in labels]
    if len(set(intents)) < 2 or len(set(flags)) < 2:
        return None
    vectors = FeatureUnion(
        [
            ("words", TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)),
            ("characters", TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True)),
        ]
    )
    matrix = vectors.fit_transform([label.text for label in labels])
    intent = LogisticRegression(C=5.0, class_weight="balanced", max_iter=300, tol=1e-3).fit(matrix, intents)
    escalation = LogisticRegression(C=10.0, class_weight="balanced", max_iter=300, tol=1e-3).fit(matrix, flags)

    def predict(texts: list[str]) -> tuple[list[str], list[bool]]:
        rows = vectors.transform(texts)
        return intent.predict(rows).tolist(), escalation.predict(rows).tolist()

    return Rival("scikit-learn", "intent and escalation: TF-IDF words 1-2, characters 2-5, two regressions", predict)


class Hashed(msgspec.Struct, frozen=True):
    """The fast choice of those who score streams with scikit-learn: hashed words 1-2 and linear models."""

    vectors: HashingVectorizer
    intent: SGDClassifier
    escalation: SGDClassifier

    def predict(self, texts: list[str]) -> tuple[list[str], list[bool]]:
        rows = self.vectors.transform(texts)
        return self.intent.predict(rows).tolist(), self.escalation.predict(rows).tolist()

    def save(self, file: Path) -> None:
        """The three parts as joblib writes them, for processes that this run starts and for nobody else."""
        joblib.dump((self.vectors, self.intent, self.escalation), file)


def train_hashed(labels: Sequence[Label]) -> Hashed | None:
    """None if all labels are the same. Measured: 20 µs a text in batches of thousands, where TF-IDF takes 45, and a
    better macro-F1 than logistic regression on as many seconds of training."""
    intents, flags = [label.intent for label in labels], [label.escalate for label in labels]
    if len(set(intents)) < 2 or len(set(flags)) < 2:
        return None
    vectors = HashingVectorizer(ngram_range=(1, 2), n_features=_BUCKETS, alternate_sign=False)
    matrix = vectors.transform([label.text for label in labels])
    return Hashed(vectors, _fit_line(matrix, intents), _fit_line(matrix, flags))


def _fit_line(matrix: Any, truth: Sequence[str] | Sequence[bool]) -> SGDClassifier:
    line = SGDClassifier(loss="log_loss", alpha=1e-5, class_weight="balanced", random_state=_SEED)
    line.fit(matrix, truth)
    line.coef_ = np.asfortranarray(line.coef_)  # or each call would copy all of them: 5 ms a text, where 1 will do
    return line


def has_fasttext() -> bool:
    return find_spec("fasttext") is not None


def train_fasttext(labels: Sequence[Label]) -> Rival:
    """Supervised fastText with the settings of its own tutorial: words and their pairs, 25 epochs, 200,000 buckets."""
    import fasttext

    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "train.txt"
        lines = (f"{_LABEL}{label.intent} {_plain(label.text)}\n" for label in labels)
        file.write_text("".join(lines), encoding="utf-8")
        model = fasttext.train_supervised(
            str(file), lr=0.5, epoch=25, wordNgrams=2, bucket=200_000, dim=50, thread=1, seed=_SEED, verbose=0
        )
    singly, together = _ways(model)
    texts = [label.text for label in labels[:_TRIED]]
    in_batches = _seconds(together, texts) <= _seconds(singly, texts)
    way = "a batch at a time" if in_batches else "one text at a time"
    return Rival("fastText", f"intent alone: words 1-2, {way}", together if in_batches else singly)


Predict = Callable[[list[str]], tuple[list[str], list[bool]]]


def _ways(model: Any) -> tuple[Predict, Predict]:
    """The two ways of asking: text by text, and a whole list."""

    def singly(texts: list[str]) -> tuple[list[str], list[bool]]:
        return [_name(model.predict(_plain(text))[0]) for text in texts], []

    def together(texts: list[str]) -> tuple[list[str], list[bool]]:
        return [_name(found) for found in model.predict([_plain(text) for text in texts])[0]], []

    return singly, together


def _plain(text: str) -> str:
    """fastText reads one line of words between blanks."""
    return text.lower().replace("\n", " ")


def _name(found: Sequence[str]) -> str:
    return found[0].removeprefix(_LABEL) if found else ""


def _seconds(predict: Predict, texts: list[str]) -> float:
    start = time.perf_counter()
    predict(texts)
    return time.perf_counter() - start
