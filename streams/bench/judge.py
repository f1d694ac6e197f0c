"""``scripts/bench judge``: how fast the judge is on one core, with scikit-learn and fastText beside it in the same run.

The parts are those of ``models.judge``, each run on its own over all batches: what they miss of the whole is the
turning of numbers into verdicts.
"""

from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from models import artefact, pii
from models.closing import closes
from models.judge import Judge, worth_closing, worth_diverting, worth_masking
from models.packing import pack
from models.records import INTENTS
from models.replies import diverts
from models.scan import ANY_PII, Scanner
from models.scorer import Scorer
from streams.bench.measure import Contender, Machine, Timing, describe_machine, one_core, time_rounds
from streams.bench.quality import OURS, Quality, labels_of, measure_quality
from streams.bench.rivals import FASTTEXT_MISSING, Label, Rival, has_fasttext, train_fasttext, train_scikit
from streams.bench.start_up import StartUp, measure_start_up
from streams.bench.texts import Text, Texts, load_texts

GOAL_PER_SECOND: Final = 150_000
GOAL_WARM_SECONDS: Final = 2.0
BATCH: Final = 5_000
QUICK_TEXTS: Final = 2_000
SLOW_TEXTS: Final = 5_000  # scikit-learn gets so many: a thirtieth of our speed is known from fewer texts too
UNHEARD: Final = OURS
REPLIES: Final = "unheard, replies alone"
BUSY: Final = "other programs were at work on this core, so the figures are too low: see CPU µs, or measure again"
_OURS_ALONE: Final = 0.95  # share of the time in which the core worked for us


class Plan(msgspec.Struct, frozen=True):
    texts: Path | None = None
    model: str = ""
    rounds: int = 3
    quick: bool = False


class Goal(msgspec.Struct, frozen=True):
    per_second: int
    warm_s: float
    speed_met: bool
    start_up_met: bool


class Report(msgspec.Struct, frozen=True):
    bench: str
    model: str
    source: str
    texts: int
    replies: int
    mean_characters: float
    batch: int
    rounds: int
    timings: list[Timing]
    quality: list[Quality]
    start_up: StartUp
    goal: Goal
    notes: list[str]
    machine: Machine


def run(plan: Plan, say: Callable[[str], None] = lambda _line: None) -> Report:
    """Measure everything; ``say`` gets a line before each long step. Raises UnheardError for texts or a model that
    cannot be read."""
    texts = load_texts(plan.texts, QUICK_TEXTS if plan.quick else 0)
    with one_core() as pinned:
        say(f"{len(texts.rows):,} texts from {texts.source}")
        model = artefact.load(Path(plan.model) if plan.model else None)
        judge = Judge.load(plan.model)
        say("starting fresh processes")
        start_up = measure_start_up(plan.model, quick=plan.quick)
        say("training the others")
        seen, held_out, notes = labels_of(texts, judge)
        rivals, missing = _rivals(seen)
        say(f"measuring, {plan.rounds} round{'s' if plan.rounds > 1 else ''}")
        timings = time_rounds([*_ours(judge, model, texts), *_theirs(rivals, texts)], plan.rounds)
        quality = measure_quality(judge, model, texts, rivals, held_out) if held_out else []
        machine = describe_machine(pinned)
    ours = next(timing for timing in timings if timing.name == UNHEARD)
    busy = [BUSY] if ours.cpu_us < _OURS_ALONE * ours.us else []
    return Report(
        bench="judge",
        model=model.parameters.version,
        source=texts.source,
        texts=len(texts.rows),
        replies=int(texts.replies.sum()),
        mean_characters=round(sum(map(len, texts.texts)) / len(texts.rows), 1),
        batch=BATCH,
        rounds=plan.rounds,
        timings=timings,
        quality=quality,
        start_up=start_up,
        goal=_goal(ours, start_up),
        notes=busy + notes + missing,
        machine=machine,
    )


def _goal(ours: Timing, start_up: StartUp) -> Goal:
    fast, soon = ours.per_second >= GOAL_PER_SECOND, start_up.warm_s <= GOAL_WARM_SECONDS
    return Goal(GOAL_PER_SECOND, GOAL_WARM_SECONDS, fast, soon)


# ---------------------------------------------------------------- ours, whole and in parts


class _Batch(NamedTuple):
    """One batch with what each part of the judge gets from those before it."""

    texts: list[str]
    replies: NDArray[np.bool_]
    data: NDArray[np.uint8]
    offsets: NDArray[np.int64]
    skip: NDArray[np.bool_]  # not to be scored
    personal: list[tuple[str, int]]  # (text, flags) worth a look for personal data
    closing: list[tuple[str, str]]  # (text, intent) worth a look for thanks
    diverting: list[str]


def _ours(judge: Judge, model: artefact.Artefact, texts: Texts) -> list[Contender]:
    scanner = Scanner()
    parameters = model.parameters
    scorer = Scorer(model.weights, np.array(parameters.scales), np.array(parameters.bias), model.network)
    batches = [_prepare(judge, scanner, rows) for rows in _cut(texts.rows)]
    parts: tuple[tuple[str, Callable[[_Batch], object]], ...] = (
        (UNHEARD, lambda batch: judge.judge(batch.texts, batch.replies)),
        ("unheard: packing", lambda batch: pack(batch.texts)),
        ("unheard: language and quick look", lambda batch: scanner.scan(batch.data, batch.offsets)),
        ("unheard: scores", lambda batch: scorer.logits(batch.data, batch.offsets, batch.skip)),
        ("unheard: personal data", lambda batch: [_find_pii(text, flags) for text, flags in batch.personal]),
        ("unheard: closing and diversion", _find_phrases),
    )
    contenders = [Contender(name, len(texts.rows), _each(batches, part)) for name, part in parts]
    replies = [row.text for row in texts.rows if row.reply]
    if replies and len(replies) < len(texts.rows):
        contenders.append(Contender(REPLIES, len(replies), lambda: _judge_replies(judge, replies)))
    return contenders


def _each(batches: Sequence[_Batch], part: Callable[[_Batch], object]) -> Callable[[], object]:
    def run_all() -> None:
        for batch in batches:
            part(batch)

    return run_all


def _cut(rows: Sequence[Text]) -> Iterator[Sequence[Text]]:
    for start in range(0, len(rows), BATCH):
        yield rows[start : start + BATCH]


def _prepare(judge: Judge, scanner: Scanner, rows: Sequence[Text]) -> _Batch:
    texts, replies = [row.text for row in rows], np.array([row.reply for row in rows], np.bool_)
    judged = judge.judge(texts, replies)
    data, offsets = pack(texts)
    flags, languages = scanner.scan(data, offsets)
    intents = [INTENTS[code] for code in judged.intent.tolist()]
    return _Batch(
        texts=texts,
        replies=replies,
        data=data,
        offsets=offsets,
        skip=judged.intent == INTENTS.index("unjudged"),
        personal=[(texts[row], int(flags[row]) & ANY_PII) for row in worth_masking(flags)],
        closing=[(texts[row], intents[row]) for row in worth_closing(flags, languages, judged.intent, replies)],
        diverting=[texts[row] for row in worth_diverting(flags, languages, replies)],
    )


def _find_pii(text: str, flags: int) -> str:
    spans = pii.find_pii(text, flags)
    return pii.mask(text, spans) if spans else text


def _find_phrases(batch: _Batch) -> None:
    for text, intent in batch.closing:
        closes(text, intent)
    for text in batch.diverting:
        diverts(text)


def _judge_replies(judge: Judge, replies: list[str]) -> None:
    for start in range(0, len(replies), BATCH):
        part = replies[start : start + BATCH]
        judge.judge(part, np.ones(len(part), np.bool_))


# ---------------------------------------------------------------- the others


def _rivals(seen: Sequence[Label]) -> tuple[list[Rival], list[str]]:
    """(those that could be trained, a note for each that could not)."""
    scikit = train_scikit(seen)
    rivals, notes = ([scikit], []) if scikit else ([], ["too few kinds of labels for scikit-learn"])
    if not has_fasttext():
        notes.append(FASTTEXT_MISSING)
    elif seen:
        rivals.append(train_fasttext(seen))
    return rivals, notes + [f"{rival.name} does {rival.does}" for rival in rivals]


def _theirs(rivals: Sequence[Rival], texts: Texts) -> Iterator[Contender]:
    """They get the same batches; what is not theirs to judge, brands' replies, too."""
    for rival in rivals:
        part = texts.texts[:SLOW_TEXTS] if rival.name == "scikit-learn" else texts.texts
        yield Contender(rival.name, len(part), _in_batches(rival, part))


def _in_batches(rival: Rival, texts: list[str]) -> Callable[[], object]:
    def run_all() -> None:
        for start in range(0, len(texts), BATCH):
            rival.predict(texts[start : start + BATCH])

    return run_all
