"""Loops over arrays that numba compiles where they first run. What they compute is written where it is used."""

from collections.abc import Callable
from functools import cache
from typing import ParamSpec, TypeVar, cast

P = ParamSpec("P")
R = TypeVar("R")


@cache
def compiled(loop: Callable[P, R]) -> Callable[P, R]:
    """Return a loop compiled, free of Python's lock; the next process finds it in a cache, if that can be written.

    Args:
        loop: a function of a module, of numbers and NumPy arrays alone.
    """
    import numba  # takes a third of a second, which what needs no loop need not wait for

    try:
        return cast(Callable[P, R], numba.njit(loop, cache=True, nogil=True, error_model="numpy"))
    except RuntimeError:  # no folder to keep it in
        return cast(Callable[P, R], numba.njit(loop, nogil=True, error_model="numpy"))
