"""Export rows as typed columns, for Parquet: times are timestamps, nested structs are structs, dictionaries maps."""

from collections.abc import Sequence
from typing import Any, Final

import msgspec
import pyarrow as pa

_TIME: Final = pa.timestamp("ms", tz="UTC")
_PLAIN: Final[dict[type, Any]] = {
    msgspec.inspect.StrType: pa.string(),
    msgspec.inspect.EnumType: pa.string(),
    msgspec.inspect.IntType: pa.int64(),
    msgspec.inspect.FloatType: pa.float64(),
    msgspec.inspect.BoolType: pa.bool_(),
}


def schema_of(row: type[msgspec.Struct]) -> Any:
    """The ``pyarrow.Schema`` of rows of this type."""
    return pa.schema(_fields(msgspec.inspect.type_info(row)))


def table_of(rows: Sequence[msgspec.Struct], schema: Any) -> Any:
    """A ``pyarrow.Table`` of ``rows``, in the columns of :func:`schema_of`."""
    plain = [msgspec.to_builtins(row) for row in rows]
    columns = [_column([row[field.name] for row in plain], field.type) for field in schema]
    return pa.table(columns, schema=schema)


def _fields(info: Any) -> list[Any]:
    return [pa.field(field.encode_name, _type(field.type)) for field in info.fields]


def _type(info: Any) -> Any:
    if isinstance(info, msgspec.inspect.Metadata):
        return _TIME if (info.extra or {}).get("time") else _type(info.type)
    if isinstance(info, msgspec.inspect.UnionType):
        return _of_union([_type(one) for one in info.types if not isinstance(one, msgspec.inspect.NoneType)])
    if isinstance(info, msgspec.inspect.StructType):
        return pa.struct(_fields(info))
    if isinstance(info, msgspec.inspect.DictType):
        return pa.map_(_type(info.key_type), _type(info.value_type))
    if isinstance(info, msgspec.inspect.VarTupleType):
        return pa.list_(_type(info.item_type))
    if isinstance(info, msgspec.inspect.TupleType):
        return pa.list_(_of_union([_type(one) for one in info.item_types]))
    return _PLAIN[type(info)]


def _of_union(types: list[Any]) -> Any:
    """One type for all: numbers of both kinds are floats."""
    return pa.float64() if pa.float64() in types else types[0]


def _column(values: list[Any], type: Any) -> Any:  # noqa: A002 - as pyarrow calls it
    if type == _TIME:
        return pa.array(values, pa.string()).cast(type)
    return pa.array(values, type)
