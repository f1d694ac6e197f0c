"""``prefetch(table, row)``: start loading a row of a table into the nearest cache, without waiting for it."""

from typing import Any, Final

from llvmlite import ir
from numba.core import cgutils, types
from numba.extending import intrinsic

_BUILD: Final[Any] = cgutils  # untyped
_FOR_READING: Final = 0
_INTO_ALL_CACHES: Final = 3
_DATA: Final = 1
_INT: Final = ir.IntType(32)
_BYTES: Final = ir.IntType(8).as_pointer()
_PREFETCH: Final = ir.FunctionType(ir.VoidType(), [_BYTES, _INT, _INT, _INT])


def _prefetch(_context: Any, table: Any, row: Any) -> Any:
    return types.void(table, row), _generate


def _generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
    array = context.make_array(signature.args[0])(context, builder, arguments[0])
    stride = builder.extract_value(array.strides, 0)
    start = builder.ptrtoint(array.data, stride.type)
    place = builder.add(start, builder.mul(builder.zext(arguments[1], stride.type), stride))
    function = _BUILD.get_or_insert_function(builder.module, _PREFETCH, "llvm.prefetch.p0i8")
    settings = (_INT(number) for number in (_FOR_READING, _INTO_ALL_CACHES, _DATA))
    builder.call(function, [builder.inttoptr(place, _BYTES), *settings])
    return context.get_dummy_value()


# Of a C-contiguous table. A row outside it does no harm: the processor then does nothing.
prefetch: Final[Any] = intrinsic(_prefetch)
