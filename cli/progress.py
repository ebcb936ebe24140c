"""Progress for people: a bar on a terminal, elsewhere a plain line for each tenth, always on stderr. No work here."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Protocol, TextIO

from tqdm import tqdm
from tqdm.contrib.logging import logging_redirect_tqdm

from core.progress import Progress

PLAIN_STEP = 0.1
BAR_FORMAT = "{desc:<14} {percentage:3.0f} %|{bar:32}| {elapsed}{postfix}"
FALLBACK_SIZE = (100, 24)


class Line(Protocol):
    """One thing whose progress is shown."""

    def advance(self, share: float, note: str = "") -> None:
        """Show the share done (0..1) and the current stage."""
        ...

    def close(self, note: str = "") -> None:
        """Show a last note and end."""
        ...

    def abandon(self) -> None:
        """Make room for an error sentence."""
        ...


class Bar:
    """A line on a terminal, redrawn in place."""

    def __init__(self, title: str, *, position: int, stream: TextIO) -> None:
        columns = shutil.get_terminal_size(
            FALLBACK_SIZE
        ).columns  # some terminals report 0, and tqdm would show nothing
        self._bar = tqdm(
            total=1.0, desc=title, position=position, bar_format=BAR_FORMAT, file=stream, leave=True, ncols=columns
        )

    def advance(self, share: float, note: str = "") -> None:
        """Redraw the bar."""
        self._bar.set_postfix_str(note, refresh=False)
        self._bar.n = max(float(self._bar.n), min(1.0, share))
        self._bar.refresh()

    def abandon(self) -> None:
        """Wipe the bar away."""
        self._bar.leave = False
        self._bar.close()

    def close(self, note: str = "") -> None:
        """Leave the bar on the terminal."""
        if note:
            self._bar.set_postfix_str(note)
        self._bar.close()


class PlainLines:
    """A line of text at every tenth, for logs and pipes."""

    def __init__(self, title: str, *, stream: TextIO) -> None:
        self._title, self._stream = title, stream
        self._shown = -1

    def advance(self, share: float, note: str = "") -> None:
        """Print once a further tenth is done."""
        step = int(share / PLAIN_STEP + 1e-9)
        if step > self._shown:
            self._shown = step
            self._print(f"{round(step * PLAIN_STEP * 100):3d} %", note)

    def abandon(self) -> None:
        """Do nothing: printed lines stay."""

    def close(self, note: str = "") -> None:
        """Print the last note."""
        if note:
            self._print(note)

    def _print(self, *parts: str) -> None:
        print(self._title, *(p for p in parts if p), file=self._stream, flush=True)


def new_line(title: str, *, position: int = 0, stream: TextIO | None = None) -> Line:
    """Return a bar where the stream (default stderr) is a terminal, plain lines elsewhere."""
    stream = stream or sys.stderr
    if stream.isatty():
        return Bar(title, position=position, stream=stream)
    return PlainLines(title, stream=stream)


@contextmanager
def show_progress(title: str) -> Iterator[Progress]:
    """Show one piece of work; log lines stay above the bar."""
    line = new_line(title)
    with logging_redirect_tqdm():
        try:
            yield line.advance
        except BaseException:
            line.abandon()
            raise
        line.close()
