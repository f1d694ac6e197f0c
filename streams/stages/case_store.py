"""How conversations rest in memory: in as few bytes as a plain dict allows, for a worker may hold a million open cases.

A key is the code of (source, brand) and the customer's hash as raw bytes. A conversation is MessagePack, in which
instants are counted from the opening of its case, so that most of them are short.
"""

from typing import Final

import msgspec
import numpy as np
from numpy.typing import NDArray

from streams.stages.ledger import TWEET_BITS, Case, Conversation

Key = bytes

_PAIR_BYTES: Final = 4
_KEY_DTYPE: Final = np.dtype([("pair", ">u4"), ("customer", ">u8")])
_KEY_BYTES: Final = _KEY_DTYPE.itemsize
_ID_DIGITS: Final = 19  # so many always fit into 64 bits

# the bits of a state: re-contact, diverts, two for the SLA, then the tier
_DIVERTS_SHIFT: Final = 1
_SLA_SHIFT: Final = 2
_TIER_SHIFT: Final = 4
_SLA_STATES: Final = {None: 0, True: 1 << _SLA_SHIFT, False: 2 << _SLA_SHIFT}
_BREACHED: Final = (None, True, False, None)  # by those two bits


class _AtRest(msgspec.Struct, frozen=True, array_like=True, gc=False):
    """Instants but ``base_ms`` are counted from it. The end is left out where it says nothing: without an open case,
    and before its first reply, for until then it waits since its opening."""

    base_ms: int | None  # of the opening; without an open case of the last close, None if that is forgotten
    look_ms: int
    tweets: tuple[int, ...] = ()
    opened_by: int | str | None = None  # None: no case is open
    state: int = 0
    due_ms: int = 0
    mentions: int = 1
    waiting_ms: int | None = 0
    replied_ms: int | None = None
    first_response_ms: int | None = None
    replies: int = 0
    reopened: int = 0
    next_responses: int = 0
    longest_next_ms: int | None = None


_BUFFER: Final = bytearray()  # used and left within one call, so that few are made
_encode_into: Final = msgspec.msgpack.Encoder().encode_into
_decode: Final = msgspec.msgpack.Decoder(_AtRest).decode

Kept = tuple[int, Conversation]
"""The instant of a conversation's entry in the agenda, never later than something is due in it; and itself."""


def keys_of(pairs: NDArray[np.uint32], customers: NDArray[np.uint64]) -> list[Key]:
    """The keys of conversations; pairs are codes of source and brand."""
    table = np.empty(len(pairs), _KEY_DTYPE)
    table["pair"], table["customer"] = pairs, customers
    raw = table.tobytes()
    return [raw[at : at + _KEY_BYTES] for at in range(0, len(raw), _KEY_BYTES)]


def pair_of(key: Key) -> int:
    return int.from_bytes(key[:_PAIR_BYTES], "big")


def customer_of_key(key: Key) -> str:
    return key[_PAIR_BYTES:].hex()


def put_away(look_ms: int, conversation: Conversation) -> bytes:
    case = conversation.case
    if case is None:
        base_ms = conversation.closed_ms
        from_ms = base_ms or 0
        return _pack((base_ms, look_ms - from_ms, [tweet - (from_ms << TWEET_BITS) for tweet in conversation.tweets]))
    from_ms = case.opened_ms
    from_tweet = from_ms << TWEET_BITS
    opening = (
        from_ms,
        look_ms - from_ms,
        [tweet - from_tweet for tweet in conversation.tweets],
        _short_id(case.opened_by),
        case.recontact | case.diverts << _DIVERTS_SHIFT | _SLA_STATES[case.breached] | case.tier << _TIER_SHIFT,
        case.sla_due_ms - from_ms,
        case.mentions,
    )
    return _pack(opening if case.replied_ms is None else opening + _answers(case, case.replied_ms))


def _answers(case: Case, replied_ms: int) -> tuple[int | None, ...]:
    """What a case has to tell from its first reply on."""
    return (
        None if case.waiting_ms is None else case.waiting_ms - case.opened_ms,
        replied_ms - case.opened_ms,
        case.first_response_ms,
        case.replies,
        case.reopened,
        case.next_responses,
        case.longest_next_ms,
    )


def _pack(at_rest: tuple[object, ...]) -> bytes:
    """Bytes of exactly the size that is needed, which those of ``Encoder.encode`` are not."""
    _encode_into(at_rest, _BUFFER)
    return bytes(_BUFFER)


def take_out(packed: bytes) -> Kept:
    """Inverse of ``put_away``."""
    at_rest = _decode(packed)
    base_ms, opened_by = at_rest.base_ms, at_rest.opened_by
    from_ms = base_ms or 0
    from_tweet = from_ms << TWEET_BITS
    tweets = tuple([from_tweet + since for since in at_rest.tweets])
    if opened_by is None:
        return from_ms + at_rest.look_ms, Conversation(None, tweets, base_ms)
    return from_ms + at_rest.look_ms, Conversation(_case_of(at_rest, from_ms, str(opened_by)), tweets)


def glance(packed: bytes) -> tuple[int, bool]:
    """The instant of a conversation's entry, and whether a case is open in it."""
    at_rest = _decode(packed)
    return (at_rest.base_ms or 0) + at_rest.look_ms, at_rest.opened_by is not None


def _case_of(at_rest: _AtRest, opened_ms: int, opened_by: str) -> Case:
    state, waiting_ms, replied_ms = at_rest.state, at_rest.waiting_ms, at_rest.replied_ms
    return Case(
        opened_ms,
        opened_by,
        state >> _TIER_SHIFT,
        state & 1 > 0,
        opened_ms + at_rest.due_ms,
        None if waiting_ms is None else opened_ms + waiting_ms,
        None if replied_ms is None else opened_ms + replied_ms,
        state >> _DIVERTS_SHIFT & 1 > 0,
        at_rest.first_response_ms,
        _BREACHED[state >> _SLA_SHIFT & 3],
        at_rest.mentions,
        at_rest.replies,
        at_rest.reopened,
        at_rest.next_responses,
        at_rest.longest_next_ms,
    )


def _short_id(id_: str) -> int | str:
    """The number that ``id_`` spells, if ``str`` would spell it so."""
    plain = len(id_) <= _ID_DIGITS and id_.isascii() and id_.isdecimal() and id_[0] != "0"
    return int(id_) if plain else id_
