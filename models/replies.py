"""What a brand's reply does with the customer: it stays in public, or sends the customer to another channel.

Written from real threads of service desks; every rule is a list of phrases that a reader can check. ``REPLY_CUES``
are single words without one of which no phrase can occur: by them ``models.scan`` tells in compiled code which
replies need no pattern at all.
"""

import re
from itertools import takewhile
from typing import Final, NamedTuple

from models.language import word_set
from models.phrases import LINK, SENTENCE, Groups, prepared, words
from models.records import CHANNELS


class Diversion(NamedTuple):
    """Where a reply sends the customer (one of ``CHANNELS``), and the words of the reply that do it."""

    channel: str
    phrase: str


STAYS_HERE: Final = Diversion("", "")

# A telephone number as desks write it; copies of the data sets have "<phone>" in its place.
_NUMBER: Final = (
    r"[\s:(](?:<phone>|\+\d|\(?0\d{2,4}\)?[\s-]?\d{3}|\(?\d{3}\)?[\s.-]\d{3}[\s.-]\d{4}|1[\s.-]\(?\d{3}\)?[\s.-]\d)"
)
_PLACE: Final = (
    r"(?:stores?|branch(?:es)?|shops?|outlets?|dealers?|offices?|desk|counter|kiosk|restaurants?|airport|"
    r"(?:financial|service|store|banking|service) cent(?:er|re)s?)\b"
)
_STAFF: Final = r"(?:agents?|managers?|attendants?|crew|colleagues?|team members?|personnel|staff|cashier|employee)\b"
_DETAILS: Final = (
    r"(?:note|message|details?|info|information|more|feedback|thoughts|suggestions?|ideas?|this|that|it|your"
    r"|some|e-?mail"
    r"|as many|concerns?|report|complaint|comments?|experience|screenshots?|photos?)\b"
)

_DM: Final = (
    r"dm(?:'?(?:s|d|ed)|'?ing)?\b",
    r"direct(?:ly)? messag\w*",
    r"(?:private|inbox|twitter|secure) (?:messag\w*|inbox)",
    r"(?:send|drop|shoot|write) (?:us|me|them) (?:over )?(?:an? )?(?:quick |short |private |direct |personal )?"
    r"(?:message|msg|inbox|pm)\b",
    r"message me\b",
    r"message us (?:with|your|the|and|so|privately|directly|via|on|at|for|if)\b",
    r"message us(?:[.!,]| https?:)",
    r"(?:shoot|drop) (?:us|me) (?:over )?a (?:quick )?note\b",
    r"(?:pm|inbox|mp) (?:us|me)\b",
    r"(?:via|by|per|por|en|in|through|over) (?:a |our |your )?(?:pms?|mp|md|inbox)\b",
    r"private(?: and)? (?:secured? )?link\b",
    r"click (?:on )?(?:the )?[^\w\s]{0,3}message\b",
    r"(?:follow|call|phone|text|email|pm|or|and)/dm\b",
    r"check (?:out )?your (?:twitter )?(?:inbox|messages|pms?)\b",
    r"(?:via|on|in|through) (?:whatsapp|messenger|facebook messenger|imessage)\b",
    r"(?:mensajes?|mensagem|mensagens) (?:direct|privad)[oa]s?\b",
    r"messages? priv[ée]",
    r"en priv[ée]",
    r"(?:privat|direkt|private )nachricht(?:en)?\b",
    r"messaggio (?:privato|diretto)",
    r"priv[ée] ?bericht\b",
)
_DM_BUTTON: Final = (  # a request, then a bare link that ends the text: it opens a private message
    r"(?:let us know|tell (?:us|me)|send (?:us|me|that|it))\b[^:]*[.!?)] (?:[\^*-]\w+ )?https?:/\S+ $",
)
_PHONE: Final = (
    r"(?:call|ring|phone|telephone)(?:ing)? (?:us|our|me|them|reservations|customer|<phone>|in\b|back\b|the (?:\w+ )?"
    r"(?:number|team|helpline|support|customer|store|hotline|line|airport|bank|reservations)|your (?:local"
    r"|nearest|bank))\b",
    r"(?:please|pls|kindly|you may|you can|you could|you should|you'll need to|you need to|just|by) "
    r"(?:also |then |just |either )?(?:call|ring|phone|calling|phoning|ringing)\b",
    r"(?:call|ring|phone)(?:ing)? or (?:chat|e-?mail|text|visit|write)\b",
    r"phone ?(?:or|/|&amp;|and|,) ?(?:live )?(?:chat|e-?mail)\b",
    r"(?:give|drop) (?:us|me|them|it|our [\w\s]*?|the [\w\s]*?) ?a (?:quick )?(?:call|ring|bell|buzz)\b",
    r"(?:we'll|we will|we can|we need to|we'd like to|we'd love to|we would need to|happy to|someone will"
    r"|team (?:will|can)|agent (?:will|can)"
    r"|i'll|i will|i can)(?: \w+)? (?:give you a (?:call|ring)|(?:call|ring|phone) (?:you|back|now|shortly"
    r"|soon|asap))\b",
    r"i(?:'ll| will) call[.!,]",
    r"(?:called|phoned|rang) and left\b",
    r"return (?:my|our|your|the) call\b",
    r"request a call(?: ?back)?\b",
    r"(?:over|via|by|per|through) (?:the |our )?(?:(?:tele)?phone|telefon)\b",
    rf"(?:contact|reach|speak|talk|call|touch|speaking)\b{SENTENCE} (?:on|at|using) (?:the |our )?(?:tele)?phone\b",
    rf"(?:contact|reach|speak|talk|call|ring|phone|dial|number|reps|helpline|report)\b{SENTENCE}{_NUMBER}",
    rf"(?:contact|reach|call|dial|speak|touch)\b{SENTENCE} (?:(?:services?|support|toll-free) (?:number|line)"
    r"|hotline|helpline)\b",
    r"(?:best|good|convenient) time to (?:reach|call|contact) you\b",
    r"phone support\b",
    r"telefonisch\b",
    r"e-?mail/telefon\b",
)
_EMAIL: Final = (
    r"e-?mail(?:ing)? (?:us|me|our|the|them|it to)\b(?: (?:team|details))?",
    rf"(?:send|drop|shoot|write)\b{SENTENCE}\be-?mail(?: to| at| us|:)",
    r"(?:send|drop|shoot) (?:us|me|them|our team) an e-?mail\b",
    rf"(?:contact|reach|reply|respond|write|touch|send|speak|talk|follow|wenden)\b{SENTENCE}"
    r" (?:via|by|per|through|over) (?:an? )?e-?mail\b",
    r"(?:per|via) e-?mail[ /]",
    rf"(?:contact|reach|write|send|e-?mail|mail|touch|forward|share)\b{SENTENCE}[\s:(][\w.+-]+@\w",
    r"check (?:out )?your (?:e-?mails?|mail ?box|spam)\b",
    r"(?:reply|respond) to (?:the|our|that|your) e-?mail\b",
)
_CHAT: Final = (
    r"(?:live|web|online) ?chat\b",
    r"chat (?:securely |online |in )?(?:with|to) (?:us|me|our|an? (?:live )?(?:agent|expert|specialist|advisor|rep))\b",
    r"(?:via|on|over|by|using|through) (?:our |the )?chat\b",
    r"(?:phone|call|ring|e-?mail) ?(?:or|/|and|&amp;) ?chat\b",
    r"start a (?:live )?chat\b",
    r"chat team\b",
    r"return to our chat\b",
)
_FORM: Final = (
    rf"(?:fill|filling|complete|completing|submit|submitting)\b{SENTENCE}"
    r"\b(?:form|request|claim|ticket|survey|report|complaint)\b",
    rf"us(?:e|ing)\b{SENTENCE}\b(?:form|report(?:ing)? tool)\b",
    r"web ?form\b",
    r"(?:contact|feedback|online|claims?|complaints?|request|enquiry|inquiry|refund) form\b",
    r"(?:file|filing|open|opening|raise|raising|lodge|lodging|start|log|create|creating|make) (?:an?"
    rf"|another)\b{SENTENCE}"
    r"\b(?:claim|report|complaint|ticket|case|dispute|request)\b",
)
_STORE: Final = (
    r"in person\b",
    rf"visit(?:ing)? (?:your|our|a|any|the|one of our)\b{SENTENCE}\b{_PLACE}",
    rf"(?:see|speak (?:to|with)|talk (?:to|with)|ask|find|notify|reach out to) (?:an?|any|our|the|your)\b{SENTENCE}"
    rf"\b(?:gate|airport|ticket|flight|station|in-store|store|shift|duty|customer service|lobby|counter) {_STAFF}",
    rf"(?:speak(?:ing)? (?:to|with)|talk (?:to|with)|ask|find|see) (?:one of )?(?:an?|our|my|the|any) {_STAFF}",
    r"let (?:an?|the|your|our) (?:manager|crew|agent|team member|staff)\b",
    r"airport agent\b",
    rf"(?:go|going|pop|popping|head|heading|nip) (?:back |down |over )?(?:in ?to|to|in) {SENTENCE}{_PLACE}",
    rf"(?:take|bring|return|exchange) (?:it|this|that|them|the \w+)\b{SENTENCE} (?:to|in|into|at) {SENTENCE}{_PLACE}",
    r"return to the airport\b",
    r"(?:return|returning|take|taking|bring|bringing)\b[^.!?]*? to your (?:nearest|local)\b",
    r"(?:contact|question for|check with|touch with|reach out to|speak to|speak with) (?:the|your)(?: local"
    rf"| nearest)? {_PLACE}",
    r"at a local (?:outlet|branch|store)\b",
    r"(?:baggage|service|ticket|information|help|services) (?:desk|counter|kiosk)\b",
)
_LINK: Final = (
    r"(?:contact|reach|write|message|speak|talk|connect|chat)(?:ing)?(?: out| directly| back)*(?: to| with)?"
    rf" (?:us|our|me)\b{SENTENCE}[.!]*\s*{LINK}",
    rf"in touch\b{SENTENCE}{LINK}",
    rf"(?:contact(?:ing)?|reach|write|be reached)\b{SENTENCE}{LINK}",
    r"(?:tell (?:us|me)|fill us in|let us know more|let me know more|hear your (?:feedback|thoughts"
    rf"|suggestions|ideas))\b{SENTENCE}{LINK}",
    r"(?:send|share|provide|submit|leave|forward|log|post|include) (?:\w+ ){0,3}"
    rf"{_DETAILS}{SENTENCE}{LINK}",
    rf"(?:report|suggest|discuss|post) (?:it|this|that|them|these|to|a|the|your|any)\b{SENTENCE}{LINK}",
    rf"(?:suggest|welcome) (?:\w+ )?(?:suggestions|feedback|ideas)\b{SENTENCE}{LINK}",
    r"(?:look|check|investigate|dig)(?: into)? (?:this|it|that|things)(?: further"
    rf"| together)* with you\b{SENTENCE}{LINK}",
    rf"(?:sorted(?: out)?|connect|follow up|contact|reach)\b{SENTENCE}(?:via|through|at) {LINK}",
    rf"(?:follow up|(?:speak|speaking|talk) (?:to|with) our|get started) {SENTENCE}here[:;,]? {LINK}",
    rf"let us know\b{SENTENCE} (?:here|via|at|through|using|by clicking)[:;,]? ?{LINK}",
    r"go to (?:the|this) link\b",
    r"(?:click|select|use|using|via|at|through) (?:on )?(?:this|the|that|our)(?: following| secured?| private)* "
    r"(?:link|button|option)\b",
    rf"follow (?:this|the)(?: following)? link\b{SENTENCE} (?:contact|reach|report|request|send|share|call|chat)",
    rf"click(?:ing)? (?:here|below|https?:/\S+){SENTENCE}\b(?:send|provide|share|contact|reach|report|reply"
    r"|connect|tell)\b",
    rf"(?:mandarnos|enviarnos|envíanos|mándanos|escribirnos|compartirnos){SENTENCE} enlace\b",
    r"links? below\b",
    r"(?:the )?secured? link\b",
    rf"(?:contact|reach|report|submit|write)\b{SENTENCE} (?:through|via|on|in) (?:the|our) (?:website|site|portal)\b",
    r"if you follow the link\b",
    r"(?:contact(?:a|ar|anos|arnos|e|ez|er|o)|contáctanos|comunícate|contato|escríbenos|kontakt|kontaktiere|wenden"
    rf"|contattaci)\b[^?]*?{LINK}",
)
_JAPANESE: Final = {
    "dm": "|ダイレクトメッセージ",
    "phone": "|フリーダイヤル|お電話",
    "link": "|こちらから(?:お問い?合|ご連絡)"
    "|カスタマーサービス[^。]*?(?:お問い?合わせ|ご連絡|お知らせ|ご相談)を?(?:ください|下さい|いただけ|お願)",
}

# Names a channel, yet moves nobody there.
_NO_NEED: Final = (
    r"(?:no need|don't need|needn't|do not need|rather than|instead of|don't have|unable|not able|cannot|can't|won't) "
    r"(?:to |for |be able to |communicate |respond |reply |you to )*(?:an? |via |by |over |through )*"
    r"(?:dm\w*|call\w*|e-?mail\w*|ring|phon\w*|chat\w*|form|direct message|contact you)",
)
_ASKED: Final = (  # a question about what has been done
    rf"(?:have|had|did|were|was|has|haven't) (?:you|she|he|they|your \w+|anyone)\b{SENTENCE}\b"
    r"(?:call|phon|e-?mail|chat|contact|reach|sp[eo]ak|spoke|wr[io]t|talk|fil|open|fill|complet|submit|report"
    r"|visit|see|saw"
    r"|rais|ask)\w*(?:[^.!?]|\.\w)*\?",
    r"(?:they|people|folks) call us\b",
    r"call us that\b",
    r"(?:i|we|prior to|before) call(?:ing)?\b",
    r"(?:how long|once|after|when|since) (?:\w+ )?(?:you've|you have) \w+",
)
_THANKED: Final = (
    r"(?:thanks|thank you|thx|ty|appreciate|appreciate you|glad you|sorry)(?: so much| again| very much| \w+)? "
    r"(?:for )?(?:contact|reach|writ|connect|gett|messag|tweet|lett|shar|report|provid|send|bring|tak|rais"
    r"|help)ing[^.!?,]*",
)
_OURS: Final = (  # what the brand does itself
    r"(?:we|i)(?:'ll|'ve|'d|'re|'m)?(?: will| have| can| could| would| may| be| also| then| just| definitely| certainly"
    r"| like| happy| sure| to| going| am| are| now| already| need| want| get| love)* "
    r"(?:file|open|submit|raise|create|log|make|complete|fill|let|ask|notify|tell|see|share|report|send|provide|forward"
    r"|pass|give|take|return|start|post|reach|contact|call|including|include|speak (?:to|with) the)\b[^.!?]*",
    r"(?:article|guide|steps|page)\b[^.!?]*",
)

REPLY_CUES: Final = word_set(
    # private messages
    "dm dms dm's dmd dm'd dmed dm'ed dming dm'ing direct directly private secure inbox twitter message messages "
    "messaging pm pms mp md whatsapp messenger imessage send drop shoot write check click mensaje mensajes "
    "mensagem mensagens "
    "en prive privé privebericht "
    "privébericht privatnachricht privatnachrichten direktnachricht direktnachrichten nachricht nachrichten messaggio "
    # telephone, e-mail, chat
    "call calling called ring ringing rang phone phoning phoned telephone telephoning bell buzz contact reach speak "
    "talk touch dial number reps helpline hotline report telefon telefonisch email emailing emails mail mailing mails "
    "mailbox spam forward share reply respond follow wenden chat livechat webchat onlinechat "
    # forms
    "claim complaint ticket case dispute request survey form webform tool "
    # in person
    "person agent agents manager managers attendant attendants crew colleague colleagues member members "
    "personnel staff "
    "cashier employee store stores branch branches shop shops outlet outlets dealer dealers office offices "
    "desk counter "
    "kiosk restaurant restaurants airport center centers centre centres "
    # links
    "include nearest local enlace contacting reaching reached writing speaking talking connect connecting "
    "chatting tell fill know provide submit "
    "leave log post suggest discuss feedback thoughts suggestions ideas look investigate dig sorted started clicking "
    "link links button option website site portal contacta contactar contactanos contactarnos contacte contactez "
    "contacter contacto contáctanos comunícate contato escríbenos kontakt kontaktiere contattaci"
)

_RULES: Final = Groups(
    {
        **{
            channel: words(*phrases) + _JAPANESE.get(channel, "")
            for channel, phrases in zip(CHANNELS[1:], (_DM, _PHONE, _EMAIL, _CHAT, _FORM, _LINK, _STORE), strict=True)
        },
        "button": words(*_DM_BUTTON),
        "no need": words(*_NO_NEED),
        "asked": words(*_ASKED),
        "thanked": words(*_THANKED),
        "ours": words(*_OURS),
    }
)
_IN_OTHER_WORDS: Final = ("no need", "asked")
_DONE_HERE: Final = ("no need", "asked", "thanked", "ours")
_NOT_COUNTED: Final = {
    "dm": ("no need",),
    "phone": _IN_OTHER_WORDS,
    "email": _IN_OTHER_WORDS,
    "chat": _IN_OTHER_WORDS,
    "form": _DONE_HERE,
    "store": _DONE_HERE,
    "link": _DONE_HERE,
    "button": (),
}
_RANKS: Final = ({"dm", "phone", "email", "chat", "form", "store"}, {"link"}, {"button"})
_CHANNEL_OF: Final = {"button": "dm"}
_LONGEST_PHRASE: Final = 120  # characters
_ADDRESS: Final = re.compile(r"[\d@<]|https?:", re.IGNORECASE)
_AROUND: Final = " \n\t.,:;!?()[]\"'*-/&>\u2018\u2019\u201c\u201d"
_TRIES: Final = 4  # phrases of a channel looked at in one reply


def diverts(text: str) -> Diversion:
    """Where a brand's reply sends the customer. Of several channels it is the one named first; a mere link counts
    only when nothing else does, since it mostly leads to what the words name."""
    known = prepared(text)
    found = _RULES.found(known)
    for groups in _RANKS:
        places = [
            (span[1], span[0], group)
            for group in found
            if group in groups and (span := _first(group, known, found)) is not None
        ]
        if places:
            end, start, group = min(places)
            return Diversion(_CHANNEL_OF.get(group, group), _phrase(known[start:end]))
    return STAYS_HERE


def _first(group: str, text: bytes, found: frozenset[str]) -> tuple[int, int] | None:
    """Where the first phrase of ``group`` stands that is not within words that take it back."""
    span = _RULES.first(group, text)
    against = [] if len(found) == 1 else [other for other in found if other in _NOT_COUNTED[group]]
    if not against:
        return span
    taken_back = [place for other in against for place in _RULES.spans(other, text)]
    for _ in range(_TRIES):
        if span is None:
            return None
        stop = max((end for start, end in taken_back if start < span[1] and span[0] < end), default=0)
        if not stop:
            return span
        span = _RULES.first(group, text, max(stop - 1, span[0] + 1))
    return None


def _phrase(found: bytes) -> str:
    """The words found, without the link, number or address that they lead up to."""
    phrase = found.decode("utf-8", "replace")
    if _ADDRESS.search(phrase):
        phrase = " ".join(takewhile(lambda word: not _ADDRESS.search(word), phrase.split()))
    return phrase[:_LONGEST_PHRASE].strip(_AROUND)
