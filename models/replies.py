"""What a brand's reply does with the customer, and what a customer's answer says about the case: phrase rules.

Written from real threads of service desks; every rule is a list of phrases that a reader can check. Gaps between
words are bounded, so the patterns are linear in the text. Each begins with one character of an edge, on which ``re``
can skip ahead. ``CHANNEL_CUES``, ``CLOSING_CUES`` and ``OPEN_WORDS`` are single words by which ``models.scan`` tells
in compiled code which texts need no pattern at all.
"""

import re
from typing import Final

from models.language import word_set
from models.records import CHANNELS

_EDGE: Final = r"[^\w@#']"
_GAP: Final = r"[^.!?\n]{0,40}?"
_LINK: Final = r"https?://"


def _compile(*phrases: str) -> re.Pattern[str]:
    return re.compile(rf"{_EDGE}(?:{'|'.join(phrases)})")


_CHANNEL_RULES: Final = {
    "dm": _compile(
        r"dm'?(?:s|d|ed|ing)?\b",
        r"direct(?:ly)? messag",
        r"(?:private|inbox|twitter) messag",
        r"messag(?:e|ing) us\b",
        r"send (?:us|me) (?:a |an? )?(?:quick |private |direct )?(?:message|inbox|pm)\b",
        r"(?:pm|inbox) (?:us|me)\b",
        r"(?:via|by|per|por|en|in|through) (?:a )?(?:pm|mp|pn|dm|inbox)\b",
        r"mensa(?:je|gem|jes|gens)s? (?:direct|privad)[oa]s?\b",
        r"messages? privés?\b",
    ),
    "phone": _compile(
        r"(?<!they.)(?:call|ring|phone|telephone) (?:us|our|me|the (?:number|team|helpline|support|customer))\b"
        r"(?! that\b)",
        rf"give (?:us|our {_GAP}) ?a (?:call|ring|bell|buzz)\b",
        rf"(?:contact|reach|speak|talk|call|phone|ring)\b{_GAP}"
        r"(?: (?:tele)?phone\b(?! number)|[ (]\+?[01][0-9 ()-]{9})",
        r"(?:we'll|we will|we can|someone will|team will|i'll|i will) (?:give you a )?(?:call|ring|phone)\b(?! it\b)",
        r"(?:over|via|by) (?:the )?(?:phone|telephone)\b",
    ),
    "email": _compile(
        r"e-?mail (?:us|me|our|the team|it to)\b",
        rf"(?:send|drop|shoot|write)\b{_GAP}\be-?mail(?: to| at| us|:)",
        r"(?:send|drop|shoot) (?:us|me|our team) an e-?mail\b",
        r"(?:via|by) e-?mail\b",
        rf"(?:contact|reach|write)\b{_GAP}[\w.+-]{{1,40}}@[\w-]{{1,40}}\.",
    ),
    "chat": _compile(
        r"(?:live|web|online) ?chat\b",
        r"chat (?:with|to) (?:us|our|an? (?:agent|expert|specialist|advisor))\b",
        r"(?:via|in|on|over|by) (?:our )?chat\b",
        r"start a chat\b",
    ),
    "form": _compile(
        rf"(?:fill|complete|submit|use)\b{_GAP}\b(?:form|request|claim|ticket|survey)\b",
        r"web ?form\b|(?:contact|feedback|online|claims?|complaints?) form\b",
        rf"(?:file|open) an? {_GAP}(?:claim|report|complaint|ticket|case|request)\b",
    ),
    "link": _compile(
        r"(?:contact|reach|write|report|message|note|details|touch|reply|let us know(?! if)|assist|send"
        r"|share (?:your|more|some|the|this|as|it)|connect|feedback)\b"
        rf"[^\n]{{0,80}}?{_LINK}",
        r"(?:click|select|use|follow|using|via|at|through) (?:on )?(?:this|the)(?: following| secure| private)? "
        r"(?:link|button|option)\b",
        r"links? below\b",
        r"(?:secured?|private) link\b",
        r"through the (?:app|website)\b",
        rf"(?:enlace|contacto|contactar)[^\n]{{0,60}}?{_LINK}",
    ),
}
# Names a channel, yet moves nobody there.
_STAYS: Final = _compile(
    r"(?:no need|don't need|needn't|rather than|instead of|don't|unable) (?:to |for )?(?:a )?"
    r"(?:dm|call|email|ring|phone|chat)"
)
_JAPANESE: Final = (
    ("dm", "ダイレクトメッセージ"),
    ("phone", "フリーダイヤル"),
    ("phone", "お電話"),
    ("link", "こちらから"),
)

_CUES: Final = {
    "dm": "dm dms dm'd dm's dmd dm'ed dmed dming dm'ing direct directly private inbox twitter message messages "
    "messaging pm mp pn mensaje mensajes mensagem mensagens privé privés",
    "phone": "call ring phone telephone buzz bell contact reach speak talk",
    "email": "email e-mail mail contact reach write",
    "chat": "chat livechat webchat onlinechat",
    "form": "form webform contactform fill complete submit use file open",
    "link": "contact reach write report message note details touch reply know assist send share connect link links "
    "button option app website enlace contacto contactar feedback",
}
CHANNEL_CUES: Final = {channel: word_set(words) for channel, words in _CUES.items()}

_THANKS: Final = _compile(
    r"(?:thanks|thank ?(?:you|u|s|x|ya)|thankyou|thanx|thx|tysm|tyvm|ty|cheers|ta|much appreciated|appreciate "
    r"(?:it|that|the|your|you)|appreciated|gracias|merci|danke|obrigad[oa]|grazie|bedankt|terima kasih|makasih"
    r"|teşekkür(?:ler)?)\b"
)
_SOLVED: Final = _compile(
    r"(?:is|it's|its|been|got|now|all|already|i|that|issue|problem|finally|everything(?:'s| is)?|you|they|has)"
    r" (?:now |been |all |finally |already |just )?(?:solved|sorted|fixed|resolved|worked out)\b",
    r"(?:it|that|this|which|everything|all|restarting|reinstalling|resetting)(?:'s| is| has| does| did| seems to be)?"
    r" (?:now |finally |seems to )?(?:works?|worked|working)\b",
    r"(?:back up|up) and running\b|working (?:again|now|fine|perfectly)\b|works (?:now|again|fine|perfectly)\b",
    r"(?:did|does) the trick\b|(?:problem|issue) (?:solved|resolved|fixed)\b|no longer (?:an issue|a problem)\b",
    r"all (?:good|set|sorted)\b|(?:does|did) resolve\b|(?:solved|resolved|fixed) (?:it|this|the (?:issue|problem))\b",
    r"got it (?:working|to work|fixed|sorted)\b",
    r"(?:solved|sorted|fixed|resolved)[^\w']{0,3}$",
)
# Words after which neither thanks nor "solved" closes anything.
OPEN_WORDS: Final = word_set(
    "not isn't isnt hasn't hasnt haven't havent still never won't wont if until when hope hoping hopefully should "
    "want needs would please pls plz yet but can't cannot doesn't doesnt didn't didnt unresolved unsolved almost "
    "once however"
)
_OPEN: Final = _compile(rf"(?:{'|'.join(sorted(OPEN_WORDS))})\b")
# What takes thanks back, or says that the matter goes on elsewhere or later.
_CONTINUES: Final = _compile(
    r"(?:no thanks|thanks? for nothing|in advance|waiting|awaiting|wait|need|dm|dms|dm'?e?d|unfortunately|worst|unable"
    r"|why|how|sent|sending|will try|look forward|looking forward|let you know|keep me|asap|couldn't|here's|here is"
    r"|here you go|attached|i'll|i will|will post|will keep|fingers crossed|booking|order number)\b",
    r"thanks (?:a lot )?to you|thanks (?:a lot )?for (?:ruining|losing|cancel|the delay|wasting|making|leaving|screwing"
    r"|sucking|ignoring)",
)
CLOSING_CUES: Final = word_set(
    "thanks thank thanku thankyou thanx thx tysm tyvm ty cheers ta appreciated appreciate gracias merci danke "
    "obrigado obrigada grazie bedankt terima makasih teşekkür teşekkürler solved sorted fixed resolved resolve "
    "worked works work working running trick longer good set"
)
_LONGEST_CLOSING: Final = 280  # characters; a longer text that says thanks somewhere says more than that


_LINKS: Final = re.compile(r"(?<![a-z0-9])https?:/[^\x00-\x20]*")


def _plain(text: str) -> str:
    """Lower case, straight apostrophes, links without what they point to, between spaces."""
    lower = text.lower().replace("\u2019", "'")
    return f" {_LINKS.sub('https://', lower) if ':/' in lower else lower} "


def diverts(text: str, channels: tuple[str, ...] = CHANNELS[1:]) -> str:
    """The channel that a brand's reply sends the customer to, "" for none. Of several it is the first in the order of
    ``CHANNELS``: a reply that offers DM or a call diverts to DM. Only ``channels`` are looked for."""
    plain = _plain(text)
    for channel in channels:
        if _CHANNEL_RULES[channel].search(plain) and not _STAYS.search(plain):
            return channel
    for channel, phrase in _JAPANESE:
        if phrase in text:
            return channel
    return ""


def closes(text: str, intent: str) -> bool:
    """The customer says that the matter is settled, or thanks and asks for nothing more.

    Thanks in a text that is judged to complain or to ask (``issue``, ``vent``) close nothing.
    """
    if len(text) > _LONGEST_CLOSING:
        return False
    plain = _plain(text)
    if "?" in plain or _OPEN.search(plain):
        return False
    if _SOLVED.search(plain):
        return True
    return intent not in {"issue", "vent"} and bool(_THANKS.search(plain)) and not _CONTINUES.search(plain)
