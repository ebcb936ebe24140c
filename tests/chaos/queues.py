"""Rows: workers by capability: the one worker of a queue dies, or nobody serves a queue at first."""

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

from core.groups.queues import ALL, Capability
from tests.chaos import gates
from tests.chaos.parts import LANDCAST, Part, until
from tests.chaos.rows import Outcome, Room, Row, disturbed_job, ended
from tests.chaos.site import Site, site_apart
from workers.queue.capability.unserved import WAIT_S, sentence

STAGE = {Capability.INGEST: "build", Capability.COMPUTE: "render", Capability.POST: "closing"}
"""In which the worker of a queue is at work."""
READ = 1
"""Attempt at each tile that is not its rendering: it was read, and its cube stored."""
TOLD_S, READY_S = WAIT_S + 20, 120.0
"""Longest time until a wait is told of, and until a worker is ready on a busy machine."""


def worker_for(site: Site, *queues: Capability, name: str = "") -> Part:
    """Start a worker that serves some queues alone, with a home folder of its own; return once it is ready."""
    assert site.worker
    own = name or "-".join(queues)
    given = {"LANDCAST_QUEUES": ",".join(queues), "LANDCAST_HOME": str(site.folder / f"home-{own}")}
    worker = Part((*LANDCAST, "worker"), site.folder / f"worker-{own}.log", site.worker.environment | given)
    site.stack.callback(worker.end)
    until(lambda: " ready." in read(worker.log), f"the worker {own} is ready", seconds=READY_S)
    return worker


def others(queue: Capability) -> str:
    """Return all queues but one, as a setting names them."""
    return ",".join(other for other in ALL if other != queue)


def says_so(site: Site, job_id: str, queue: Capability) -> bool:
    """Tell whether job and service name the queue that nobody serves."""
    words = sentence([queue])
    ready = site.ask("GET", "/readyz")
    job = site.ask("GET", f"/jobs/{job_id}").json()
    says = ready.json()["checks"]["worker"]
    return (ready.status_code, says, job["message"]) == (503, words, f"waiting: {words}")


def newest(site: Site) -> str:
    """Return the id of the job that was ordered last."""
    return str(site.ask("GET", "/jobs?limit=1").json()["jobs"][0]["jobID"])


def checked(site: Site, outcome: Outcome, job_id: str) -> Outcome:
    """Return what came of a job whose tiles were read and rendered apart: the reads are no repetitions."""
    again = sum(tile.attempts > 1 + READ for tile in site.tiles(job_id))
    until(lambda: site.answers("/readyz"), "the service is ready again")
    return replace(outcome, twice=again)


def only_worker_killed(queue: Capability) -> Callable[[Room], Outcome]:
    """Kill the only worker of a queue; another comes once job and service say what is missing."""

    def run(room: Room) -> Outcome:
        with site_apart(room.folder, room.archive, on_s3=True, LANDCAST_QUEUES=others(queue)) as site:
            worker = worker_for(site, queue)

            def die() -> None:
                worker.end()
                until(lambda: says_so(site, newest(site), queue), "job and /readyz name the queue", seconds=TOLD_S)
                gates.open_gate(site.gates, STAGE[queue])
                worker_for(site, queue, name=f"{queue}-again")

            outcome = disturbed_job(site, STAGE[queue], die, room.clean, most=2 + READ)
            return checked(site, outcome, newest(site))

    return run


def one_of_two_killed(room: Room) -> Outcome:
    """Kill one of two workers of the queue `compute`: the other goes on at once, and nothing is said to wait."""
    with site_apart(room.folder, room.archive, on_s3=True, LANDCAST_QUEUES="ingest,post") as site:
        first = worker_for(site, Capability.COMPUTE)
        seconds: list[str] = []

        def die() -> None:
            worker_for(site, Capability.COMPUTE, name="second")
            first.end()
            gates.open_gate(site.gates, "render")
            time.sleep(1.0)
            seconds.append(site.ask("GET", "/readyz").text)

        outcome = disturbed_job(site, "render", die, room.clean, most=2 + READ)
        if "no worker serves" in seconds[0]:
            return replace(outcome, wrong=f"/readyz says {seconds[0]}")
        return checked(site, outcome, newest(site))


def served_later(queue: Capability) -> Callable[[Room], Outcome]:
    """Order while nobody serves a queue; a worker for it comes once job and service say so."""

    def run(room: Room) -> Outcome:
        with site_apart(room.folder, room.archive, on_s3=True, LANDCAST_QUEUES=others(queue)) as site:
            job_id = site.order()
            until(lambda: says_so(site, job_id, queue), "job and /readyz name the queue", seconds=TOLD_S + 20)
            events = [e["event"] for e in site.ask("GET", f"/jobs/{job_id}/log").json()["events"]]
            if "waiting" not in events:
                return Outcome(end="running", wrong=f"its events do not say so: {events}")
            worker_for(site, queue)
            return checked(site, ended(site, job_id, room.clean, most=1 + READ), job_id)

    return run


def read(log: Path) -> str:
    """Return a log, empty while there is none."""
    return log.read_text(encoding="utf-8", errors="replace") if log.exists() else ""


def rows() -> list[Row]:
    """Return the rows."""
    return [
        *(Row(fault=f"only worker of {q} killed", stage=STAGE[q], run=only_worker_killed(q)) for q in ALL),
        Row(fault="one of two workers of compute killed", stage="render", run=one_of_two_killed),
        *(Row(fault=f"nobody serves {q}, then a worker comes", run=served_later(q), long=q != ALL[0]) for q in ALL),
    ]
