"""How people really type: no capitals, all capitals, swapped letters, stretched vowels, emoji, too many marks.

``§`` and ``¤`` still stand for brand names here, so that no noise ever reaches a name that brands are found by.
"""

from typing import Final

from streams.sample.grammar import Draw, pick

_EMOJI: Final = {
    "issue": ("😩", "🙄", "😤", "🤔", "😭", "🙏", "⏳"),
    "vent": ("😡", "🤬", "🤡", "👎", "💩", "🙃"),
    "praise": ("❤️", "😍", "👏", "🙌", "🥰", "👍🏽"),
    "other": ("😂", "☕", "🌧️", "🎉", "👀", "🤷‍♀️", "🇵🇹"),
}
_TAGS: Final = ("#fail", "#help", "#mondays", "#customerservice", "#smh", "#nofilter", "#justsaying")
_FILLERS: Final = (" tbh", " lol", " ffs", " pls", " smh", " idk", " imo", "...", " ?!", "!!", "!!!", "??")


def roughen(text: str, mood: str, style: int, draw: Draw) -> str:
    """``text`` as somebody of this style types it; ``mood`` names a set of emoji."""
    roll = draw()
    if style == 0:
        if roll < 0.75:
            text = text[:1].upper() + text[1:]
        return f"{text} {pick(_EMOJI[mood], draw)}" if roll > 0.92 else text
    if roll < 0.25:
        text = swap_letters(text, draw)
    elif roll < 0.40:
        text = stretch_vowel(text, draw)
    elif roll < 0.55:
        text = text.replace("'", "")
    elif roll < 0.60 + 0.04 * style and "@" not in text:
        text = text.upper()
    if style > 1:
        text = text.replace("please", "plz").replace(" you ", " u ") if draw() < 0.4 else text
        text += pick(_FILLERS, draw) if draw() < 0.4 else ""
    return _decorate(text, mood, draw)


def _decorate(text: str, mood: str, draw: Draw) -> str:
    roll = draw()
    if roll < 0.25:
        emoji = pick(_EMOJI[mood], draw)
        return f"{text} {emoji * (1 + int(draw() * 3))}"
    return f"{text} {pick(_TAGS, draw)}" if roll > 0.93 else text


def swap_letters(text: str, draw: Draw) -> str:
    """Swap two neighbouring lower-case letters somewhere, or leave the text alone where there are none."""
    place = int(draw() * max(len(text) - 1, 1))
    pair = text[place : place + 2]
    if len(pair) == 2 and pair.isascii() and pair.isalpha() and pair.islower():
        return text[:place] + pair[1] + pair[0] + text[place + 2 :]
    return text


def stretch_vowel(text: str, draw: Draw) -> str:
    start = int(draw() * len(text))
    for place in range(start, len(text)):
        if text[place] in "aeiou" and (place + 1 == len(text) or text[place + 1] in " .,!?"):
            return text[:place] + text[place] * (2 + int(draw() * 4)) + text[place:]
    return text
