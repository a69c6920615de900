"""How compiled code is made: on first call, without the GIL, and stored where that is possible."""

from contextlib import suppress
from typing import Any

from numba import njit
from numba.core.caching import FunctionCache

__all__ = ["kernel"]


def kernel(function):
    """Compile on first call, without the GIL, and store the machine code where that is possible.

    What a full quota or a killed job left half-written of it is compiled again.
    """
    compiled = njit(function, nogil=True, error_model="numpy")
    with suppress(RuntimeError):  # numba finds no directory that it may write its cache to
        compiled._cache = _Stored(function)
    return compiled


class _Stored(FunctionCache):
    """What njit(cache=True) uses; here what is damaged is not there, and a full disk no fault."""

    def load_overload(self, *arguments: Any) -> Any:
        try:
            return super().load_overload(*arguments)
        except Exception:  # whatever pickle and LLVM make of other bytes
            try:
                self.flush()
            except OSError:  # it cannot be written, and so not be mended
                self.disable()
            return None

    def save_overload(self, *arguments: Any) -> None:
        try:
            super().save_overload(*arguments)
        except OSError:
            self.disable()
