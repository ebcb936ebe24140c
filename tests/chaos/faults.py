"""Rows: what goes wrong on a machine besides a death: full disks, few descriptors, wrong clocks, damage, poison."""

import contextlib
import shutil
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import psutil

from tests.chaos import gates
from tests.chaos.gates import corner
from tests.chaos.kills import PAUSE_S
from tests.chaos.parts import until
from tests.chaos.rows import Outcome, Room, Row, Skip, disturbed_job, ended
from tests.chaos.site import site_apart, site_of_one

DISK_BYTES = 160 * 1024**2
IDLE = 1100
"""Connections that are opened and never used."""
FEW_FILES = 100
MOST_LOG_BYTES = 2_000_000
GRACE_S = 15.0


@contextlib.contextmanager
def small_disk(folder: Path) -> Iterator[None]:
    """Mount a small disk at a folder.

    Raises:
        Skip: this user may not.
    """
    folder.mkdir(parents=True)
    command = ["mount", "-t", "tmpfs", "-o", f"size={DISK_BYTES}", "tmpfs", str(folder)]
    if not shutil.which("mount") or subprocess.run(command, capture_output=True, check=False).returncode:
        raise Skip("mounting a small disk needs root and the right to mount")
    try:
        yield
    finally:
        subprocess.run(["umount", "--lazy", str(folder)], check=False)


def fill(file: Path) -> None:
    """Write a file until the disk is full."""
    with contextlib.suppress(OSError), file.open("wb", buffering=0) as out:
        while True:
            out.write(bytes(65536))


def disk_full(stage: str) -> Callable[[Room], Outcome]:
    """Let the disk of tiles, results, ledger and logs be full for a time."""

    def run(room: Room) -> Outcome:
        home = room.folder / "home"
        with small_disk(home), site_of_one(room.folder, room.archive) as site:

            def full() -> None:
                fill(home / "filler")
                gates.open_gate(site.gates, stage)
                time.sleep(PAUSE_S)
                until(lambda: "disk" in site.ask("GET", "/readyz").json().get("detail", ""), "/readyz names the disk")
                (home / "filler").unlink()

            return disturbed_job(site, stage, full, room.clean)

    return run


def few_descriptors(room: Room) -> Outcome:
    """Hold more idle connections than the service has file descriptors."""
    with site_of_one(room.folder, room.archive, most_files=FEW_FILES) as site, contextlib.ExitStack() as held:
        port = int(site.url.rsplit(":", 1)[1])

        def crowd() -> None:
            for _ in range(IDLE):
                client = held.enter_context(socket.socket())
                client.setblocking(False)
                client.connect_ex(("127.0.0.1", port))
            gates.open_gate(site.gates, "render")
            time.sleep(PAUSE_S)
            held.close()

        outcome = disturbed_job(site, "render", crowd, room.clean)
        too_long = site.log_bytes() > MOST_LOG_BYTES
        return outcome if not too_long else Outcome(end=outcome.end, wrong=f"{site.log_bytes()} bytes of log")


def shifted_clock(shift_s: float) -> Callable[[Room], Outcome]:
    """Let the clock of the worker's machine be off."""

    def run(room: Room) -> Outcome:
        with site_apart(room.folder, room.archive, CHAOS_SHIFT_S=str(shift_s)) as site:
            return ended(site, site.order(), room.clean, most=1)

    return run


def damaged_tiles(room: Room) -> Outcome:
    """Cut, change and empty tiles that another job is to share."""
    with site_of_one(room.folder, room.archive) as site:
        site.await_end(site.order())
        files = sorted((site.home / "cache" / "tiles").rglob("*.tif"))
        content = [file.read_bytes() for file in files[:3]]
        middle = len(content[1]) // 2
        files[0].write_bytes(content[0][:-100])
        files[1].write_bytes(content[1][:middle] + bytes([content[1][middle] ^ 1]) + content[1][middle + 1 :])
        files[2].write_bytes(b"")
        return ended(site, site.order(), room.clean, most=1)


def poison_tile(room: Room) -> Outcome:
    """Let one tile kill each worker that builds it; heal it after the map was delivered with a gap, and retry."""
    with site_of_one(room.folder, room.archive) as site:
        gates.arm(site.gates, "build")
        job_id = site.order()
        site.await_gate("build")
        poisoned = site.lattice(job_id)[2]
        gates.poison(site.gates, corner(poisoned.window))
        gates.open_gate(site.gates, "build")
        job = site.await_end(job_id)
        others = [t.attempts for t in site.tiles(job_id) if t.tile_key != poisoned.key]
        if (job["status"], job.get("complete"), job["tilesFailed"]) != ("successful", False, 1) or max(others) > 2:
            return Outcome(end=job["status"], wrong=f"no map with one gap: {job}, attempts {others}")
        (site.gates / "poison").unlink()
        site.ask("POST", f"/jobs/{job_id}/retry").raise_for_status()
        outcome = ended(site, job_id, room.clean, most=4)
        return outcome if outcome.wrong else Outcome(**{**vars(outcome), "end": "gap, then successful"})


def worker_terminated(room: Room) -> Outcome:
    """End a worker by SIGTERM: it finishes its tile, and another goes on."""
    with site_apart(room.folder, room.archive) as site:
        assert site.worker
        worker = site.worker

        def terminate() -> None:
            worker.process.send_signal(signal.SIGTERM)
            time.sleep(1.0)
            gates.open_gate(site.gates, "render")
            worker.process.wait(GRACE_S)
            worker.start()

        outcome = disturbed_job(site, "render", terminate, room.clean)
        return outcome if not outcome.twice else Outcome(end=outcome.end, wrong="its tile was given up")


def service_terminated(room: Room) -> Outcome:
    """End the service by SIGTERM: nothing of it is left, and the next one goes on."""
    with site_of_one(room.folder, room.archive) as site:
        left: list[psutil.Process] = []

        def terminate() -> None:
            family = psutil.Process(site.service.pid).children(recursive=True)
            site.service.process.send_signal(signal.SIGTERM)
            site.service.process.wait(GRACE_S)
            left.extend(psutil.wait_procs(family, timeout=5)[1])
            gates.open_gate(site.gates, "render")
            site.service.start()
            site.await_service()

        outcome = disturbed_job(site, "render", terminate, room.clean)
        return outcome if not left else Outcome(end=outcome.end, wrong=f"{len(left)} processes are left")


def rows() -> list[Row]:
    """Return the rows."""
    return [
        *(Row(fault="disk full and freed", stage=s, run=disk_full(s)) for s in gates.STAGES),
        Row(fault=f"{IDLE} idle connections, {FEW_FILES} descriptors", stage="render", run=few_descriptors),
        *(Row(fault=f"worker's clock off by {s:+.0f} s", run=shifted_clock(s)) for s in (-120.0, 120.0)),
        Row(fault="tiles cut, changed, emptied", run=damaged_tiles),
        Row(fault="poison tile, then a retry", stage="build", run=poison_tile),
        Row(fault="worker ended by SIGTERM", stage="render", run=worker_terminated),
        Row(fault="service ended by SIGTERM", stage="render", run=service_terminated),
    ]
