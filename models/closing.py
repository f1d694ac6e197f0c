"""What a customer's answer says about the case: settled, or still open.

Cues and ``OPEN_WORDS`` are words and pairs of words by which ``models.scan`` tells in compiled code which texts need no
pattern: without a cue nothing closes, and neither does anything with an open word or a question mark.
"""

from typing import Final

from models.language import word_set
from models.phrases import Groups, prepared, spaced, words

# Words that leave a case open whatever else is said.
OPEN_WORDS: Final = word_set(
    "isn't isnt hasn't hasnt haven't havent won't wont doesn't doesnt yet whether should needs "
    "unresolved unsolved why asap"
)
_SUBJECT: Final = (
    r"(?:it|it's|its|that|that's|this|issue|problem|everything|everything's|all|they|they're|they've|app|phone|internet"
    r"|service|account|wifi|order|refund|now|finally|already|just|been|got|i|i've|we|you|you've)"
)
_THING: Final = (
    r"(?:item|bags?|luggage|package|parcel|phone|wallet|orders?|refund|money|code|tickets?|delivery|replacement|stuff"
    r"|receipt|credit|e-?mail|confirmation|points|miles)"
)
_END: Final = r"(?: now| today| again| back| already|,? thank| thx|[^\w\x27\s]|\s*$)"
_SETTLED: Final = (
    rf"{_SUBJECT} (?:now |been |all |finally |already |just |got |get |has been |has |have |is |was |are )*"
    r"(?:solved|sorted|fixed|resolved|worked out|figured (?:it|this|that) out|refunded|restored|reinstated)\b",
    r"(?:it|that|this|which|everything|all|they|restarting|reinstalling|resetting|app|phone|tv|internet|wifi"
    r"|service|mine)"
    r"(?:'s|'re| is| are| has| have| does| did| seems? to be| just)* (?:back |now |finally |already |started )+"
    r"(?:works|worked|working|downloaded|loaded)\b",
    r"(?:works|worked|working|downloaded|loaded|loads|is fine|are fine|is good|is ok) (?:again|now)\b",
    r"(?:it|that|this|which|everything|they) (?:just |actually |finally )?worked(?: perfectly| great| fine| well)?"
    r"(?:[^\w\x27\s]| thank| thx| $)",
    r"(?:back up|up) and running\b",
    r"back (?:up|online|to normal|working)(?: now| again)?(?:[.!,]| thank| $)",
    r"(?:they're|they are|it's|it is|service is|internet is|app is) (?:all |finally )?back(?: up| on)?"
    r"(?: now| again| thank|[^\w\x27\s]| $)",
    r"(?:did|does) the trick\b",
    r"(?:problem|issue|outage|it) (?:is |was |has been |got |been )?(?:solved|resolved|fixed|sorted)\b",
    r"no longer (?:an issue|a problem|needed)\b",
    r"all (?:good|set|sorted|fixed)\b",
    r"(?:seems?|appears?|looks like it's) (?:to be )?(?:working|fixed|resolved|sorted|ok now|fine now)\b",
    r"already (?:been )?(?:handled|sorted|taken care of|resolved|fixed|refunded)\b",
    r"(?:been|was|is|it's|all) (?:taken care of|handled)\b",
    r"(?:it's|its|all|is) done now\b",
    r"(?:see|got|found) it now\b",
    r"(?:i am|i'm|very|so) happy (?:with|now)\b",
    r"(?:does|did|seems to have|has) resolved?\b",
    r"(?:solved|resolved|fixed|sorted) (?:it|this|that|the (?:issue|problem)|itself|now|already)\b",
    r"got it (?:working|to work|fixed|sorted|resolved)\b",
    r"(?:solved|sorted|fixed|resolved)[^\w\x27]{0,8} $",
    r"(?:it |they |that |package |order |item |bag |luggage )?(?:just |finally |eventually )?got here\b",
    r"(?:just|finally|eventually|already|has|have|they|did) (?:arrived?|showed up|turned up)\b",
    rf"{_THING} (?:was |is |has been |has |just |finally )?(?:found|returned|arrived|got here){_END}",
    rf"{_THING} (?:was |has been |is )?recovered\b",
    r"(?:i've|i have|i|we've|we|just|finally) (?:just |finally |already |now )*(?:got|received|found|have) "
    rf"(?:my|the|our) (?:\w+ )?{_THING}{_END}",
    r"found each other\b",
    r"i(?:'ve)? (?:just |finally |already )?managed to\b",
    r"finally (?:got it|got through|am back|back)\b",
    r"(?:just )?(?:fixed|resolved|solved|sorted) (?:by|via|through|with)\b",
    r"ya (?:está|esta|quedó|quedo|funciona|llegó|llego)\b",
    r"(?:resuelto|solucionado|solucionada|arreglado)\b",
    r"recib[ií] (?:mi|mis|el|los|la|las)\b",
)
_WORKS: Final = (  # said of one device while another does not work, it is a detail
    r"(?:it|that|this|which|everything|all|they|restarting|reinstalling|resetting|app|phone|tv|internet|wifi|service)"
    r"(?: has| have| just)* (?:works|worked)\b",
    r"(?:works|worked|working) (?:fine|perfectly|great|well|beautifully|like a charm)\b",
    r"found (?:a )?(?:way|work|fix) ?(?:around)?\b",
    r"figured (?:it )?out\b",
    r"(?:i )?found it\b",
)
_AT_ONCE: Final = (  # the first words after the handles say it
    r"(?:(?:yes|yep|yeah|yup|oh|ok|okay|cool|great|awesome|hey|hi|nice|lol|haha|update)\b)?[,.!:]* ?"
    r"(?:it |that |this |all |just |finally |never ?mind[,.! ]*)?(?:works|worked|working|fixed|sorted|solved|resolved)"
    r"(?: (?:it|this|that|now|perfectly|great|thanks|thank|by|via|like)\b|\s*[^\w\x27\s@#]|\s*$)"
)
_DROPPED_AT_ONCE: Final = (
    r"(?:(?:oh|nope|no|nah|hey|ah|yeah|ok)[\s,.!]+)*(?:(?:it's|its) (?:ok|okay|fine|all good)\s*[.!,]"
    r"|no (?:need|problems?|worries)\b|never ?mind\b|nvm\b)"
)
_DROPPED: Final = (
    r"(?:never ?mind|nvm)\b",
    r"disregard(?: that| this| my| previous|[^\w\x27\s]| thank| $)",
    r"no (?:worries|need|problems?)\b",
    r"(?:i'm|im|i am|we're|we are|am) (?:all )?good\b",
    r"(?:don't|dont) worry about\b",
    r"forget (?:it|about it)\b",
    r"(?:it's|its) (?:ok|okay|fine|all right|alright|cool)(?:[.!,]| now| i | thank| $)",
    r"my pleasure\b",
    r"you're welcome\b",
)
_THANKS: Final = (
    r"(?:thanks|thank ?(?:you|u|s|x|ya|goodness)|thankyou|thankx|thanx|thnx|thnks|thx|thxs|tks|tnx|tysm|tyvm"
    r"|ty|cheers|ta"
    r"|much appreciated|appreciate (?:it|that|the|this|your|you|all)|appreciated|gracias|merci|danke|obrigad[oa]|grazie"
    r"|bedankt|terima kasih|makasih)\b",
    r"teşekkür(?:ler)?\b",
    r"(?:you|guys|team|they|staff|agents?|crew) were(?: all| so| very| super| really| absolutely| extremely| just)* "
    r"(?:great|amazing|awesome|helpful|fantastic|wonderful|excellent|brilliant|lovely)\b",
)
_JAPANESE_THANKS: Final = r"|ありがとうございま(?:した|す[^\pL]*$)|助かりました"
_JAPANESE_SETTLED: Final = "|解決(?:しました|です)|(?:でき|直り|届き|治り)ました"
# Takes thanks back, unless it is part of a turn of phrase (below).
_OPEN_ELSE: Final = (
    r"(?:not|still|never|if|until|when|hope|hoping|hopefully|want|would|but|can't|cant|couldn't|didn't|didnt"
    r"|almost|once"
    r"|however|wait|need|i'll|i will|will|how|although|cannot|please|pls|plz|wasn't|aren't|ain't)\b",
)
_TURNS: Final = (
    r"but (?:ok |okay |yes |anyway |also |really )*(?:thank|thx|thnx|ty\b|cheers|appreciate|much)\w*",
    r"once (?:again|more)\b",
    r"not a problem\b",
    r"(?:can't|cant|couldn't|could not|cannot) (?:thank|wait|complain|believe|ask for|have asked|be happier|fault)\w*",
    r"not (?:sure|certain) (?:what|how) [^.!?]*",
    r"(?:don't|not) know what happened\b",
    r"(?:i'm|i am|was|am) not (?:frustrated|mad|angry|upset|complaining|worried|bothered)\b",
    r"(?:would|will) (?:definitely |highly |certainly |totally )?(?:recommend|be (?:back|flying|using|returning))\b",
    r"would like to (?:thank|say)\b",
    r"wouldn't have\b",
    r"hope (?:you|to see|to fly|all|everyone|y'all|that helps|this helps)\b",
    r"hopefully you\b",
    r"(?:i'll|i will|will|we will|we'll) (?:\w+ )?(?:keep an eye|keep (?:it|that|this) in mind|be back"
    r"|be enjoyed|be flying|"
    r"recommend|remember|fly|see you|enjoy|continue|always|never forget|use|come back)\b",
    r"if (?:i|we) (?:ever )?(?:have|need|run|get|see)(?: any| more| further| another| anything| it)\b[^.!?]*",
    r"luckily [^.!?]*",
    r"(?:so far|not yet)[,.]? (?:so good|no)\b",
    r"how (?:quick|fast|great|good|nice|kind|helpful|easy|responsive|amazing|you|awesome)\w*",
    r"was hoping\b",
    r"understand (?:that )?you (?:cannot|can't)\b",
    r"(?:i'll|i will|will) let (?:you|u|y'all) know if\b[^.!?]*",
    r"until (?:next time|then)\b",
    r"(?:please|pls|plz) (?:disregard|ignore|note|thank|pass|tell|give|keep it up)\b",
)
# The matter goes on elsewhere or later, or what was asked for is given.
_GOES_ON: Final = (
    r"(?:no thanks|thanks? for nothing|in advance|waiting|awaiting|dm|dms|dm'?e?d|dming|unfortunately|worst|unable|sent"
    r"|sending|messaged|emailed|inboxed|let you know|let u know|keep (?:me|you|us)|here's|here is|here you go|attached"
    r"|fingers crossed|booking|reservation|number|postcode|confirmation|username|version|following (?:you"
    r"|now)|followed)\b",
    r"(?:will|'ll|gonna|going to|trying|try|tried) (?:try|do|check|dm|call|send|post|give|let|contact|that|it"
    r"|again|now)\b",
    r"(?:i'll|i will) (?:do|try|give|check|send|dm|call|contact|let|take|look|wait|have|go|get)\b",
    r"will (?:shortly )?(?:return|reply|respond|be sending|follow|do|try|dm|check|send|post|call|contact|let|give)\b",
    r"look(?:ing)? forward to (?:hear|your|work|the|a|it|see)\w*",
    r"looking into\b",
    r"(?:just|already|i) (?:did|filled|filed|submitted|called|replied|responded|tried|followed|done)(?: it| that| so)?"
    r"(?:[.!,]| twice| and| $)",
    r"filled (?:it|in|out)\b",
    r"(?:thanks|thank you) because\b",
    r"(?:rd|road|street|avenue|lane)\b",
    r"(?:thanks|thank you) (?:a lot )?to you\b",
    r"(?:thanks|thank you|thx|cheers) (?:a lot |so much |again )?for (?:ruin|losing|cancel|the delay|the wait"
    r"|wast|mak|leav|screw"
    r"|suck|ignor|noth|los|keeping me|delay|charg|ripp|lying|announc|the useless|no )\w*",
    r"[^\s@]{0,2}\d{4,}",
)
_WARM: Final = (
    r"(?:(?:ok|okay|hi|hey|hello|great|awesome|perfect|cool|oh|yes|brilliant|excellent)[\s,.!]+)*"
    r"(?:thanks?|thank you|thx|cheers)(?: so much| very much| a lot| again|,? \w+)? for (?:the |your |all "
    r"|all the |all your "
    r"|such a )?(?:\w+ )?(?:help|repl|respon|assist|support|quick|prompt|fast|speedy|personal|call|info|updat"
    r"|clarif|answer"
    r"|explain|sorting|fixing|resolving|gett|look|follow|check|understand)\w*"
)
_AFTER_HANDLES: Final = r"^\s*(?:@\w+[\s:,]+)*"

_RULES: Final = Groups(
    {
        "open": words(rf"(?:{'|'.join(sorted(OPEN_WORDS))})\b"),
        "settled": words(*_SETTLED) + _JAPANESE_SETTLED,
        "works": words(*_WORKS),
        "at once": _AFTER_HANDLES + spaced(_AT_ONCE),
        "dropped at once": _AFTER_HANDLES + spaced(_DROPPED_AT_ONCE),
        "dropped": words(*_DROPPED),
        "thanks": words(*_THANKS) + _JAPANESE_THANKS,
        "open else": words(*_OPEN_ELSE),
        "turns": words(*_TURNS),
        "goes on": words(*_GOES_ON),
        "warm": _AFTER_HANDLES + spaced(_WARM),
        "unsure": words(
            r"(?:not|don't|dont|never|nothing|none|neither|still|if|when|until|once|before|hope|hoping"
            r"|hopefully|want|would|need|can't|cant"
            r"|couldn't|didn't|didnt|almost|how|to be|used to|only|who|unless|get|gets|getting|wish|supposed|says?|said"
            r"|told|should've|think|thought|wasn't|aren't|ain't|claim|claims|saying|be)\b[^.!?;,]*"
        ),
        "however": words(r"(?:but|however|except|still|although|unfortunately|though \w+|now the|now it|after that)\b"),
    }
)
# By these ``models.scan`` knows which answers are worth reading: every phrase above has one of them. A pair is (words,
# words that follow directly).
SETTLING_CUES: Final = word_set(
    "solved sorted fixed resolved refunded restored reinstated trick recovered resuelto solucionado solucionada "
    "arreglado recibí recibi nevermind nvm"
)
EARLY_CUES: Final = word_set("works worked working")  # "at once", so among the first words
EARLY: Final = 4
THANKS_CUES: Final = word_set(
    "thanks thank thanku thankyou thankx thanx thnx thnks thx thxs tks tnx tysm tyvm ty cheers ta appreciated "
    "appreciate gracias merci danke obrigado obrigada grazie bedankt terima makasih teşekkür teşekkürler disregard"
)
SETTLING_PAIRS: Final = (
    ("worked figured", "out it this that"),
    ("back now finally already started", "works worked working downloaded loaded"),
    ("works worked working downloaded loaded loads fine good ok", "again now"),
    ("it that this which everything they just actually finally", "worked"),
    ("and", "running"),
    ("back", "up online to working"),
    ("they're are it's is all finally", "back"),
    ("longer", "an a needed"),
    ("all", "good set"),
    ("seem seems appear appears be it's", "working ok fine"),
    ("already been was is it's all", "handled taken"),
    ("done it", "now"),
    ("happy", "with now"),
    ("did does have has", "resolve"),
    ("it", "working to"),
    ("got", "here"),
    ("just finally eventually already has have they did", "arrive arrived showed turned"),
    (
        "item bag bags luggage package parcel phone wallet order orders refund money code ticket tickets delivery "
        "replacement stuff receipt credit email mail confirmation points miles was is been has just finally",
        "found returned arrived",
    ),
    ("got received found have", "my the our"),
    ("found managed", "each to"),
    ("finally", "got back am"),
    ("ya", "está esta quedó quedo funciona llegó llego"),
    ("it's its", "ok okay fine all"),
    ("no", "need problem problems worries"),
    ("never", "mind"),
)
WORKING_PAIRS: Final = (
    (
        "it that this which everything all they restarting reinstalling resetting app phone tv internet wifi service "
        "has have just",
        "works worked",
    ),
    ("works worked working", "fine perfectly great well beautifully like"),
    ("found", "a way work fix wayaround workaround fixaround it"),
)
THANKS_PAIRS: Final = (
    ("you guys team they staff agent agents crew", "were"),
    ("i'm im am we're are all", "good"),
    ("worry forget", "about it"),
    ("it's its", "alright cool"),
    ("my", "pleasure"),
    ("you're", "welcome"),
)
# Of the words that take thanks back those that no turn of phrase excuses, unless one of the others is in the text.
TAKING_BACK: Final = word_set(
    "still when want almost need although aren't ain't wasn't didn't didnt however not never dm dms unfortunately "
    "waiting sent number booking reservation confirmation unable worst"
)
EXCUSING: Final = word_set(
    "will i'll we'll luckily sure certain know if problem frustrated mad angry upset complaining worried bothered could"
)
_LONGEST: Final = 280  # characters; a longer text that says thanks somewhere says more than that


_TAKE_BACK: Final = frozenset({"open else", "however", "goes on"})


def closes(text: str, intent: str) -> bool:
    """The customer says that the matter is settled or dropped, or thanks and leaves nothing open.

    Thanks in a text that is judged to complain or to ask (``issue``, ``vent``) close nothing.
    """
    if len(text) > _LONGEST or "?" in text:
        return False
    known = prepared(text)
    found = _RULES.found(known)
    if not found or "open" in found:
        return False
    calm = intent not in {"issue", "vent"}
    if _settled("settled", known, found) or (calm and _settled("works", known, found)):
        return True
    if "dropped at once" in found and "thanks" not in found and not _TAKE_BACK & found:
        return True
    if not calm or ("goes on" in found and not _mere_turns("goes on", known, found)):
        return False
    if "thanks" not in found:
        return "dropped" in found and "open else" not in found
    if "warm" in found and intent == "praise" and "however" not in found:
        return True
    return "open else" not in found or _mere_turns("open else", known, found)


def _settled(group: str, text: bytes, found: frozenset[str]) -> bool:
    """A phrase of the group says that the matter is settled: nobody denies or merely wishes it, and what follows takes
    nothing back."""
    if "at once" in found:
        at = 0
    elif group in found:
        unsure = _RULES.spans("unsure", text) if "unsure" in found else []
        held = [place for place, _ in _RULES.spans(group, text) if not _within(place, unsure)]
        if not held:
            return False
        at = held[-1]
    else:
        return False
    doubts = [place for place, _ in _RULES.spans("however", text) if place > at] if "however" in found else []
    return not doubts or ("thanks" in found and _RULES.spans("thanks", text)[-1][0] > doubts[-1])


def _within(place: int, spans: list[tuple[int, int]]) -> bool:
    return any(start <= place < end for start, end in spans)


def _mere_turns(group: str, text: bytes, found: frozenset[str]) -> bool:
    """Whatever would leave the case open is part of a turn of phrase that does not."""
    if "turns" not in found:
        return False
    turns = _RULES.spans("turns", text)
    return all(_within(place, turns) for place, _ in _RULES.spans(group, text))
