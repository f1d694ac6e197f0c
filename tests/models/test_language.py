"""Which language a text is in, and that the compiled answer is the readable one."""

import json
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from models import reference
from models.language import ACCENTED, LANGUAGES, SCRIPTS, script_table
from models.packing import pack
from models.scan import Scanner
from models.stop_words import STOP_WORDS

TABLE = [
    ("en", "@shop where is my parcel? I have waited a week"),
    ("en", "thx"),
    ("en", "lol ok"),
    ("en", "Café crème at Zoë's was great, thank you"),
    ("en", "no me gusta is all the Spanish that I know, can you help me?"),
    ("en", "DM sent"),
    ("en", "RT @user: #nowplaying El Camino by The Black Keys"),
    ("es", "¿Dónde está mi pedido? No lo he recibido"),
    ("es", "hola, no puedo entrar en mi cuenta desde ayer"),
    ("fr", "bonjour, je n'ai toujours pas reçu mon colis"),
    ("fr", "C\u2019est pas possible, toujours en retard"),
    ("de", "wo bleibt mein Paket? Ich warte seit einer Woche"),
    ("pt", "meu pedido não chegou e ninguém me responde"),
    ("it", "non ho ancora ricevuto il mio pacco, perché?"),
    ("nl", "waar blijft mijn pakket? Ik wacht al een week"),
    ("id", "paket saya belum sampai, tolong dibantu ya"),
    ("tr", "kargom hala gelmedi, neden cevap yok?"),
    ("sv", "var är mitt paket? Jag har inte fått det"),
    ("pl", "gdzie jest moja paczka? Nie mam jej od tygodnia"),
    ("tl", "wala pa rin ang order ko, paano na po ito"),
    ("ja", "荷物が届きません。いつ届きますか"),
    ("zh", "我的包裹在哪里"),
    ("ko", "제 소포가 아직 안 왔어요"),
    ("ar", "أين طردي؟ لم يصل بعد"),
    ("ru", "где моя посылка?"),
    ("el", "πού είναι το δέμα μου;"),
    ("he", "איפה החבילה שלי"),
    ("hi", "मेरा पार्सल कहाँ है"),
    ("bn", "আমার পার্সেল কোথায়"),
    ("ta", "என் பார்சல் எங்கே"),
    ("th", "พัสดุของฉันอยู่ที่ไหน"),
    ("und", ""),
    ("und", "😀 https://t.co/x @shop"),
    ("und", "1234"),
]


SCANNER = Scanner()


def compiled_language(text: str) -> str:
    _, codes = SCANNER.scan(*pack([text]))
    return LANGUAGES[codes[0]]


@pytest.mark.parametrize(("language", "text"), TABLE)
def test_a_sentence_is_told_by_its_script_and_its_small_words(language: str, text: str) -> None:
    assert compiled_language(text) == language
    assert reference.language(text) == language


CORPUS = [json.loads(line) for line in Path(__file__).with_name("languages.jsonl").read_text("utf-8").splitlines()]
SENTENCES = [row for row in CORPUS if row["half"] != "odd"]


def share(rows: list[bool]) -> float:
    return sum(rows) / len(rows)


def test_texts_of_other_languages_are_hardly_ever_taken_for_english() -> None:
    rows = [row for row in SENTENCES if row["lang"] != "en" and len(row["text"].split()) >= 4]
    assert share([compiled_language(row["text"]) != "en" for row in rows]) >= 0.97


def test_english_is_judged() -> None:
    rows = [row for row in SENTENCES if row["lang"] == "en"]
    assert share([compiled_language(row["text"]) == "en" for row in rows]) >= 0.97


@pytest.mark.parametrize(
    "language", ["es", "fr", "de", "pt", "it", "nl", "ja", "zh", "ko", "ar", "ru", "tr", "hi", "id", "pl", "sv"]
)
def test_a_common_language_is_called_by_its_name(language: str) -> None:
    rows = [row for row in SENTENCES if row["lang"] == language]
    assert share([compiled_language(row["text"]) == language for row in rows]) >= 0.85


@pytest.mark.parametrize(
    "row", [row for row in CORPUS if row["half"] == "odd"], ids=lambda row: ascii(row["text"][:20])
)
def test_odd_texts_get_the_readable_verdict(row: dict[str, str]) -> None:
    assert compiled_language(row["text"]) == reference.language(row["text"])


@settings(deadline=None, max_examples=300)
@given(st.text(st.one_of(st.characters(), st.characters(categories=["Cs"]))))
def test_any_unicode_gets_the_readable_language(text: str) -> None:
    assert compiled_language(text) == reference.language(text)


words = st.sampled_from(
    [word for text in STOP_WORDS.values() for word in text.split()] + ["@shop", "#día", "xyz", "12"]
)
letters = st.text("abcxyzéüñßş\u0131ğøåąőдяжκλאבبتनकকதกขかな漢字한국12 '.,!?", max_size=40)


@settings(deadline=None, max_examples=300)
@given(st.one_of(st.lists(words, max_size=12).map(" ".join), letters))
def test_the_compiled_language_is_the_readable_one(text: str) -> None:
    assert compiled_language(text) == reference.language(text)


def test_the_byte_table_knows_exactly_the_letters_of_the_ranges() -> None:
    table = script_table()
    spans = [*SCRIPTS, *(("und", *span) for span in ACCENTED)]
    for point in [*range(0x80, 0xD800), *range(0xE000, 0x10000)]:
        lead, second = chr(point).encode()[:2]
        expected = next((LANGUAGES.index(name) for name, low, high in spans if low <= point <= high), -1)
        assert table[lead, second] == expected, hex(point)
