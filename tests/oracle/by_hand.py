"""Short ways to write down histories by hand: verdict rows of an export, and lines of the raw topic."""

from typing import Any, Final

from models.records import Control, ControlKind, Mention, RejectReason, Stamp

from .account import OracleAccount, oracle_account
from .classified import format_time
from .raw import RawLine
from .rules import DAY_MS, HOUR_MS, PlainTerms

MINUTE: Final = 60_000
START: Final = "2017-11-01T00:00:00.000Z"
START_MS: Final = 1_509_494_400_000
NEVER: Final = START_MS + 10_000 * DAY_MS  # a watermark behind which everything has matured
AIR: Final = "air"
TEL: Final = "tel"


def clock(days: int = 0, hours: int = 0, ms: int = 0) -> int:
    return START_MS + days * DAY_MS + hours * HOUR_MS + ms


def row(id_: str, time_ms: int, role: str = "customer", **verdict: Any) -> dict[str, Any]:
    plain: dict[str, Any] = {
        "id": id_,
        "source": "x",
        "brand": AIR,
        "role": role,
        "customers": ["ann"],
        "created_at": format_time(time_ms),
        "intent": None,
        "actionable": False,
        "needs_reply": False,
        "escalate": False,
        "reasons": [],
        "diverts": "",
        "closes": False,
        "late": False,
        "lang": "en",
        "pii": [],
        "feed": "f",
        "epoch": 1,
        "seq": 1,
        "tier": 0,
        "followers": 0,
    }
    return plain | verdict


def issue(id_: str, time_ms: int, **verdict: Any) -> dict[str, Any]:
    judged: dict[str, Any] = {"intent": "issue", "actionable": True, "needs_reply": True}
    return row(id_, time_ms, **judged | verdict)


def vent(id_: str, time_ms: int) -> dict[str, Any]:
    return row(id_, time_ms, intent="vent", needs_reply=True)


def talk(id_: str, time_ms: int) -> dict[str, Any]:
    return row(id_, time_ms, intent="other")


def thanks(id_: str, time_ms: int) -> dict[str, Any]:
    return row(id_, time_ms, intent="praise", closes=True)


def reply(id_: str, time_ms: int, **verdict: Any) -> dict[str, Any]:
    return row(id_, time_ms, "brand", **verdict)


def bot(id_: str, time_ms: int) -> dict[str, Any]:
    return row(id_, time_ms, "bot")


def mention(id_: str, seq: int, time_ms: int, feed: str = "f", **stamps: Any) -> Mention:
    stamped: dict[str, Any] = {"epoch": 1, "seq": seq, "feed_time_ms": time_ms} | stamps
    return Mention(
        id=id_, author="ann", created_at_ms=time_ms, text="help", feed=feed, **{"epoch": 1, "seq": seq} | stamped
    )


def start(feed: str = "f", epoch: int = 1, partitions: tuple[int, ...] = (0,), first_seq: int = 1) -> Control:
    return Control(control=ControlKind.FEED_START, feed=feed, epoch=epoch, partitions=partitions, first_seq=first_seq)


def end(
    last_seq: int, time_ms: int, feed: str = "f", epoch: int = 1, *, settle_ms: int = 0, final: bool = True
) -> Control:
    return Control(
        control=ControlKind.END_OF_FEED,
        feed=feed,
        epoch=epoch,
        last_seq=last_seq,
        feed_time_ms=time_ms,
        settle_ms=settle_ms,
        final=final,
    )


def control(kind: ControlKind, seq: int, time_ms: int, epoch: int = 1, **said: Any) -> Control:
    return Control(control=kind, feed="f", epoch=epoch, seq=seq, feed_time_ms=time_ms, **said)


def limit(seq: int, time_ms: int, track: int, epoch: int = 1) -> Control:
    return control(ControlKind.LIMIT, seq, time_ms, epoch, track=track)


def broken(seq: int, time_ms: int) -> Stamp:
    return Stamp(feed="f", epoch=1, seq=seq, feed_time_ms=time_ms, reason=RejectReason.NOT_JSON)


def at(partition: int, *values: Mention | Control | Stamp) -> list[RawLine]:
    return [RawLine(partition, value) for value in values]


def account_of(lines: list[RawLine], rows: list[dict[str, Any]], terms: PlainTerms | None = None) -> OracleAccount:
    account = oracle_account(lines, rows, terms or PlainTerms())
    assert account.problems == []
    return account


def window(account: OracleAccount, brand: str, start_: str) -> dict[str, Any]:
    """The narrowest one."""
    return next(row for row in account.windows if (row["brand"], row["window_start"]) == (brand, start_))


def counts(window_row: dict[str, Any], *names: str) -> tuple[int, ...]:
    return tuple(window_row["counts"].get(name, 0) for name in names)


def nonzero(window_row: dict[str, Any]) -> dict[str, int]:
    return dict(window_row["counts"])


def summands(feed_row: dict[str, Any]) -> dict[str, int]:
    """Of the conservation of a feed, as far as they are not 0."""
    figures = {name: value for name, value in feed_row.items() if type(value) is int and value}
    return {name: value for name, value in figures.items() if name != "mention_lines"}
