"""Two stages of one work side by side: a thread makes the next thing while the last one is used. No queue, no I/O."""

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import contextmanager
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


@contextmanager
def ahead(make: Callable[[T], R], items: Iterable[T]) -> Iterator[Iterator[R]]:
    """Give what is made of each item, in their order; that of the next item is made by a thread meanwhile.

    It pays where making waits for a disk or a network, or leaves Python's lock alone, as GDAL, NumPy, numba and ONNX
    Runtime do. Two results are there at a time: the one in use and the next. The thread has ended when the block has,
    however it ends; what it makes just then is finished first.

    Args:
        make: called for one item at a time. What it raises is raised where its result is taken.
        items: looked at by the thread of the block.
    """
    with ThreadPoolExecutor(1, thread_name_prefix="ahead") as pool:
        try:
            yield _in_order(pool, make, items)
        finally:
            pool.shutdown(cancel_futures=True)


def _in_order(pool: ThreadPoolExecutor, make: Callable[[T], R], items: Iterable[T]) -> Iterator[R]:
    waiting: Future[R] | None = None
    for item in items:
        following = pool.submit(make, item)
        if waiting is not None:
            yield waiting.result()
        waiting = following
    if waiting is not None:
        yield waiting.result()
