"""Gates in the stages of a job, at which its worker waits for the fault: files in one folder, no other channel.

An armed gate stops the first process that reaches it, once; all others pass.
"""

import os
import signal
import time
from pathlib import Path

STAGES = ("build", "render", "closing")
MOST_S = 30.0
"""Longest wait at a gate that nobody opens."""
LOOK_S = 0.02


def arm(folder: Path, stage: str) -> None:
    """Let the next process that reaches a stage wait."""
    (folder / f"{stage}.armed").touch()


def is_reached(folder: Path, stage: str) -> bool:
    """Tell whether a process waits, or has waited, in a stage."""
    return (folder / f"{stage}.reached").exists()


def open_gate(folder: Path, stage: str) -> None:
    """Let the process go on."""
    (folder / f"{stage}.open").touch()


def poison(folder: Path, corner: str) -> None:
    """Let the tile with this corner kill each worker that builds it."""
    (folder / "poison").write_text(corner, encoding="utf-8")


def pass_gate(folder: Path, stage: str) -> None:
    """Wait in a stage, if its gate is armed."""
    try:
        (folder / f"{stage}.armed").rename(folder / f"{stage}.reached")
    except FileNotFoundError:
        return
    end = time.monotonic() + MOST_S
    while not (folder / f"{stage}.open").exists() and time.monotonic() < end:
        time.sleep(LOOK_S)


def die_if_poisoned(folder: Path, corner: str) -> None:
    """End this process as the kernel does when memory runs out, if the tile is the poisoned one."""
    file = folder / "poison"
    if file.exists() and file.read_text(encoding="utf-8") == corner:
        os.kill(os.getpid(), signal.SIGKILL)
