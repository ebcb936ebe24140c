import subprocess
import sys
import time
from pathlib import Path

from service.process import orphan_guard as orphan_guard
from service.process.orphan_guard import OrphanGuard

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]


def sleeper() -> "subprocess.Popen[bytes]":
    return subprocess.Popen(SLEEP, start_new_session=True)


def ends_soon(process: "subprocess.Popen[bytes]") -> bool:
    try:
        process.wait(5)
    except subprocess.TimeoutExpired:
        return False
    return True


def test_when_the_supervisor_is_killed_its_groups_end_and_its_folders_go(tmp_path: Path) -> None:
    child, folder = sleeper(), tmp_path / "socket folder"
    folder.mkdir()
    supervisor = subprocess.Popen(
        [sys.executable, "-I", "-S", orphan_guard.__file__], stdin=subprocess.PIPE, text=True, start_new_session=True
    )
    assert supervisor.stdin
    print(f"group {child.pid}\nfolder {folder}", file=supervisor.stdin, flush=True)
    supervisor.stdin.close()  # what the kernel does for a process that is killed
    assert ends_soon(child)
    supervisor.wait(5)
    assert not folder.exists()


def test_what_was_forgotten_is_left_alone(tmp_path: Path) -> None:
    child = sleeper()
    with OrphanGuard() as watch:
        watch.group(child.pid)
        watch.folder(tmp_path)
        watch.forget(child.pid)
        watch.forget(tmp_path)
    time.sleep(0.2)
    assert child.poll() is None
    assert tmp_path.exists()
    child.kill()
    child.wait()


def test_an_orphan_guard_that_died_itself_does_not_stop_the_supervisor() -> None:
    with OrphanGuard() as watch:
        watch._process.kill()
        watch._process.wait()
        watch.group(1)
