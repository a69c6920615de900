"""How compiled code is made: on first call, without the GIL, and stored where that is possible."""

from numba import njit

__all__ = ["kernel"]


def kernel(function):
    """Compile on first call, without the GIL, and store the machine code where that is possible."""
    try:
        return njit(function, cache=True, nogil=True, error_model="numpy")
    except RuntimeError:  # numba finds no directory that it may write its cache to
        return njit(function, nogil=True, error_model="numpy")
