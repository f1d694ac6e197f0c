"""Stories: who talks to whom, in which order, and who never gets an answer."""

from typing import Final

from streams.sample.brands import BURST_BRAND, HOUR, MINUTE
from streams.sample.grammar import Draw, between, expand, pick, spread
from streams.sample.people import Customer
from streams.sample.script import DAY_MS, DAYS, START_MS, Script
from streams.sample.voices import Voice, make_chatter

# One letter a step. Customer: i issue, d detail, c chase, v vent, p praise, r review, x small talk, k "DM sent",
# t thanks. Brand: A asks, F fixes, M P E L diverts (DM, phone, e-mail, link), C closes, S sorry, b bot, o reaches out.
# The number is how often the plan comes up.
_UNANSWERED: Final = {"i": 30, "ic": 12, "icc": 5, "id": 5, "iv": 7, "icv": 4, "idcc": 2, "ik": 1}
_ANSWERED: Final = {
    "iA": 7, "iF": 9, "iFt": 8, "iAdF": 10, "iAdFt": 14, "iAdFtC": 9, "iAd": 8, "iAdc": 5, "iAdcv": 3, "iAv": 4,
    "iM": 8, "iMk": 8, "iMkFt": 4, "iMkc": 3, "iP": 5, "iPv": 3, "iE": 4, "iEd": 1, "iL": 6, "iLcF": 2, "icA": 4,
    "icAdFt": 4, "iAdAdFtC": 5, "iAdAdAdFt": 2, "iFi": 3, "iSF": 2, "iAtC": 2, "oiF": 2, "iAdMk": 3, "iFd": 2,
}  # fmt: skip
_SINGLES: Final = {"p": 30, "v": 25, "r": 15, "x": 30}

_ROOTS: Final = {
    "i": "issue", "d": "detail", "c": "chase", "v": "vent", "p": "praise", "r": "review", "x": "other", "k": "ack",
    "t": "thanks", "A": "agent_ask", "F": "agent_fix", "M": "agent_dm", "P": "agent_phone", "E": "agent_mail",
    "L": "agent_link", "C": "agent_close", "S": "agent_sorry", "o": "outreach",
}  # fmt: skip
_CHAT_REPLY: Final = {"p": "C", "v": "S", "r": "C", "x": "C"}
_CUSTOMER_STEPS: Final = frozenset("idcvprxkt")

_CUSTOMER_PACE_MS: Final = (20_000, MINUTE, 3 * MINUTE, 7 * MINUTE, 15 * MINUTE, 40 * MINUTE, 2 * HOUR, 9 * HOUR)
_COMEBACK_MS: Final = (1 * HOUR, 4 * HOUR, 13 * HOUR, 22 * HOUR, 30 * HOUR, 48 * HOUR)
_NIGHT_ENDS_MS: Final = 6 * HOUR
_HOURS: Final = (3, 2, 1, 1, 1, 2, 5, 9, 11, 12, 11, 11, 12, 11, 10, 11, 12, 13, 14, 14, 13, 11, 8, 5)  # UTC

BURST_START_MS: Final = START_MS + DAY_MS + 18 * HOUR + 20 * MINUTE
BURST_MS: Final = 20 * MINUTE
_BURST_SHARE: Final = 0.03


def _lot(weights: dict[str, int]) -> tuple[str, ...]:
    return tuple(name for name, weight in weights.items() for _ in range(weight))


_UNANSWERED_LOT: Final = _lot(_UNANSWERED)
_ANSWERED_LOT: Final = _lot(_ANSWERED)
_SINGLES_LOT: Final = _lot(_SINGLES)
_HOUR_LOT: Final = tuple(hour for hour, weight in enumerate(_HOURS) for _ in range(weight))


def tell_all(script: Script, posts: int) -> None:
    """Make up stories until there are ``posts`` of them, the burst included."""
    _tell_burst(script, int(posts * _BURST_SHARE))
    brands = _lot({str(i): round(100 * voice.desk.share) for i, voice in enumerate(script.voices)})
    chat = make_chatter()
    draw = script.draw
    while len(script.posts) < posts:
        roll, at_ms = draw(), _moment(draw)
        brand = int(pick(brands, draw))
        if roll < 0.285:
            _tell_thread(script, brand, script.meet(brand), at_ms)
        elif roll < 0.50:
            _tell_single(script, brand, at_ms)
        elif roll < 0.71:
            _tell_unaddressed(script, brand, at_ms)
        elif roll < 0.965:
            script.customer_post(script.meet(), at_ms, chat(draw), ())
        elif roll < 0.98:
            _tell_both(script, brand, int(pick(brands, draw)), at_ms)
        elif roll < 0.99:
            _tell_joint_reply(script, brand, at_ms)
        else:
            text = script.voices[brand].agent_says("post", "en", draw)
            script.desk_post(brand, at_ms, text, place=int(draw() * len(script.voices[brand].handles)))


def _moment(draw: Draw) -> int:
    day, hour = int(draw() * DAYS), pick(_HOUR_LOT, draw)
    return START_MS + day * DAY_MS + hour * HOUR + int(draw() * HOUR)


def _address(text: str, handle: str, draw: Draw) -> str:
    return f"@{handle} {text}" if draw() < 0.85 else f"{text} @{handle}"


def _agent_delay(voice: Voice, at_ms: int, draw: Draw) -> int:
    delay = spread(voice.desk.pace_ms, draw)
    return delay * 2 if (at_ms - START_MS) % DAY_MS < _NIGHT_ENDS_MS else delay


def _tell_thread(script: Script, brand: int, customer: Customer, at_ms: int) -> None:
    """One customer with an issue, from the first word to the last; some come back days later."""
    draw, voice = script.draw, script.voices[brand]
    while True:
        plan = pick(_ANSWERED_LOT if draw() < voice.desk.answers else _UNANSWERED_LOT, draw)
        at_ms = _tell_plan(script, brand, customer, at_ms, plan)
        if draw() >= 0.16:
            return
        at_ms += spread(_COMEBACK_MS, draw)


def _tell_plan(script: Script, brand: int, customer: Customer, at_ms: int, plan: str) -> int:
    """Play ``plan`` and return when its last word was said. ``last`` is (id, author) of what a reply answers."""
    draw, voice = script.draw, script.voices[brand]
    place = int(draw() * len(voice.handles))
    handle = voice.brand.handles[place]
    last, own_id = ("", ""), ""
    for index, step in enumerate(plan):
        at_ms += _pause(voice, step, at_ms, draw) if index else 0
        if step not in _CUSTOMER_STEPS:
            text = voice.agent_says(_ROOTS[step], customer.lang, draw)
            post_id = script.desk_post(
                brand, at_ms, text, (customer,), place=place, reply_to=own_id, lang=customer.lang
            )
            last = (post_id, handle.lower())
            continue
        text = voice.customer_says(_ROOTS[step], customer.style, customer.lang, draw)
        silent = last[1] == handle.lower() and draw() < 0.1  # a reply need not name whom it answers
        mentions = () if silent else (handle.lower(),)
        text = text if silent else _address(text, handle, draw)
        own_id = script.customer_post(customer, at_ms, text, (brand,), mentions=mentions, reply=last)
        last = last if last[1] == handle.lower() else (own_id, customer.author)
        if index == 0 and voice.bot and draw() < 0.6:
            _tell_bot(script, brand, customer, at_ms, own_id)
    return at_ms


def _pause(voice: Voice, step: str, at_ms: int, draw: Draw) -> int:
    if step in _CUSTOMER_STEPS:
        return spread(_CUSTOMER_PACE_MS, draw)
    return _agent_delay(voice, at_ms, draw)


def _tell_bot(script: Script, brand: int, customer: Customer, at_ms: int, reply_to: str) -> None:
    text = script.voices[brand].agent_says("bot", "en", script.draw)
    at_ms += between(2_000, 25_000, script.draw)
    script.desk_post(brand, at_ms, text, (customer,), reply_to=reply_to, bot=True)


def _tell_single(script: Script, brand: int, at_ms: int) -> None:
    """Praise, a vent, a review or small talk with the brand's handle, sometimes answered."""
    draw, voice, customer = script.draw, script.voices[brand], script.meet(brand)
    step = pick(_SINGLES_LOT, draw)
    plan = step + _CHAT_REPLY[step] if draw() < voice.desk.chats else step
    _tell_plan(script, brand, customer, at_ms, plan)


def _tell_unaddressed(script: Script, brand: int, at_ms: int) -> None:
    """Talk about the brand by name only; now and then the desk joins in."""
    draw, voice, customer = script.draw, script.voices[brand], script.meet()
    text = _with_name(voice, voice.customer_says("keyword", customer.style, customer.lang, draw))
    post_id = script.customer_post(customer, at_ms, text, (brand,))
    if draw() < 0.04:
        reply = voice.agent_says("agent_ask", customer.lang, draw)
        at_ms += _agent_delay(voice, at_ms, draw)
        script.desk_post(brand, at_ms, reply, (customer,), reply_to=post_id, lang=customer.lang)


def _with_name(voice: Voice, text: str) -> str:
    lower = text.lower()
    named = any(keyword in lower for keyword in voice.brand.keywords)
    return text if named else f"{text} #{voice.desk.names[0].lower()}"


def _tell_both(script: Script, brand: int, other: int, at_ms: int) -> None:
    """One mention about two brands; the first one may answer and name the second."""
    if brand == other:
        other = (brand + 1) % len(script.voices)
    draw, voice, customer = script.draw, script.voices[brand], script.meet()
    first, second = sorted((brand, other))
    rival = script.voices[other]
    text = voice.customer_says("both", customer.style, customer.lang, draw).replace("¤", rival.desk.names[0])
    handles = (voice.brand.handles[0], rival.brand.handles[0])
    post_id = script.customer_post(
        customer,
        at_ms,
        f"@{handles[0]} @{handles[1]} {text}",
        (first, second),
        mentions=(handles[0].lower(), handles[1].lower()),
    )
    if draw() < voice.desk.answers:
        also = handles[1] if draw() < 0.3 else ""
        at_ms += _agent_delay(voice, at_ms, draw)
        reply = voice.agent_says("agent_ask", customer.lang, draw)
        script.desk_post(brand, at_ms, reply, (customer,), reply_to=post_id, also=also, lang=customer.lang)


def _tell_joint_reply(script: Script, brand: int, at_ms: int) -> None:
    """Two customers with the same trouble, one reply that names both."""
    draw, voice = script.draw, script.voices[brand]
    first, second = script.meet(brand), script.meet(brand)
    first_id = _complain(script, voice, brand, first, at_ms, "issue")
    at_ms += between(20_000, 5 * MINUTE, draw)
    _complain(script, voice, brand, second, at_ms, "me_too", reply=(first_id, first.author))
    at_ms += _agent_delay(voice, at_ms, draw)
    script.desk_post(brand, at_ms, voice.agent_says("agent_many", "en", draw), (first, second), reply_to=first_id)


def _complain(
    script: Script,
    voice: Voice,
    brand: int,
    customer: Customer,
    at_ms: int,
    root: str,
    reply: tuple[str, str] = ("", ""),
) -> str:
    draw = script.draw
    handle = pick(voice.brand.handles, draw)
    text = _address(voice.customer_says(root, customer.style, customer.lang, draw), handle, draw)
    return script.customer_post(customer, at_ms, text, (brand,), mentions=(handle.lower(),), reply=reply)


def _tell_burst(script: Script, posts: int) -> None:
    """The outage: 20 minutes in which far more people write than the desk can answer."""
    brand = BURST_BRAND
    draw, voice = script.draw, script.voices[brand]
    outage = voice.speech["en"]["outage"]
    earlier: tuple[str, Customer] | None = None
    target = len(script.posts) + posts
    while len(script.posts) < target:
        customer = script.meet(brand)
        at_ms = BURST_START_MS + int(draw() * draw() * BURST_MS)
        handle = pick(voice.brand.handles, draw)
        if earlier and draw() < 0.2:
            reply = (earlier[0], earlier[1].author)
            _complain(script, voice, brand, customer, at_ms, "me_too", reply)
            continue
        text = expand(outage, draw).replace("§", voice.desk.names[0])
        post_id = script.customer_post(
            customer, at_ms, _address(text, handle, draw), (brand,), mentions=(handle.lower(),)
        )
        if earlier and draw() < 0.04:
            reply_ms = at_ms + between(BURST_MS, 2 * BURST_MS, draw)
            text = voice.agent_says("agent_many", "en", draw)
            script.desk_post(brand, reply_ms, text, (customer, earlier[1]), reply_to=post_id)
        earlier = (post_id, customer)
