"""Which language a text is in: script first, then stop words. Tables here, the counting in ``models.scan``.

Tuned to be slow to leave English, because a text that is taken for another language is not judged: at least two
stop words of the other language (or one and an accent) must outweigh the English ones twice over.
"""

from typing import Final

import numpy as np
from numpy.typing import NDArray

# Very frequent words that tell the languages apart. A word in several lists counts less in each.
STOP_WORDS: Final[dict[str, str]] = {
    "en": (
        "the and to of is you your for it that this with have are was on not be at my me we our they from as if "
        "but so just what when how why who can will would could should do does did don't i'm it's can't won't "
        "i've you're been has had get got no an or all out up now more there here about than then they're their "
        "them he she his her him am by please thanks thank help need want still back any some new after because "
        "only one time good great love like flight phone app customer service update going know over never off "
        "very best day via today make ever really too in a i us rt lol ok yes hey hi hello sorry much many first "
        "last next again always even into these those which where were said see say way well work working think "
        "guys people better awesome free check let let's u im ur dont"
    ),
    "es": (
        "el la los las de que y en un una por con para no se su lo al del como más pero sus le ya o este sí "
        "porque esta entre cuando muy sin sobre también me hasta hay donde quien desde todo nos durante todos uno "
        "les ni contra ese eso ante ellos e esto mí antes algunos qué unos yo otro tanto él está estoy tengo "
        "tiene gracias hola hacer mi mis tu tus es son fue ha he han ser estar puedo puede quiero buenas buenos "
        "días ahora nada siempre cómo hoy pues bien mucho servicio cuenta favor aquí así cada vez solo sólo usted "
        "ustedes vuelo"
    ),
    "fr": (
        "le la les de des du et en un une pour que qui dans sur pas plus par je vous nous il elle ils ce cette "
        "ces est sont avec ne se au aux mais ou où donc son sa ses mon ma mes votre vos notre nos leur été être "
        "avoir ai as avons avez ont suis c'est j'ai n'est d'un d'une qu'il merci bonjour très bien fait faire "
        "comme tout tous quand sans si même aussi encore toujours depuis chez rien quoi ça moi toi lui alors "
        "parce peut peux était pourquoi comment service voici s'il salut jamais après avant deux"
    ),
    "de": (
        "der die das und ist nicht ich du sie wir ihr mit auf für von zu ein eine einen einem einer den dem des "
        "im in es auch als an bei nach wie aus oder aber wenn nur noch war sind hat haben habe bin kann kein "
        "keine mein meine mir mich dich dir uns euch sich so dass daß schon mal jetzt hier was wer wo warum doch "
        "immer wieder mehr sehr bitte danke hallo ja nein seit bis über unter durch um gegen ohne vor zum zur vom "
        "beim wird werden wurde würde könnte gibt geht heute morgen leider gerade man alle alles"
    ),
    "pt": (
        "o a os as de do da dos das em no na nos nas um uma e que não para por com se mais mas como ao à pelo "
        "pela ou ser quando muito há já está eu também só até isso ela ele entre depois sem mesmo aos seus quem "
        "me esse eles você vocês essa num nem suas meu minha às têm tem foi são tá pra pro vc vcs aí então agora "
        "obrigado obrigada oi olá fazer quero estou tenho bom boa dia nada sempre nunca aqui onde porque ainda "
        "todo toda tudo bem sou era vai vou estão pode posso né nao voce muita gente"
    ),
    "it": (
        "il lo la gli le di del della dei delle e che è un una uno per con non sono in si su al alla da dal dalla "
        "nel nella ma come più anche ho hai ha abbiamo hanno mi ti ci vi se questo questa quello quella perché "
        "quando dove chi cosa grazie ciao buongiorno tutto tutti molto bene fatto fare ancora sempre mai solo già "
        "dopo prima senza mio mia tuo tua suo sua nostro vostro loro essere avere io tu lui lei noi voi però poi "
        "così ora oggi stato c'è quindi sto siete siamo vostra fa"
    ),
    "nl": (
        "de het een en van ik je dat die in is op te met voor niet zijn er maar om aan ook als dan nog bij uit "
        "wel naar heeft hebben heb ben bent deze dit wat hoe wie waar waarom kan kunnen moet mijn jullie jij wij "
        "ons onze geen meer al door over tot werd wordt worden zou goed heel nu weer altijd nooit iets niets "
        "alles dank bedankt hallo graag even mij jou hem haar hun ze was gaat gaan doen doet vandaag"
    ),
    "id": (
        "yang dan di ke dari ini itu untuk dengan tidak ada saya aku kamu anda kami kita mereka dia akan bisa "
        "sudah udah belum juga atau pada dalam karena jadi lagi mau apa kenapa bagaimana gimana kalau kalo tapi "
        "tetapi saja aja nya nih sih dong ya gak ga nggak tak tolong terima kasih makasih banget bgt yg dgn sdh "
        "utk dr min kok masih sama oleh hari hanya lebih sangat seperti telah"
    ),
    "tr": (
        "ve bir bu da de için ile çok ne var yok ben sen biz siz o onlar mi mı mu mü gibi daha kadar sonra ama en "  # noqa: RUF001 - Turkish has this letter
        "her şey nasıl neden değil olarak olan oldu olur bana sana bize size benim senin bizim sizin teşekkürler "  # noqa: RUF001 - Turkish has this letter
        "teşekkür merhaba lütfen hala hâlâ niye şu ki diye artık bile hiç zaman gün iyi ya"  # noqa: RUF001 - Turkish has this letter
    ),
    "sv": (
        "och att det är som en på för med har inte jag du vi ni han hon den ett av till om men så var kan från de "
        "här där vad när hur min mitt din ditt er ert sig vill ska skulle mycket bara också bra tack hej nu efter "
        "utan eller alla inget något någon varför idag"
    ),
    "pl": (
        "i w na z do nie to że się jest jak co o za po od przez ale czy tak już tylko dla ma są był była było być "
        "mam masz mnie mi ci cię go jego ich nas was wy my ja ty ten ta te tego tej bardzo jeszcze kiedy gdzie "
        "dlaczego dziękuję dzięki proszę cześć dzień dobry może można nic coś teraz"
    ),
    "tl": (
        "ang ng sa na ay mga ko mo ka ako ikaw siya kami tayo sila ito iyan iyon hindi wala meron may nga naman "
        "lang din rin po opo ba kasi pero para kung paano bakit salamat yung nung yan dito doon pa niyo nyo natin "
        "namin kayo"
    ),
}
# Letters of other alphabets: (language they stand for, first and last code point). Whole 64s, so that the first two
# bytes of a character's UTF-8 form tell its script.
SCRIPTS: Final = (
    ("ja", 0x3040, 0x30FF),
    ("zh", 0x4000, 0x9FFF),
    ("ko", 0xAC00, 0xD7BF),
    ("ar", 0x0600, 0x077F),
    ("ru", 0x0400, 0x053F),
    ("el", 0x0380, 0x03FF),
    ("he", 0x0580, 0x05FF),
    ("hi", 0x0900, 0x097F),
    ("bn", 0x0980, 0x09FF),
    ("ta", 0x0B80, 0x0BFF),
    ("th", 0x0E00, 0x0E7F),
)
ACCENTED: Final = ((0x00C0, 0x027F), (0x1E80, 0x1EFF))  # Latin letters outside ASCII

LANGUAGES: Final = (
    "und",
    *STOP_WORDS,
    *(name for name, _, _ in SCRIPTS),
)  # the index is the code that ``models.scan`` gives
JUDGED: Final = frozenset({"und", "en"})

UNIQUE_WEIGHT: Final = 4  # of a stop word of one language; of k languages a k-th of it
ENOUGH: Final = 2 * UNIQUE_WEIGHT
ENOUGH_WITH_ACCENT: Final = UNIQUE_WEIGHT
FACTOR: Final = 2  # how far the other language must outweigh English
LOOKED_AT_WORDS: Final = 400


def word_set(text: str) -> frozenset[str]:
    """The words of ``text``."""
    return frozenset(text.split())


def stop_words() -> dict[str, tuple[int, int]]:
    """Word → (bit set of indexes into ``LANGUAGES``, weight in each)."""
    languages: dict[str, int] = {}
    for index, text in enumerate(STOP_WORDS.values(), start=1):
        for word in set(text.split()):
            languages[word] = languages.get(word, 0) | 1 << index
    return {word: (bits, max(1, UNIQUE_WEIGHT // bits.bit_count())) for word, bits in languages.items()}


def script_table() -> NDArray[np.int16]:
    """int16[256, 256] by lead and second UTF-8 byte: index into ``LANGUAGES``; 0 Latin with accent; -1 no letter."""
    table = np.full((256, 256), -1, np.int16)
    for name, first, last in (*SCRIPTS, *(("und", *span) for span in ACCENTED)):
        for point in range(first, last + 1, 64):
            lead, second = chr(point).encode()[:2]
            wide = slice(None) if point < 0x800 else second  # of two bytes the first says it all
            table[lead, wide] = LANGUAGES.index(name)
    return table
