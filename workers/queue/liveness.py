"""The name of a worker's process, and whether that process has ended. For other machines only leases can tell."""

import os
import platform
from functools import cache
from pathlib import Path

DEAD = "dead"


def worker_name() -> str:
    """Return the name of this process: machine, process namespace, process id, start time."""
    return f"{_machine()}:{os.getpid()}:{_start(os.getpid())}"


def is_gone(name: str) -> bool:
    """Tell whether the process of a name has ended; False if that cannot be known, here or at the moment."""
    machine, _, process = name.partition(":")
    pid, _, start = process.partition(":")
    if machine != _machine() or not pid.isdigit():
        return False
    try:
        os.kill(int(pid), 0)
    except ProcessLookupError:
        return True
    except PermissionError:
        return False
    found = _start(int(pid))
    return found == DEAD or ("" not in (found, start) and found != start)


@cache
def _machine() -> str:
    namespace = Path("/proc/self/ns/pid")
    inside = str(namespace.stat().st_ino) if namespace.exists() else "0"
    return f"{platform.node().replace(':', '-')}/{inside}"


def _start(pid: int) -> str:
    """Return when a process started, in the kernel's ticks; DEAD for a zombie.

    Empty if it cannot be known: there is no /proc, no file descriptor is left, or the process has just ended.
    """
    try:
        fields = Path(f"/proc/{pid}/stat").read_text(encoding="utf-8").rpartition(")")[2].split()
    except OSError:
        return ""
    return DEAD if fields[0] in ("Z", "X") else fields[19]
