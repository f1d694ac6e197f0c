"""Words that invented handles and e-mail addresses are made of."""

from typing import Final

FIRST_WORDS: Final = """
mara tom aisha jonas priya luca noor ewan sofia kofi hana rui ines dmitri yuki olu bella cai dara emil fay gus
hilda ivo jade kit lena milo nell otto pia quinn rosa sami tess uma vera will xena yan zoe blue old tiny happy
salty quiet red lucky north rainy dusty early late spicy wild real just its the mister miss doctor captain
"""

LAST_WORDS: Final = """
hiker kettle otter maple stone river baker pilot violet ember finch walker cloud pepper badger marsh reader gamer
fox pixel gardener drummer nomad teapot runner comet lemon harbour crow willow biscuit sailor thistle moss owl
puffin rocket noodle acorn banjo cactus dune echo fern glacier hazel island jigsaw kite lantern meadow nutmeg
"""

SURNAMES: Final = """
Okafor Lindqvist Marsh Duarte Novak Iyer Brandt Sato Keane Moreau Yilmaz Pereira Holm Abara
"""
