"""A prediction in parts: series that are the same are computed once, and parts of the others on all cores at once.

Where bands have pixels of 20 m, four pixels of a map are one series; patches of a coarse mask, and pixels that were
never seen, are many more. The answer for a series does not depend on the part that it falls into. To find series that
are the same takes 1 us each, and 8 us where most are; a card takes 2 to 4 us for all its work, so it is given all of
them.
"""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import fields, is_dataclass, replace
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from core.checkpoint import Checkpoint
from core.cube import Series
from models.inference.choose import load_backend
from models.inference.work import WholeBackend
from models.registry import is_published

P = ParamSpec("P")
R = TypeVar("R")
Rows = NDArray[np.int64]

MOST, LEAST = 256, 32
"""Series of a part: more of them fill memory, fewer are slower."""


@runtime_checkable
class SideBySide(Protocol):
    """A back end of which several calls may run at once."""

    at_once: int
    """How many make it fastest."""


def in_parts(predict: Callable[Concatenate[Series, P], R]) -> Callable[Concatenate[Series, P], R]:
    """Make a prediction run in parts.

    Args:
        predict: its first argument is N series; arrays among its other positional ones have a row for each, and one is
            the checkpoint. It may take `threads`. It returns an array of N rows, a dataclass of such arrays, or a tuple
            of these, and what it returns for a series depends on no other series.
    """

    @wraps(predict)
    def whole(series: Series, /, *args: P.args, **kwargs: P.kwargs) -> R:
        def part(rows: Rows) -> R:
            given = [a[rows] if isinstance(a, np.ndarray) else a for a in args]
            return cast(Callable[..., R], predict)(series.take(rows), *given, **kwargs)

        at_once = _at_once(args, int(cast(int, kwargs.get("threads", 0))))
        if not at_once:
            return predict(series, *args, **kwargs)
        arrays = [series.days, series.values, series.static, *args]
        own, same_as = distinct([a for a in arrays if isinstance(a, np.ndarray)])
        workers = at_once if len(own) > LEAST else 1
        size = len(own) if workers == 1 else min(MOST, max(LEAST, -(-len(own) // workers)))
        if len(own) == len(series) <= size:
            return predict(series, *args, **kwargs)
        parts = [own[first : first + size] for first in range(0, len(own), size)]
        return cast(R, _joined(_all(part, parts, workers), same_as, series.ids))

    return whole


def distinct(arrays: Sequence[NDArray[Any]]) -> tuple[Rows, Rows]:
    """Find rows that are the same byte by byte.

    Args:
        arrays: each of N rows, which together make a row.

    Returns:
        (U,) the first row of each kind, ascending, and (N,) which of those each row equals.
    """
    count = len(arrays[0])
    flat = [_bytes_of(a) for a in arrays if a.size]
    sums = sum((a.view(_word(a)).sum(axis=1, dtype=np.uint64) for a in flat), np.zeros(count, np.uint64))
    _, kind, members = np.unique(sums, return_inverse=True, return_counts=True)
    first = np.arange(count)
    alike = np.flatnonzero(members[kind] > 1)  # few rows are compared: others have a sum of their own
    if len(alike):
        rows = np.concatenate([a[alike] for a in flat], axis=1)
        _, at, which = np.unique(rows.view(f"V{rows.shape[1]}")[:, 0], return_index=True, return_inverse=True)
        first[alike] = alike[at[which]]
    own, same_as = np.unique(first, return_inverse=True)
    return own, same_as


def _bytes_of(array: NDArray[Any]) -> NDArray[np.uint8]:
    """Return (N, L) the bytes of the rows of an array."""
    return np.ascontiguousarray(array).reshape(len(array), -1).view(np.uint8)


def _word(rows: NDArray[np.uint8]) -> type[np.unsignedinteger[Any]]:
    return np.uint32 if rows.shape[1] % 4 == 0 else np.uint8


def _at_once(args: Sequence[object], threads: int) -> int:
    """Return how many parts may run at the same time: 1 where torch does the work, 0 where a card takes all series."""
    checkpoint = next(a for a in args if isinstance(a, Checkpoint))
    if is_published(checkpoint):
        return 1
    backend = load_backend(checkpoint, threads)
    if isinstance(backend, WholeBackend):
        return 0
    return backend.at_once if isinstance(backend, SideBySide) else 1


def _all(part: Callable[[Rows], R], parts: Sequence[Rows], workers: int) -> list[R]:
    if workers == 1 or len(parts) == 1:
        return [part(rows) for rows in parts]
    with ThreadPoolExecutor(workers, thread_name_prefix="predict") as pool:
        return list(pool.map(part, parts))


def _joined(parts: Sequence[Any], rows: Rows, ids: NDArray[np.str_]) -> Any:
    """Put the answers of parts together and give each series its own: those of `rows` among them."""
    first = parts[0]
    if isinstance(first, np.ndarray):
        return np.concatenate(parts)[rows]
    if is_dataclass(first) and not isinstance(first, type):
        names = [f.name for f in fields(first) if f.name != "ids"]
        return replace(first, ids=ids, **{n: _joined([getattr(p, n) for p in parts], rows, ids) for n in names})
    if isinstance(first, tuple) and not all(isinstance(each, str) for each in first):
        return tuple(_joined(each, rows, ids) for each in zip(*parts, strict=True))
    return first  # names of classes
