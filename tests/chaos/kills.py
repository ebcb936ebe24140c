"""Rows: each part killed or paused in each stage."""

import os
import signal
import threading
import time
from collections.abc import Callable

from tests.chaos import gates
from tests.chaos.parts import Part, pause, pause_alone, until
from tests.chaos.rows import Outcome, Room, Row, disturbed_job
from tests.chaos.site import LEASE_S, Site, site_apart, site_of_one

DOWN_S = 3.0
"""A part that was killed is started again after this time, as systemd or Kubernetes would."""
PAUSE_S = LEASE_S + 2
"""Longer than a lease."""


def _worker(site: Site) -> int:
    return site.worker.pid if site.worker else int(site.service.family("worker_app")[0].pid)


def _child(site: Site) -> int:
    owner = site.worker or site.service
    pool = owner.family() if site.worker else site.service.family("worker_app")[0].children()
    return int(pool[0].pid)


def kill_worker(site: Site, stage: str) -> None:
    """Kill the worker's main process; its supervisor starts another."""
    pid = _worker(site)
    os.kill(pid, signal.SIGKILL)
    until(lambda: {p.pid for p in site.service.family("worker_app")} - {pid}, "the supervisor starts another worker")


def pause_worker(site: Site, stage: str) -> None:
    """Pause the worker with its child."""
    pause([_worker(site)], PAUSE_S)


def kill_child(site: Site, stage: str) -> None:
    """Kill the process that carries out the tasks."""
    site.service.family("worker_app")[0].children()[0].kill()


def pause_child(site: Site, stage: str) -> None:
    """Pause the process that carries out the tasks."""
    pause_alone(_child(site), PAUSE_S)


def kill_service(site: Site, stage: str) -> None:
    """Kill the process of the API, which is the supervisor too, and start it again."""
    site.service.kill()
    time.sleep(DOWN_S / 3)
    gates.open_gate(site.gates, stage)
    time.sleep(DOWN_S)
    site.service.start()
    site.await_service()


def pause_service(site: Site, stage: str) -> None:
    """Pause the process of the API, which is the supervisor too."""
    gates.open_gate(site.gates, stage)
    pause_alone(site.service.pid, PAUSE_S)


def kill_redis(site: Site, stage: str) -> None:
    """Kill Redis; the worker goes on meanwhile."""
    assert site.redis
    _down(site.redis, site, stage)


def _down(part: Part, site: Site, stage: str) -> None:
    part.kill()
    gates.open_gate(site.gates, stage)
    time.sleep(DOWN_S)
    part.start()


def pause_redis(site: Site, stage: str) -> None:
    """Pause Redis; the worker goes on meanwhile."""
    assert site.redis
    gates.open_gate(site.gates, stage)
    pause([site.redis.pid], PAUSE_S)


def kill_private_redis(site: Site, stage: str) -> None:
    """Kill the supervisor's own Redis."""
    victim = site.service.family("redis-server") or site.service.family("valkey-server")
    victim[0].kill()
    gates.open_gate(site.gates, stage)


def kill_postgres(site: Site, stage: str) -> None:
    """Kill PostgreSQL for 8 s; the worker goes on meanwhile."""
    assert site.database
    site.database.kill()
    gates.open_gate(site.gates, stage)
    time.sleep(8.0)
    site.database.start()


def pause_postgres(site: Site, stage: str) -> None:
    """Pause PostgreSQL with all its processes; the worker goes on meanwhile."""
    assert site.database
    gates.open_gate(site.gates, stage)
    pause([site.database.pid], PAUSE_S)


Fault = Callable[[Site, str], None]
ONE: dict[str, Fault] = {
    "worker killed": kill_worker,
    "worker paused": pause_worker,
    "child killed": kill_child,
    "child paused": pause_child,
    "supervisor killed": kill_service,
    "supervisor paused": pause_service,
    "private Redis killed": kill_private_redis,
}
APART: dict[str, Fault] = {
    "API killed": kill_service,
    "API paused": pause_service,
    "Redis killed": kill_redis,
    "Redis paused": pause_redis,
    "PostgreSQL killed": kill_postgres,
    "PostgreSQL paused": pause_postgres,
}


def _run(fault: Fault, stage: str, *, apart: bool) -> Callable[[Room], Outcome]:
    def run(room: Room) -> Outcome:
        with (site_apart if apart else site_of_one)(room.folder, room.archive) as site:
            return disturbed_job(site, stage, lambda: fault(site, stage), room.clean)

    return run


def two_reconcilers(room: Room) -> Outcome:
    """Let two services reconcile one ledger while a worker dies."""
    with site_apart(room.folder, room.archive) as site:
        assert site.worker
        words = (*site.service.command[:-1], "0")
        second = Part(words, room.folder / "second.log", site.service.environment)
        site.stack.callback(second.end)
        until(lambda: "landcast serves" in second.log.read_text(), "the second API starts")
        worker = site.worker

        def die() -> None:
            worker.end()
            worker.start()

        return disturbed_job(site, "render", die, room.clean)


def stages() -> list[Row]:
    """Return the rows of kills and pauses."""
    kinds = [(name, fault, False) for name, fault in ONE.items()]
    kinds += [(name, fault, True) for name, fault in APART.items()]
    rows = [
        Row(fault=name, stage=stage, run=_run(fault, stage, apart=apart))
        for name, fault, apart in kinds
        for stage in gates.STAGES
    ]
    return [*rows, Row(fault="worker killed, two reconcilers", stage="render", run=two_reconcilers)]


def in_background(act: Callable[[], None]) -> threading.Thread:
    """Run something beside what follows."""
    thread = threading.Thread(target=act, daemon=True)
    thread.start()
    return thread
