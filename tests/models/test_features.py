"""The compiled features and scores against their readable twin."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import artefact, reference
from models.features import FNV_OFFSET, NO_TABLE, extract, normalise, scratch
from models.packing import pack
from models.scan import word_hash
from models.scorer import Scorer, featurise

TRICKY = (
    "@ @a AB ABC ABCd http://x https:// www. www.a HTTPS://X &amp; &lt; &lt &amp \u2019 “ … — 😀 é É 1 11 111 "
    "aaa !! ?! ' _ # don't \ufe0f \n \x7f \x00 ﬀ 한국 日本 かな \U000f1234 \ud800 a@b.c x:// http "
    "ww. &amp;amp; @@ @_ Ç ß"
)
tricky_texts = st.lists(st.sampled_from([*TRICKY.split(" "), " "]), max_size=25).map("".join)
any_text = st.one_of(tricky_texts, st.text(), st.text(st.characters(categories=["Cs", "L", "N", "P", "So"])))


MODEL = artefact.load()
SCORER = Scorer(MODEL.weights, np.array(MODEL.parameters.scales), np.array(MODEL.parameters.bias), MODEL.network)
SCRATCH = scratch()


def compiled_features(text: str) -> tuple[bytes, list[int], list[int]]:
    data, _ = pack([text])
    work, *_, found = SCRATCH
    length, _ = normalise(data, 0, len(data), work)
    form = bytes(work[:length])
    words, both, _ = extract(data, 0, len(data), NO_TABLE, *SCRATCH)
    return form, found[:words].tolist(), found[words:both].tolist()


def readable_features(text: str) -> tuple[list[int], list[int]]:
    words, grams = reference.families(text)
    return [bucket for _, bucket in words], [bucket for _, bucket in grams]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        ("Hello  WORLD", " hello world "),
        ("sooooo gooood!!!!", " soo good!! "),
        ("@Shop see https://t.co/x1 now", " @shop see \x01 now "),
        ("it\u2019s 10:45 &amp; late", " it's 00:00 & late "),
        ("love❤️it", " love ❤ it "),
        ("mail a@b.com", " mail a@b.com "),
        ("", " "),
    ],
)
def test_normalising_keeps_what_words_say_and_drops_how_they_look(text: str, form: str) -> None:
    assert compiled_features(text)[0] == form.encode()
    assert reference.normalise(text.encode()) == form.encode()


@settings(deadline=None, max_examples=400)
@given(any_text)
def test_compiled_features_equal_the_readable_ones(text: str) -> None:
    form, words, grams = compiled_features(text)
    assert form == reference.normalise(text.encode("utf-8", "surrogatepass"))
    assert (words, grams) == readable_features(text)


@settings(deadline=None, max_examples=100)
@given(st.lists(any_text, max_size=4))
def test_compiled_logits_equal_the_readable_ones(texts: list[str]) -> None:
    compiled = SCORER.logits(*pack(texts), np.zeros(len(texts), np.bool_))
    np.testing.assert_allclose(compiled, reference.logits(MODEL, texts), atol=1e-9)


def test_rows_to_skip_are_skipped_and_do_not_move_the_others() -> None:
    texts = ["where is my parcel?", "please DM us", "thanks a lot"]
    logits = SCORER.logits(*pack(texts), np.array([False, True, False]))
    assert not logits[1].any()
    np.testing.assert_allclose(logits[[0, 2]], reference.logits(MODEL, [texts[0], texts[2]]), atol=1e-9)


@given(st.lists(st.text(st.characters()), max_size=8))
def test_packing_finds_every_text_again(texts: list[str]) -> None:
    data, offsets = pack(texts)
    parts = [bytes(data[start:end]) for start, end in pairwise(offsets.tolist())]
    assert parts == [text.encode("utf-8", "surrogatepass") for text in texts]


def test_features_of_a_batch_are_those_of_its_texts() -> None:
    texts = ["one two", "", "two three 😀"]
    buckets, ends = featurise(texts)
    starts = [0, *ends[:-1, 1].tolist()]
    for row, text in enumerate(texts):
        words, grams = readable_features(text)
        assert buckets[starts[row] : ends[row, 0]].tolist() == words
        assert buckets[ends[row, 0] : ends[row, 1]].tolist() == grams


def test_the_hash_is_fnv_1a_as_published() -> None:
    assert word_hash(b"") == int(FNV_OFFSET)
    assert word_hash(b"a") == 0xAF63DC4C8601EC8C
    assert word_hash(b"foobar") == 0x85944171F73967E8
