"""``copy_bytes(out, at, data, start, size)`` for kernels: C's ``memcpy``, which numba does not make of a loop. It
copies 200 bytes in the time in which a loop copies ten."""

from typing import Any, Final

from numba import types
from numba.core import cgutils
from numba.extending import intrinsic

_tools: Final[Any] = cgutils  # has no types


@intrinsic
def _copy_bytes(_context: Any, out: Any, _at: Any, data: Any, _start: Any, _size: Any) -> Any:
    """``out[at:at + size] = data[start:start + size]`` of two different arrays of bytes; nobody looks at bounds."""

    def generate(context: Any, builder: Any, signature: Any, arguments: Any) -> Any:
        into, at, source, start, size = arguments
        target = _tools.create_struct_proxy(signature.args[0])(context, builder, into).data
        origin = _tools.create_struct_proxy(signature.args[2])(context, builder, source).data
        _tools.raw_memcpy(builder, builder.gep(target, [at]), builder.gep(origin, [start]), size, 1)
        return context.get_dummy_value()

    return types.void(out, types.int64, data, types.int64, types.int64), generate


copy_bytes: Final[Any] = _copy_bytes  # for mypy: kernels do not pass the first argument
