"""What a valid tree of settings must satisfy, as a list of problems: nothing here raises or prints."""

import math
import re
from collections import Counter
from collections.abc import Hashable, Iterable, Iterator
from difflib import get_close_matches
from itertools import chain, pairwise
from typing import Any, Final, NamedTuple, TypeVar, get_args, get_origin
from zoneinfo import available_timezones

from pydantic import BaseModel, ValidationError
from pydantic_core import ErrorDetails

from config.settings import Brand, Priority, ServiceHours, Settings

Location = tuple[str | int, ...]
_T = TypeVar("_T", bound=Hashable)

_TOPIC_PREFIX: Final = re.compile(r"[A-Za-z0-9._-]{0,150}")
_BLOCK_ROOM_BYTES: Final = 65_536  # record and batch headers around a packed block
_TIERS_LIMIT: Final = 7  # models.counters.MAX_TIERS with the default one


class Problem(NamedTuple):
    """One thing that is wrong. ``origin`` is empty where the location tells it; ``unknown`` marks a setting that
    does not exist, without which the rest can still be checked."""

    location: Location
    message: str
    origin: str = ""
    unknown: bool = False


def show_location(location: Location) -> str:
    """``("brands", 0, "sla_ms")`` as ``brands[0].sla_ms``."""
    text = ""
    for part in location:
        text += f"[{part}]" if isinstance(part, int) else f".{part}" if text else part
    return text


def suggest(name: str, known: Iterable[str]) -> str:
    """``" (did you mean x?)"`` for the closest known name, or nothing."""
    matches = get_close_matches(name, list(known), n=1)
    return f" (did you mean {matches[0]}?)" if matches else ""


# ---------------------------------------------------------------- single fields


def field_problems(error: ValidationError) -> list[Problem]:
    """pydantic's errors in our words."""
    return [
        Problem(tuple(details["loc"]), _field_message(details), unknown=details["type"] == "extra_forbidden")
        for details in error.errors(include_url=False)
    ]


def _field_message(details: ErrorDetails) -> str:
    location = tuple(details["loc"])
    match details["type"]:
        case "extra_forbidden":
            known = _known_names(location[:-1])
            return f"unknown setting{suggest(str(location[-1]), known)}"
        case "missing":
            return "must be given"
        case "greater_than_equal" | "less_than_equal":
            sign, bound = ("≥", "ge") if details["type"].startswith("greater") else ("≤", "le")
            return f"must be {sign} {details['ctx'][bound]}, not {details['input']}"
        case "model_type" | "dict_type":
            return f"must be a table, not {_short(details['input'])}"
        case "literal_error":
            return f"must be {details['ctx']['expected']}, not {details['input']!r}"
    message = details["msg"]
    return f"{message[0].lower()}{message[1:]}, not {_short(details['input'])}"


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _known_names(location: Location) -> list[str]:
    """Fields of the section at ``location``."""
    model: type[BaseModel] = Settings
    for part in location:
        if isinstance(part, int):
            continue
        found = _model_in(model.model_fields[part].annotation) if part in model.model_fields else None
        if found is None:
            return []
        model = found
    return list(model.model_fields)


def _model_in(annotation: Any) -> type[BaseModel] | None:
    """The section that a field's annotation holds, directly or in a tuple."""
    candidates = get_args(annotation) if get_origin(annotation) is tuple else (annotation,)
    return next((c for c in candidates if isinstance(c, type) and issubclass(c, BaseModel)), None)


# ---------------------------------------------------------------- between fields


def cross_problems(settings: Settings) -> list[Problem]:
    """What holds between settings that are each valid on their own."""
    return list(
        chain(
            _rules_problems(settings),
            _size_problems(settings),
            _port_problems(settings),
            _priority_problems(settings.priority),
            _brand_problems(settings),
            _handle_problems(settings.brands),
        )
    )


def _rules_problems(settings: Settings) -> Iterator[Problem]:
    rules = settings.rules
    if rules.sla_ms > rules.response_horizon_ms:
        yield Problem(("rules", "sla_ms"), f"must be ≤ response_horizon_ms ({rules.response_horizon_ms})")
    if rules.response_horizon_ms > rules.case_limit_ms:
        yield Problem(("rules", "response_horizon_ms"), f"must be ≤ case_limit_ms ({rules.case_limit_ms})")
    for feed in _repeated(rules.feed_order):
        yield Problem(("rules", "feed_order"), f"names feed {feed!r} twice")
    for narrow, wide in pairwise((rules.window_ms, *rules.rollup_ms)):
        if wide <= narrow or wide % narrow:
            yield Problem(("rules", "rollup_ms"), f"{wide} must be a multiple of {narrow}, and more")


def _size_problems(settings: Settings) -> Iterator[Problem]:
    room = settings.kafka.message_max_bytes - _BLOCK_ROOM_BYTES
    if settings.classify.block_bytes > max(room, 0):
        yield Problem(("classify", "block_bytes"), f"must be ≤ kafka.message_max_bytes - {_BLOCK_ROOM_BYTES} ({room})")
    if not _TOPIC_PREFIX.fullmatch(settings.topics.prefix):
        yield Problem(("topics", "prefix"), "must be at most 150 letters, digits, dots, dashes and underscores")


def _port_problems(settings: Settings) -> Iterator[Problem]:
    metrics = settings.metrics
    ports = [port for port in (metrics.classify_port, metrics.care_port, metrics.replay_port) if port]
    for port in _repeated(ports):
        yield Problem(("metrics",), f"two workers share port {port}")


def _priority_problems(priority: Priority) -> Iterator[Problem]:
    total = math.fsum(value for name, value in priority if name.endswith("_weight"))
    if abs(total - 1) > 1e-6:
        yield Problem(("priority",), f"the weights must add up to 1, not {total:g}")
    known = Priority().severity
    for reason, severity in priority.severity.items():
        if reason not in known:
            yield Problem(("priority", "severity", reason), f"unknown reason{suggest(reason, known)}")
        elif not 0 <= severity <= 1:
            yield Problem(("priority", "severity", reason), f"must be between 0 and 1, not {severity:g}")
    for reason in known.keys() - priority.severity.keys():
        yield Problem(("priority", "severity", reason), "must be given")


def _brand_problems(settings: Settings) -> Iterator[Problem]:
    twice = _repeated(brand.name.casefold() for brand in settings.brands)
    for index, brand in enumerate(settings.brands):
        at = ("brands", index)
        if brand.name.casefold() in twice:
            yield Problem((*at, "name"), f"{brand.name!r} is there twice")
        if brand.name == "*" or not brand.name.strip():
            yield Problem((*at, "name"), f'must not be {brand.name!r} ("*" and "" mean all brands and none)')
        elif not brand.name.isprintable():
            yield Problem((*at, "name"), f"has control characters: {brand.name!r}")
        if not (brand.handles or brand.keywords):
            yield Problem((*at, "handles"), f"{brand.name!r} has neither handles nor keywords, nothing could reach it")
        if not all(word.strip() for word in brand.keywords):
            yield Problem((*at, "keywords"), "has an empty word, which every text contains")
        yield from _promise_problems(at, brand, settings)
        if brand.service_hours is not None:
            yield from _hours_problems((*at, "service_hours"), brand.service_hours)


def _promise_problems(at: Location, brand: Brand, settings: Settings) -> Iterator[Problem]:
    """S ≤ H ≤ the case limit, for the brand and each of its tiers."""
    rules = settings.rules
    horizon = rules.response_horizon_ms if brand.response_horizon_ms is None else brand.response_horizon_ms
    if brand.response_horizon_ms is not None and horizon > rules.case_limit_ms:
        yield Problem((*at, "response_horizon_ms"), f"must be ≤ rules.case_limit_ms ({rules.case_limit_ms})")
    own = brand.sla_ms is not None or brand.response_horizon_ms is not None
    sla_ms = rules.sla_ms if brand.sla_ms is None else brand.sla_ms
    if own and sla_ms > horizon:
        yield Problem((*at, "sla_ms"), f"{sla_ms} must be ≤ response_horizon_ms ({horizon}) of {brand.name!r}")
    names = ["default", *(tier.name for tier in brand.tiers)]
    for name in _repeated(names):
        yield Problem((*at, "tiers"), f"tier {name!r} is there twice")
    if len(brand.tiers) > _TIERS_LIMIT:
        yield Problem((*at, "tiers"), f"at most {_TIERS_LIMIT}")
    for number, tier in enumerate(brand.tiers):
        if tier.sla_ms > horizon:
            yield Problem((*at, "tiers", number, "sla_ms"), f"must be ≤ response_horizon_ms ({horizon})")


def _hours_problems(at: Location, hours: ServiceHours) -> Iterator[Problem]:
    """A zone that exists, spans in order, and at least one of them."""
    if hours.time_zone not in available_timezones():
        hint = suggest(hours.time_zone, available_timezones())
        yield Problem((*at, "time_zone"), f"{hours.time_zone!r} is no IANA time zone{hint}")
    if not any(hours.week.values()):
        yield Problem((*at, "week"), "has no hours at all: no reply would ever be due")
    for day, spans in hours.week.items():
        ends = [end for span in spans for end in span.split("-")]
        if any(late <= early for early, late in pairwise(ends)):
            yield Problem((*at, "week", day), f"{', '.join(spans)} must ascend without touching, within the day")


def _handle_problems(brands: tuple[Brand, ...]) -> Iterator[Problem]:
    """A handle speaks for one brand, as a human or as a bot."""
    owner: dict[str, str] = {}
    for index, brand in enumerate(brands):
        for field, handles in (("handles", brand.handles), ("bot_handles", brand.bot_handles)):
            for handle in handles:
                known = owner.setdefault(handle.lower(), brand.name)
                if not handle.strip() or handle != handle.strip():
                    yield Problem(("brands", index, field), f"has an empty or padded handle {handle!r}")
                elif known != brand.name:
                    yield Problem(("brands", index, field), f"handle {handle!r} belongs to {known!r} already")
        for handle in _repeated(h.lower() for h in chain(brand.handles, brand.bot_handles)):
            yield Problem(("brands", index, "handles"), f"has handle {handle!r} twice")


def _repeated(values: Iterable[_T]) -> list[_T]:
    return [value for value, times in Counter(values).items() if times > 1]
