"""Where the benchmarks take their texts from."""

import json
from pathlib import Path

import pytest

from config.errors import UnheardError
from streams.bench.texts import Text, load_texts


def write(file: Path, *rows: dict[str, object]) -> Path:
    file.write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    return file


def test_a_file_gives_its_texts_with_roles_and_labels(tmp_path: Path) -> None:
    file = write(
        tmp_path / "mine.jsonl",
        {"text": "where is it?", "intent": "issue", "reasons": ["repeat"], "id": 1},
        {"text": "please DM us", "reply": True},
    )
    found = load_texts(file)
    assert sorted(found.rows, key=lambda row: row.text) == [
        Text("please DM us", reply=True),
        Text("where is it?", intent="issue", reasons=("repeat",)),
    ]
    assert found.source == "mine.jsonl"
    assert found.replies.sum() == 1


def test_the_order_mixes_and_is_the_same_every_time(tmp_path: Path) -> None:
    file = write(tmp_path / "mine.jsonl", *({"text": str(number)} for number in range(100)))
    texts = load_texts(file).texts
    assert texts != [str(number) for number in range(100)]
    assert load_texts(file, 10).texts == texts[:10]


def test_the_data_of_the_project_are_taken_where_they_are(tmp_path: Path) -> None:
    write(tmp_path / "labelled.jsonl", {"text": "a", "intent": "issue", "reasons": []})
    write(tmp_path / "unlabelled.jsonl", {"id": "u-1", "text": "b"})
    (tmp_path / "twcs_sample.csv").write_text(
        'tweet_id,author_id,inbound,created_at,text\n1,shop,False,x,"two\nlines"\n2,7,True,x,no\n', encoding="utf-8"
    )
    found = load_texts(None, data=tmp_path)
    assert {(row.text, row.reply) for row in found.rows} == {("a", False), ("b", False), ("two\nlines", True)}
    assert len(found.labels_sha256) == 64


def test_without_data_the_sample_firehose_does_with_customers_and_brands(tmp_path: Path) -> None:
    found = load_texts(None, 1_000, data=tmp_path / "none")
    assert found.source == "the sample firehose"
    assert len(found.rows) == 1_000
    assert 0 < found.replies.sum() < 500


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no texts"),
        (b"{}\n", "line 1"),
        (b'{"text": "a"}\n{broken\n', "line 2"),
        (b'{"text": "\xff"}\n', "line 1"),
    ],
)
def test_a_file_that_is_none_is_one_clear_line(tmp_path: Path, content: bytes, said: str) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_bytes(content)
    with pytest.raises(UnheardError, match=said):
        load_texts(file)


def test_a_missing_file_is_one_clear_line(tmp_path: Path) -> None:
    with pytest.raises(UnheardError, match="cannot read"):
        load_texts(tmp_path / "none.jsonl")
