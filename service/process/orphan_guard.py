"""A small process that outlives the supervisor by a moment, and cleans up if the supervisor dies before it could.

It ends the process groups and removes the folders that the supervisor has named.
It reads lines from its standard input, whose other end only the supervisor holds: `group PID`, `folder PATH`,
and `forget PID-or-PATH`. End of file means that the supervisor has died. This works on Linux and macOS, and it reaches
grandchildren, which PR_SET_PDEATHSIG does not. Standard library only: the process runs this file alone.
"""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path


class OrphanGuard:
    """The supervisor's side: starts the process and sends it names. Used as a context manager."""

    def __enter__(self) -> "OrphanGuard":
        # -I -S: nothing but the standard library, so it starts in milliseconds and no installed package can break it
        command = [sys.executable, "-I", "-S", __file__]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, start_new_session=True, text=True)
        return self

    def __exit__(self, *_: object) -> None:
        with contextlib.suppress(BrokenPipeError):
            self._process.communicate(timeout=5)

    def group(self, pid: int) -> None:
        """End this process group if the supervisor dies."""
        self._send("group", pid)

    def folder(self, path: Path) -> None:
        """Remove this folder if the supervisor dies."""
        self._send("folder", path)

    def forget(self, name: int | Path) -> None:
        """Leave a process group or folder alone: the supervisor has dealt with it."""
        self._send("forget", name)

    def _send(self, verb: str, name: int | Path) -> None:
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            print(verb, name, file=self._process.stdin, flush=True)


def watch(lines: Iterable[str]) -> None:
    """Read names until the lines end, then end the groups and remove the folders that were not forgotten."""
    groups: set[str] = set()
    folders: set[str] = set()
    for line in lines:
        verb, _, name = line.rstrip("\n").partition(" ")
        if verb == "forget":
            groups.discard(name)
            folders.discard(name)
        else:
            (groups if verb == "group" else folders).add(name)
    for group in groups:
        with contextlib.suppress(ProcessLookupError, PermissionError):
            os.killpg(int(group), signal.SIGKILL)
    for folder in folders:
        shutil.rmtree(folder, ignore_errors=True)


if __name__ == "__main__":
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_IGN)
    watch(sys.stdin)
