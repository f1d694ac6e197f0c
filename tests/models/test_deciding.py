"""The compiled step from logits to verdicts against the readable one, to the last bit."""

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from models import artefact
from models.deciding import INTENT_COUNT, UNJUDGED, Calibration, decide_all
from models.escalation import decide, flag_score, intent_scores, platt
from models.scorer import HEADS

PARAMETERS = artefact.load().parameters
CALIBRATION = Calibration(
    PARAMETERS.temperature,
    np.array(PARAMETERS.slopes),
    np.array(PARAMETERS.intercepts),
    np.array(PARAMETERS.thresholds),
)
# Of any size: those that saturate, those that are even, and those near the thresholds.
logit = st.one_of(st.floats(-8, 8), st.floats(-1e6, 1e6), st.sampled_from([0.0, -0.0, 1.0]))
logits_of_texts = st.integers(0, 12).flatmap(lambda rows: arrays(np.float64, (rows, HEADS), elements=logit))


@settings(deadline=None, max_examples=300)
@given(logits_of_texts, st.data())
def test_compiled_verdicts_equal_the_readable_ones_to_the_last_bit(logits: np.ndarray, data: st.DataObject) -> None:
    judged = data.draw(arrays(np.bool_, len(logits)))
    found = decide_all(logits, np.flatnonzero(judged), CALIBRATION)
    scores = intent_scores(logits[:, :INTENT_COUNT], CALIBRATION.temperature)
    binary = platt(logits[:, INTENT_COUNT:], CALIBRATION.slopes, CALIBRATION.intercepts)
    escalate, reasons = decide(binary, CALIBRATION.thresholds)
    np.testing.assert_array_equal(found.intent, np.where(judged, scores.argmax(axis=1), UNJUDGED))
    np.testing.assert_array_equal(found.scores, np.where(judged[:, None], scores, 0).astype(np.float32))
    np.testing.assert_array_equal(found.escalation, np.where(judged, flag_score(binary), 0).astype(np.float32))
    np.testing.assert_array_equal(found.escalate, escalate & judged)
    np.testing.assert_array_equal(found.reasons, np.where(judged, reasons, 0))


@given(array_shapes(min_dims=1, max_dims=1, min_side=0, max_side=5))
def test_where_nothing_is_judged_there_are_zeros(shape: tuple[int]) -> None:
    found = decide_all(np.ones((shape[0], HEADS)), np.zeros(0, np.int64), CALIBRATION)
    assert (found.intent == UNJUDGED).all()
    assert not any(column.any() for column in found[1:])
