"""Which language a text is in: script first, then words and accents. Tables here, the counting in ``models.scan``.

Words say more than letters: a word that English does not have counts ``FOREIGN`` for each language that lists it, a
letter with an accent counts for the languages that write it, and the best language must outweigh English. What
shows neither English nor another language is ``und``: nobody guesses, so it is not judged.
"""

import unicodedata
from functools import cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from models.stop_words import ENGLISH_WORDS, IN_NAMES, STOP_WORDS

# Letters of other alphabets: (language they stand for, first and last code point). Whole 64s, so that the first two
# bytes of a character's UTF-8 form tell its script.
SCRIPTS: Final = (
    ("ja", 0x3040, 0x30FF),
    ("zh", 0x3400, 0x4DBF),
    ("zh", 0x4DC0, 0x9FFF),
    ("ko", 0x1100, 0x11FF),
    ("ko", 0x3140, 0x317F),
    ("ko", 0xAC00, 0xD7BF),
    ("ar", 0x0600, 0x077F),
    ("ru", 0x0400, 0x053F),
    ("el", 0x0380, 0x03FF),
    ("hy", 0x0540, 0x057F),
    ("he", 0x0580, 0x05FF),
    ("hi", 0x0900, 0x097F),
    ("bn", 0x0980, 0x09FF),
    ("pa", 0x0A00, 0x0A7F),
    ("gu", 0x0A80, 0x0AFF),
    ("ta", 0x0B80, 0x0BFF),
    ("te", 0x0C00, 0x0C7F),
    ("kn", 0x0C80, 0x0CFF),
    ("ml", 0x0D00, 0x0D7F),
    ("si", 0x0D80, 0x0DFF),
    ("th", 0x0E00, 0x0E7F),
    ("lo", 0x0E80, 0x0EFF),
    ("my", 0x1000, 0x107F),
    ("ka", 0x10C0, 0x10FF),
    ("am", 0x1200, 0x137F),
    ("km", 0x1780, 0x17FF),
)
ACCENTED: Final = ((0x00C0, 0x027F), (0x1E80, 0x1EFF))  # Latin letters outside ASCII
# Marks and invisible characters: they neither end a word nor are part of it.
MARKS: Final = (
    (0x0300, 0x036F),
    (0x00AD, 0x00AD),
    (0x200B, 0x200F),
    (0x202A, 0x202E),
    (0x2060, 0x206F),
    (0xFE00, 0xFE0F),
)
# Within a script: (language of the script, another that shares it, letters for the other, letters against it).
SISTERS: Final = (
    ("ru", "uk", "іїєґІЇЄҐ", "ыэёъЫЭЁЪ"),
    ("ar", "fa", "پچژگکی", "يكةىأإ"),
    ("ar", "ur", "ٹڈڑںےہھ", ""),
)
# Accented letters and the languages that write them, with their weight. Capitals of the Latin-1 block are left out:
# in English texts they are mostly the rubble of a wrong encoding.
ACCENTS: Final = (
    ("ß", "de", 4),
    ("äö", "de sv fi", 2),
    ("ü", "de tr hu", 2),
    ("ö", "tr hu", 2),
    ("å", "sv da no", 3),
    ("øæ", "da no", 3),
    ("ñ", "es", 3),
    ("ãõ", "pt", 3),
    ("ç", "fr pt tr", 2),
    ("œ", "fr", 3),
    ("é", "fr es pt hu it cs vi", 1),
    ("áíóú", "es pt hu cs vi", 1),
    ("àèìòù", "it fr vi", 1),
    ("âêô", "fr pt vi", 1),
    ("îâ", "ro fr", 1),
    ("ëïû", "fr nl", 1),
    ("ý", "cs", 2),
    ("ğışĞŞİ", "tr", 3),
    ("őűŐŰ", "hu", 4),
    ("ąęłśźżćńĄĘŁŚŹŻĆŃ", "pl", 3),
    ("ěřůťďňĚŘŮŤĎŇ", "cs", 4),
    ("čšžČŠŽ", "cs", 2),
    ("ă", "ro vi", 2),
    ("șțȘȚţ", "ro", 4),
    ("đĐơưƠƯ", "vi", 4),
)
VIETNAMESE: Final = (0x1EA0, 0x1EF9, 2)  # its letters with two marks, and their weight

_SCRIPT_LANGUAGES: Final = tuple(dict.fromkeys(name for name, _, _ in SCRIPTS))
LANGUAGES: Final = tuple(
    dict.fromkeys(("und", *STOP_WORDS, *_SCRIPT_LANGUAGES, *(sister for _, sister, _, _ in SISTERS)))
)  # the index is the code that ``models.scan`` gives
JUDGED: Final = frozenset({"en"})

FOREIGN: Final = 4  # weight of a word that English does not have
SHARED: Final = 1  # in another language, of a word that English has too; of a single letter
NAMED: Final = 2  # of a word that also stands in names
ENGLISH: Final = 4
ENGLISH_SHARED: Final = 2
ENGLISH_WEAK: Final = 1
ENOUGH: Final = 6
ENOUGH_IF_SHORT: Final = FOREIGN
SHORT_WORDS: Final = 3  # a text of so many words or fewer is English unless something speaks against it
FACTOR: Final = 1  # how far the other language must outweigh English
LOOKED_AT_WORDS: Final = 40  # known words and ...
LOOKED_AT_ACCENTS: Final = 20  # ... letters that count: 40 * 4 + 20 * 4 is less than a byte holds

_PLAIN: Final = str.maketrans({"ß": "ss", "ø": "o", "æ": "ae", "ł": "l", "ı": "i", "đ": "d"})  # noqa: RUF001
_UMLAUTS: Final = str.maketrans({"ä": "ae", "ö": "oe", "ü": "ue", "ß": "ss"})

Weights = dict[str, int]  # language → weight


def word_set(text: str) -> frozenset[str]:
    """The words of ``text``."""
    return frozenset(text.split())


def without_accents(word: str) -> str:
    """``word`` as it is written by those who leave accents out."""
    parts = unicodedata.normalize("NFD", word.translate(_PLAIN))
    return "".join(char for char in parts if not unicodedata.combining(char))


def _spellings(language: str, word: str) -> set[str]:
    umlauts = {word.translate(_UMLAUTS)} if language == "de" else set()
    return {word, without_accents(word)} | umlauts


@cache
def word_weights() -> dict[str, Weights]:
    """Word → its weight in each language that has it."""
    strong, weak, names = word_set(STOP_WORDS["en"]), word_set(ENGLISH_WORDS), word_set(IN_NAMES)
    weights: dict[str, Weights] = {word: {"en": ENGLISH_WEAK} for word in weak}
    weights |= {word: {"en": ENGLISH} for word in strong}
    for language, text in STOP_WORDS.items():
        if language == "en":
            continue
        for word in word_set(text):
            for spelling in _spellings(language, word):
                if spelling == word or spelling not in strong | weak:
                    weights.setdefault(spelling, {})[language] = _foreign_weight(spelling, strong | weak, names)
    for word in strong:
        if len(weights[word]) > 1:
            weights[word]["en"] = ENGLISH_SHARED
    return weights


def _foreign_weight(word: str, english: frozenset[str], names: frozenset[str]) -> int:
    if word in english or (len(word) == 1 and word.isascii()):
        return SHARED
    return NAMED if word in names else FOREIGN


@cache
def accent_weights() -> dict[str, Weights]:
    """Accented letter → its weight in each language that writes it."""
    weights: dict[str, Weights] = {}
    for letters, languages, weight in ACCENTS:
        for letter in letters:
            weights.setdefault(letter, {}).update(dict.fromkeys(languages.split(), weight))
    first, last, weight = VIETNAMESE
    for point in range(first, last + 1):
        weights.setdefault(chr(point), {})["vi"] = weight
    return weights


def script_table() -> NDArray[np.int16]:
    """int16[256, 256] by lead and second UTF-8 byte: index into ``LANGUAGES``; 0 Latin with accent; -1 no letter."""
    table = np.full((256, 256), -1, np.int16)
    for name, first, last in (*SCRIPTS, *(("und", *span) for span in ACCENTED)):
        for point in range(first, last + 1, 64):
            lead, second = chr(point).encode()[:2]
            wide = slice(None) if point < 0x800 else second  # of two bytes the first says it all
            table[lead, wide] = LANGUAGES.index(name)
    return table


def sister_table() -> tuple[NDArray[np.int16], NDArray[np.int8], NDArray[np.int16]]:
    """(language, sign) by code point of a letter that tells sister languages apart; (script's, sister) rows."""
    language, sign = np.zeros(0x800, np.int16), np.zeros(0x800, np.int8)
    for _, sister, ours, theirs in SISTERS:
        for letters, value in ((ours, 1), (theirs, -1)):
            for letter in letters:
                language[ord(letter)], sign[ord(letter)] = LANGUAGES.index(sister), value
    pairs = [[LANGUAGES.index(script), LANGUAGES.index(sister)] for script, sister, _, _ in SISTERS]
    return language, sign, np.array(pairs, np.int16)
