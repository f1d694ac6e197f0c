"""``peers``: the same job as a user of other libraries would write it, on the same broker and mentions, with a model
that learned from the same labels.

They get the friendliest input: sound mentions alone, keyed by author, so that none has to repartition. The job is to
read a mention, judge its text (intent, escalation), put the verdict into the JSON and send it on under its id, at least
once; Quix Streams and Faust also count by author. None masks, routes to brands, nor keeps an account.
"""

import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Final, NamedTuple

import msgspec
import numpy as np

from config.errors import UnheardError
from config.settings import Settings
from models import artefact
from models.judge import UNJUDGED, Judge
from models.records import INTENTS
from streams.bench.bench import Bench
from streams.bench.cluster import bench_settings
from streams.bench.load import make_source
from streams.bench.peer_input import fill, topics
from streams.bench.peer_process import Done, Job, quix_python, rate_of, run_program
from streams.bench.quality import OURS, labels_of, measure_quality
from streams.bench.rivals import Rival, train_hashed
from streams.bench.texts import load_texts
from streams.runtime.kafka import consume_all

SECONDS: Final = 20.0  # at most, of each run; the slow ones do not get through all mentions
QUICK_SECONDS: Final = 6.0
_COMPARED: Final = 20_000  # verdicts
_MODEL: Final = "model.joblib"
_THEIRS: Final = "hashed words 1-2, linear"


class Peer(msgspec.Struct, frozen=True):
    """Mentions a second: the median over the rounds, and each of them. ``mentions``: so many were judged in the
    slowest round."""

    median: int
    runs: list[int]
    mentions: int
    processes: int  # with which it is fastest
    medians_by_processes: dict[str, int]
    cpu_us: float  # of the processor for one mention, median: steadier where other programs are at work
    agreement: float  # share of intents that are ours too
    escalation_agreement: float
    macro_f1: float | None  # of intents on held-out labels, where there are labels
    our_macro_f1: float | None
    how: str


class Missing(msgspec.Struct, frozen=True):
    error: str


Peers = dict[str, Peer | Missing]


class _Kind(NamedTuple):
    name: str
    processes: tuple[int, ...]
    how: str


_BATCHES: Final = "batches of up to 10,000, flushed and committed one by one"
_KINDS: Final = (
    _Kind("kafka_python_batches", (1,), f"kafka-python and scikit-learn, {_BATCHES}"),
    _Kind("confluent_batches", (1, 2), f"confluent-kafka and scikit-learn, {_BATCHES}"),
    _Kind("quix_per_message", (1,), "Quix Streams and scikit-learn, one message at a time, a state for each author"),
    _Kind("faust_per_event", (1,), "Faust and scikit-learn, one event at a time, a table of counts by author"),
)


class _Judged(msgspec.Struct):
    """What they all send on."""

    text: str
    intent: str
    escalate: bool


class _Compared(NamedTuple):
    intents: float
    flags: float


def measure(bench: Bench, names: Sequence[str] = ()) -> Peers:
    """Every peer once a round, in turns; those of ``names`` alone, if there are any. One that cannot be installed or
    breaks is an error of its own and stops nobody else."""
    kinds = [kind for kind in _KINDS if not names or kind.name in names]
    home = Path(tempfile.mkdtemp(prefix="peers-", dir=bench.directory))
    settings = bench_settings(bench.cluster, prefix=f"bench.{home.name}.")
    bench.say("peers: training their model")
    judge = Judge.load()
    scores = _train(judge, home / _MODEL)
    source = f"{settings.topics.prefix}mentions"
    with topics(settings, [source]):
        count = fill(settings, source, make_source(bench.directory, bench.mentions), bench.mentions)
        seconds = QUICK_SECONDS if bench.quick else SECONDS
        job = Job(settings, source, "", home / _MODEL, count, seconds, home)
        series = [_Series(kind, number, job, judge, bench) for kind in kinds for number in kind.processes]
        for round_number in range(bench.rounds):
            for one in series:
                one.run(round_number)
    return {kind.name: _result([one for one in series if one.kind is kind], scores) for kind in kinds}


def best(peers: Peers) -> tuple[str, int]:
    """(name, mentions a second) of the fastest; ("", 0) when none could be measured."""
    rates = [(peer.median, name) for name, peer in peers.items() if isinstance(peer, Peer)]
    rate, name = max(rates, default=(0, ""))
    return name, rate


class _Scores(NamedTuple):
    """Macro-F1 of intents on held-out labels."""

    theirs: float
    ours: float


def _train(judge: Judge, file: Path) -> _Scores | None:
    """Make their model; how good it is, and ours, where there are labels."""
    texts = load_texts(None)
    seen, held_out, _ = labels_of(texts, judge)
    model = train_hashed(seen)
    if model is None:
        raise UnheardError("too few kinds of labels to train the peers' model")
    model.save(file)
    if not held_out:
        return None
    found = measure_quality(judge, artefact.load(None), texts, [Rival(_THEIRS, "", model.predict)], held_out)
    scores = {one.name: one.intent_macro_f1 for one in found}
    return _Scores(scores[_THEIRS], scores[OURS])


class _Series:
    """One peer with one number of processes, over the rounds."""

    def __init__(self, kind: _Kind, processes: int, job: Job, judge: Judge, bench: Bench) -> None:
        self.kind, self.processes = kind, processes
        self.rates: list[float] = []
        self.cpu_us: list[float] = []
        self.mentions = 0
        self.compared: _Compared | None = None
        self.error = ""
        self._job, self._judge, self._bench = job, judge, bench

    def run(self, round_number: int) -> None:
        """Measure once. After an error, never again."""
        if self.error:
            return
        name = self.kind.name
        self._bench.say(f"peers: {name}, {self.processes} process{'es' if self.processes > 1 else ''}")
        output = f"{self._job.settings.topics.prefix}{name}.{self.processes}.{round_number}"
        try:
            python = quix_python(self._bench.directory) if name.startswith("quix") else Path(sys.executable)
            with topics(self._job.settings, [output]):
                job = msgspec.structs.replace(self._job, output=output)
                self._note(output, run_program(name, job, python=python, processes_wanted=self.processes))
        except UnheardError as error:
            self.error = str(error)
            self._bench.say(f"peers: {error}")

    def _note(self, output: str, done: list[Done]) -> None:
        mentions = sum(one.mentions for one in done)
        if self.compared is None:
            arrived, self.compared = _compare(self._judge, self._job.settings, output)
            if arrived < mentions:
                raise UnheardError(f"{self.kind.name} judged {mentions:,} mentions, but only {arrived:,} arrived")
        self.mentions = min(mentions, self.mentions or mentions)
        self.rates.append(rate_of(done))
        self.cpu_us.append(1e6 * sum(one.cpu_seconds for one in done) / max(1, mentions))


def _compare(judge: Judge, settings: Settings, output: str) -> tuple[int, _Compared]:
    """(records in their output, how far the verdicts in the first of them agree with ours). What we do not judge,
    as texts in other languages, is left out."""
    decoder = msgspec.json.Decoder(_Judged)
    judged, arrived = [], 0
    for message in consume_all(settings, output):
        if arrived < _COMPARED:
            judged.append(decoder.decode(message.value() or b""))
        arrived += 1
    ours = judge.judge([one.text for one in judged], np.zeros(len(judged), np.bool_))
    counted = ours.intent != UNJUDGED
    if not counted.any():
        return arrived, _Compared(0.0, 0.0)
    intents = np.array([INTENTS.index(one.intent) for one in judged]) == ours.intent
    flags = np.array([one.escalate for one in judged]) == ours.escalate
    return arrived, _Compared(round(float(intents[counted].mean()), 4), round(float(flags[counted].mean()), 4))


def _result(series: Sequence[_Series], scores: _Scores | None) -> Peer | Missing:
    """The number of processes with which it is fastest counts."""
    medians = {one.processes: statistics.median(one.rates) for one in series if one.rates and not one.error}
    if not medians:
        return Missing(series[0].error)
    number = max(medians, key=lambda processes: medians[processes])
    chosen = next(one for one in series if one.processes == number)
    compared = chosen.compared or _Compared(0.0, 0.0)
    return Peer(
        median=round(medians[number]),
        runs=[round(rate) for rate in chosen.rates],
        mentions=chosen.mentions,
        processes=number,
        medians_by_processes={str(processes): round(median) for processes, median in medians.items()},
        cpu_us=round(statistics.median(chosen.cpu_us), 1),
        agreement=compared.intents,
        escalation_agreement=compared.flags,
        macro_f1=scores.theirs if scores else None,
        our_macro_f1=scores.ours if scores else None,
        how=chosen.kind.how,
    )
