"""Invented lines in the formats of the sources."""

import json
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final

from streams.formats.detect import detect_format, read_source
from streams.formats.lines import ReadLimits, SourceLine

NOW_MS: Final = 1_750_000_000_000  # 2025-06-15
LIMITS: Final = ReadLimits(now_ms=NOW_MS, line_bytes=200_000)
TWCS_HEADER: Final = "tweet_id,author_id,inbound,created_at,text,response_tweet_id,in_response_to_tweet_id"
TWCS_ROW: Final = "7,AcmeHelp,False,Tue Oct 31 22:10:47 +0000 2017,@115712 Sorry!,8,4.0"


def read_file(path: Path, limits: ReadLimits = LIMITS) -> list[SourceLine]:
    return list(read_source(path, detect_format(path, limits), limits))


def write_lines(path: Path, lines: Iterable[str | bytes]) -> Path:
    path.write_bytes(b"".join((line.encode() if isinstance(line, str) else line) + b"\n" for line in lines))
    return path


def twcs_row(number: int, text: str = "hello", author: str = "115712", inbound: bool = True) -> str:
    quoted = '"' + text.replace('"', '""') + '"'
    return f"{number},{author},{inbound},Tue Oct 31 22:10:{number % 60:02} +0000 2017,{quoted},,"


def x_v1_tweet(**changes: Any) -> dict[str, Any]:
    user = {"id_str": "77", "screen_name": "Jane_Doe", "followers_count": 120, "verified": False}
    tweet = {
        "created_at": "Tue Oct 31 22:10:47 +0000 2017",
        "timestamp_ms": "1509487847123",
        "id_str": "925",
        "text": "@Acme my order is late",
        "in_reply_to_status_id_str": "900",
        "in_reply_to_user_id_str": "12",
        "user": user,
        "entities": {"user_mentions": [{"id_str": "12", "screen_name": "Acme"}]},
        "lang": "en",
    }
    return tweet | changes


def x_v2_tweet(**changes: Any) -> dict[str, Any]:
    tweet = {
        "id": "1700",
        "text": "@Acme my order is late",
        "author_id": "77",
        "created_at": "2024-03-01T10:00:00.123Z",
        "lang": "en",
        "in_reply_to_user_id": "12",
        "referenced_tweets": [{"type": "replied_to", "id": "1699"}],
        "entities": {"mentions": [{"id": "12", "username": "Acme"}]},
    }
    return tweet | changes


X_V2_USERS: Final[Sequence[dict[str, Any]]] = (
    {"id": "77", "username": "Jane_Doe", "public_metrics": {"followers_count": 120}},
    {"id": "12", "username": "Acme", "verified": True, "verified_type": "business"},
)


def x_v2_line(**changes: Any) -> str:
    return json.dumps({"data": x_v2_tweet(**changes), "includes": {"users": X_V2_USERS}})


def own_line(number: int, **changes: Any) -> str:
    mention = {
        "id": str(number),
        "author": f"a{number % 5}",
        "created_at_ms": 1_700_000_000_000 + 1000 * number,
        "text": f"text {number}",
    }
    return json.dumps(mention | changes)
