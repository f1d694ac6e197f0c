"""Where settings come from: ``default.toml`` ← a TOML file of the user's ← the environment ← the command's options.

The environment speaks as ``UNHEARD_SECTION__FIELD``; ``UNHEARD_CONFIG`` names the file and
``UNHEARD_BOOTSTRAP_SERVERS`` is short for ``UNHEARD_KAFKA__BOOTSTRAP_SERVERS``. Brands come from ``brands.toml``
unless a later layer has a list of its own, which then replaces it whole.
"""

import hashlib
import json
import os
import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Final

from pydantic import ValidationError
from pydantic_settings import BaseSettings, EnvSettingsSource, SettingsError, TomlConfigSettingsSource

from config.check import Location, Problem, cross_problems, field_problems, show_location, suggest
from config.errors import UsageError
from config.settings import Settings

_HERE: Final = Path(__file__).parent
DEFAULT_FILES: Final = (_HERE / "default.toml", _HERE / "brands.toml")
_PREFIX: Final = "UNHEARD_"
_SHORT: Final = {"UNHEARD_BOOTSTRAP_SERVERS": "UNHEARD_KAFKA__BOOTSTRAP_SERVERS"}

Tree = dict[str, Any]
Origins = dict[Location, str]


class _Sources(Settings, BaseSettings):  # type: ignore[misc]  # their model_config merge at run time
    """The same tree in the form that the sources of pydantic-settings ask for."""


class _Environment(EnvSettingsSource):
    """The environment as an argument instead of a global."""

    def __init__(self, environ: Mapping[str, str]) -> None:
        super().__init__(_Sources, env_prefix=_PREFIX, env_nested_delimiter="__")
        self.env_vars = {name.lower(): value for name, value in environ.items()}


def load_settings(
    path: Path | None = None,
    environ: Mapping[str, str] | None = None,
    overrides: Mapping[str, Any] | None = None,
) -> Settings:
    """Read every layer and check the result. ``overrides`` has nested sections or dotted names
    (``{"rules.sla_ms": 1000}``).

    Raises UsageError with one line for each error there is.
    """
    environ = os.environ if environ is None else environ
    tree, origins = _merge_layers(path, environ, overrides or {})
    settings, problems = _validate(tree)
    problems += [Problem((), line, "the environment") for line in _unknown_variables(environ)]
    if settings is None or problems:
        raise UsageError("\n".join(_line(problem, origins) for problem in problems))
    return settings


def config_version(settings: Settings) -> str:
    """12 hex digits that differ whenever judgement or counting could: rules, brands, priorities and the threshold
    of escalation. Addresses, partition counts, batch sizes and secrets leave it alone."""
    parts = {
        "rules": settings.rules.model_dump(mode="json"),
        "brands": [brand.model_dump(mode="json") for brand in settings.brands],
        "priority": settings.priority.model_dump(mode="json"),
        "escalation_threshold": settings.model.escalation_threshold,
    }
    text = json.dumps(parts, sort_keys=True, ensure_ascii=False)
    return hashlib.blake2b(text.encode(), digest_size=6).hexdigest()


# ---------------------------------------------------------------- layers


def _merge_layers(path: Path | None, environ: Mapping[str, str], overrides: Mapping[str, Any]) -> tuple[Tree, Origins]:
    tree: Tree = {}
    origins: Origins = {}
    for file in (*DEFAULT_FILES, *_user_files(path, environ)):
        _lay_over(tree, origins, _read_toml(file), f"file {file}")
    _lay_over(tree, origins, _read_environment(environ), "the environment")
    _lay_over(tree, origins, _expand(overrides), "an option")
    return tree, origins


def _user_files(path: Path | None, environ: Mapping[str, str]) -> Iterator[Path]:
    named = environ.get("UNHEARD_CONFIG", "")
    if path is not None:
        yield path
    elif named:
        yield Path(named)


def _read_toml(file: Path) -> Tree:
    if not file.is_file():
        raise UsageError(f"no configuration file {file}")
    try:
        return dict(TomlConfigSettingsSource(_Sources, file).toml_data)
    except tomllib.TOMLDecodeError as error:
        raise UsageError(f"{file} is not valid TOML: {error}") from None
    except UnicodeDecodeError:
        raise UsageError(f"{file} is not valid TOML: it is not UTF-8") from None
    except OSError as error:
        raise UsageError(f"cannot read {file}: {error.strerror}") from None


def _read_environment(environ: Mapping[str, str]) -> Tree:
    named = {_SHORT.get(name, name): value for name, value in environ.items() if name in _SHORT} | {
        name: value for name, value in environ.items() if name not in _SHORT
    }
    try:
        return dict(_Environment(named)())
    except SettingsError as error:
        raise UsageError(_unreadable(error)) from None


def _unreadable(error: SettingsError) -> str:
    """pydantic-settings names its own classes; ours names the setting."""
    field = re.search(r'field "([^"]+)"', str(error))
    return f"{field.group(1) if field else error}: is not JSON, as lists and tables must be; in the environment"


def _expand(overrides: Mapping[str, Any]) -> Tree:
    """Turn dotted names into sections."""
    tree: Tree = {}
    for name, value in overrides.items():
        *sections, field = name.split(".")
        branch = tree
        for section in sections:
            branch = branch.setdefault(section, {})
        branch[field] = value
    return tree


def _lay_over(tree: Tree, origins: Origins, layer: Mapping[str, Any], origin: str, at: Location = ()) -> None:
    """Tables merge key by key; anything else, lists too, is replaced whole."""
    for name, value in layer.items():
        here = (*at, name)
        if isinstance(value, Mapping):
            below = tree.get(name)
            tree[name] = dict(below) if isinstance(below, Mapping) else {}
            origins.setdefault(here, origin)
            _lay_over(tree[name], origins, value, origin, here)
        else:
            tree[name] = value
            origins[here] = origin


# ---------------------------------------------------------------- errors, all of them


def _validate(tree: Tree) -> tuple[Settings | None, list[Problem]]:
    """Check the fields, then what holds between them; wrong fields do not hide the rest of the checks."""
    try:
        settings = Settings.model_validate(tree)
    except ValidationError as error:
        problems = field_problems(error)
    else:
        return settings, cross_problems(settings)
    rest, kept = _without(tree, problems)
    try:
        between = cross_problems(Settings.model_validate(rest))
    except ValidationError:
        return None, problems
    return None, problems + [_relocate(problem, kept) for problem in between]


def _without(tree: Tree, problems: list[Problem]) -> tuple[Tree, list[int]]:
    """The tree without its wrong fields, and the numbers of the brands that are left: those with known fields only
    lose what is unknown, the others drop out whole."""
    unusable = {p.location[1] for p in problems if p.location[0] == "brands" and p.location[1:] and not p.unknown}
    rest: Tree = _prune(tree, {problem.location for problem in problems})
    brands = rest.get("brands", ())
    kept = [number for number in range(len(brands)) if number not in unusable]
    return rest | {"brands": [brands[number] for number in kept]}, kept


def _prune(node: Any, wrong: set[Location], at: Location = ()) -> Any:
    """Leave the wrong fields out; lists keep their length."""
    if isinstance(node, Mapping):
        return {name: _prune(v, wrong, (*at, name)) for name, v in node.items() if (*at, name) not in wrong}
    if isinstance(node, list | tuple):
        return [_prune(item, wrong, (*at, index)) for index, item in enumerate(node)]
    return node


def _relocate(problem: Problem, kept: list[int]) -> Problem:
    match problem.location:
        case ("brands", int(number), *inner):
            return problem._replace(location=("brands", kept[number], *inner))
    return problem


def _line(problem: Problem, origins: Origins) -> str:
    origin = problem.origin or _origin_of(problem.location, origins)
    where = show_location(problem.location)
    return f"{where}: {problem.message}; in {origin}" if where else f"{problem.message}; in {origin}"


def _origin_of(location: Location, origins: Origins) -> str:
    while location and location not in origins:
        location = location[:-1]
    return origins.get(location, "the defaults")


def _unknown_variables(environ: Mapping[str, str]) -> Iterator[str]:
    """Sections that no setting has would be ignored silently otherwise. Names without ``__`` are not settings."""
    sections = list(Settings.model_fields)
    for name in environ:
        head, delimiter, _ = name.upper().removeprefix(_PREFIX).partition("__")
        if name.upper().startswith(_PREFIX) and delimiter and head.lower() not in sections:
            yield f"{name}: no section {head.lower()!r}{suggest(head.lower(), sections)}"
