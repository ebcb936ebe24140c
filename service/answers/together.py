"""One reading for all who ask the same at the same time. Nobody gets what was read before they asked."""

import asyncio
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from starlette.concurrency import run_in_threadpool

T = TypeVar("T")


class Together:
    """Answers that are made in a thread, once for all requests that wait for the same one.

    A request that comes while its answer is being read waits for the next reading, which begins after this one has
    ended: the reading may have missed what the client knows to have changed. Used in one event loop.
    """

    def __init__(self) -> None:
        self._running: dict[Hashable, asyncio.Task[Any]] = {}
        self._next: dict[Hashable, asyncio.Task[Any]] = {}

    async def answer(self, key: Hashable, read: Callable[[], T]) -> T:
        """Return what `read` returns, called once for all requests of a key that wait for it.

        Args:
            key: of all that decides what is read, and who may see it.
            read: called in a thread; its errors go to all who wait.
        """
        task = self._next.get(key)
        if task is None:
            self._next[key] = task = asyncio.ensure_future(self._read(key, read))
        found: T = await asyncio.shield(task)  # a client that leaves ends no reading of others
        return found

    async def _read(self, key: Hashable, read: Callable[[], Any]) -> Any:
        if (earlier := self._running.get(key)) is not None:
            await asyncio.wait([earlier])
        task = self._running[key] = self._next.pop(key)
        try:
            return await run_in_threadpool(read)
        finally:
            if self._running[key] is task:
                del self._running[key]
