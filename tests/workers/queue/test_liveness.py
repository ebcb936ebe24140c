import os
import signal
import subprocess
import sys

from tests.workers.conftest import wait_for
from workers.queue.liveness import is_gone, worker_name


def test_a_process_is_gone_once_it_is_dead() -> None:
    words = (
        "import time; from workers.queue.liveness import worker_name; print(worker_name(), flush=True); time.sleep(60)"
    )
    process = subprocess.Popen([sys.executable, "-c", words], stdout=subprocess.PIPE, text=True)
    assert process.stdout
    name = process.stdout.readline().strip()
    assert not is_gone(name)
    os.kill(process.pid, signal.SIGKILL)
    wait_for(lambda: is_gone(name))  # a zombie, not yet waited for, is gone as well
    process.wait()
    process.stdout.close()
    assert is_gone(name)


def test_a_living_process_is_not_gone_while_file_descriptors_have_run_out() -> None:
    code = """
import os, resource
from workers.queue.liveness import is_gone, worker_name
names = [worker_name(), worker_name().rpartition(":")[0] + ":"]
resource.setrlimit(resource.RLIMIT_NOFILE, (len(os.listdir("/proc/self/fd")), 64))
held = []
try:
    while True:
        held.append(os.dup(0))
except OSError:
    pass
found = [is_gone(name) for name in names]
os.closerange(3, 64)
print(found)
"""
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[False, False]"


def test_nothing_is_known_of_processes_elsewhere() -> None:
    machine, pid, start = worker_name().split(":")
    assert not is_gone(f"elsewhere:{pid}:{start}")
    assert not is_gone("nonsense")
    assert is_gone(f"{machine}:{pid}:{int(start or 0) + 1}") or not start
