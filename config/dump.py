"""Settings as TOML or as a plain tree, for people and for the files that hand settings to other processes."""

import json
from collections.abc import Iterator, Mapping
from datetime import date
from typing import Any

from pydantic import SecretStr

from config.settings import Settings

Tree = dict[str, Any]


def plain_tree(settings: Settings, *, reveal: bool = False) -> Tree:
    """Nested dictionaries of JSON types; secrets are ``***`` unless revealed, unset values are left out."""
    tree: Tree = _plain(settings.model_dump(exclude_none=True), reveal)
    return tree


def dump_toml(settings: Settings, *, reveal: bool = False) -> str:
    """TOML that ``load_settings`` reads back to the same settings (with ``reveal``; a file with it is a secret)."""
    return "\n".join(_table_lines(plain_tree(settings, reveal=reveal), "")) + "\n"


def _plain(value: Any, reveal: bool) -> Any:
    if isinstance(value, SecretStr):
        return value.get_secret_value() if reveal else "***"
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _plain(item, reveal) for name, item in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(item, reveal) for item in value]
    return value


def _table_lines(table: Tree, path: str) -> Iterator[str]:
    """Plain values first: TOML would take them for the last sub-table's otherwise."""
    for name, value in table.items():
        if not _is_table(value) and not _is_table_list(value):
            yield f"{name} = {_value(value)}"
    for name, value in table.items():
        inner = f"{path}.{name}" if path else name
        if _is_table(value):
            yield from ("", f"[{inner}]", *_table_lines(value, inner))
        elif _is_table_list(value):
            for item in value:
                yield from ("", f"[[{inner}]]", *_table_lines(item, inner))


def _is_table(value: object) -> bool:
    return isinstance(value, dict)


def _is_table_list(value: object) -> bool:
    return isinstance(value, list) and bool(value) and _is_table(value[0])


def _value(value: Any) -> str:
    if isinstance(value, list):
        return f"[{', '.join(_value(item) for item in value)}]"
    if isinstance(value, str):
        # JSON escapes are TOML's, but for DEL, which JSON leaves bare.
        return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
    return json.dumps(value)
