"""Rows: what comes from outside, at the start of a service and in requests."""

import contextlib
import os
import socket
import subprocess
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import psutil

from tests.chaos.bodies import ask_at_random
from tests.chaos.changed_files import read_at_random
from tests.chaos.parts import PLAIN
from tests.chaos.rows import Outcome, Room, Row, ended
from tests.chaos.site import environment, site_of_one
from tests.conftest import ROOT
from tests.core.combs import comb

START_S = 120.0
REGIONS = 40
MOST_S = 1.0
"""Within which small requests are answered beside costly ones."""
MOST_BYTES = 400 * 1024**2
"""By which the service may grow: large bodies are in memory while they wait."""
COMB = comb(12_000, pitch=1.4e-7, height=0.0015, west=15.0018, south=47.8517)
"""48,000 vertices, of 50,000 that one order may have, within the archive."""
REFUSED = 2
"""Exit code of a wrong input."""
KML = (
    '<OGRVRTDataSource><OGRVRTLayer name="a"><SrcDataSource>/vsicurl/http://127.0.0.1:{port}/a.geojson'
    "</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
)


def run_command(room: Room, *arguments: str, **settings: str) -> "subprocess.CompletedProcess[str]":
    """Run the command line, which ends by itself."""
    given = {f"LANDCAST_{name}": value for name, value in settings.items()}
    return subprocess.run(
        [*PLAIN, *arguments],
        cwd=ROOT,
        env={k: v for k, v in os.environ.items() if not k.startswith("LANDCAST_")}
        | environment(room.folder, room.archive)
        | given,
        capture_output=True,
        text=True,
        timeout=START_S,
        check=False,
    )


def refused_start(break_it: Callable[[Room], dict[str, str]]) -> Callable[[Room], Outcome]:
    """Start a service on something that is not as it must be."""

    def run(room: Room) -> Outcome:
        began = time.monotonic()
        found = run_command(room, "serve", "--port", "0", **break_it(room))
        lines = found.stderr.strip().splitlines()
        is_right = found.returncode == REFUSED and len(lines) == 1 and "Traceback" not in found.stderr
        wrong = "" if is_right else f"exit code {found.returncode}, {len(lines)} lines: {found.stderr[:200]}"
        return Outcome(end=f"exit code {found.returncode}", seconds=time.monotonic() - began, wrong=wrong)

    return run


def _no_database(_room: Room) -> dict[str, str]:
    return {"DATABASE_URL": "postgresql+psycopg://landcast:secret@127.0.0.1:9/none"}


def _bad_url(_room: Room) -> dict[str, str]:
    return {"DATABASE_URL": "no url"}


def _damaged_ledger(room: Room) -> dict[str, str]:
    (room.folder / "home").mkdir(mode=0o700)
    (room.folder / "home" / "ledger.sqlite").write_bytes(b"SQLite format 3\0" + bytes(range(256)) * 40)
    return {}


def _home_is_a_file(room: Room) -> dict[str, str]:
    (room.folder / "home").write_text("a file")
    return {}


STARTS = {
    "bad URL of the ledger": _bad_url,
    "PostgreSQL away": _no_database,
    "ledger damaged": _damaged_ledger,
    "home folder cannot be written": _home_is_a_file,
}


def virtual_region(room: Room) -> Outcome:
    """Give a region file that makes GDAL fetch an address."""
    with socket.socket() as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        listener.settimeout(0.2)
        region = room.folder / "region.kml"
        region.write_text(KML.format(port=listener.getsockname()[1]))
        words = ("canopy", "--region", str(region), "--archive", str(room.archive), "-o", str(room.folder / "a.tif"))
        found = run_command(room, *words)
        with contextlib.suppress(TimeoutError):
            listener.accept()
            return Outcome(end="-", wrong="the address was fetched")
    wrong = "" if found.returncode == REFUSED else f"exit code {found.returncode}: {found.stderr[:200]}"
    return Outcome(end=f"exit code {found.returncode}", wrong=wrong)


def broken_models(room: Room) -> Outcome:
    """Put models beside the shipped ones whose cards are none, or lack what is looked for later."""
    cards = {"bad": "{}", "none": "[", "shallow": SHALLOW, "wrong": WRONG}
    for name, text in cards.items():
        folder = room.folder / "home" / "models" / name
        folder.mkdir(parents=True)
        (folder / "card.json").write_text(text)
        (folder / "weights.safetensors").write_bytes(b"weights")
    listed = run_command(room, "models", "list")
    missing = [name for name in cards if f"models/{name}" not in listed.stderr]
    if missing or listed.returncode:
        return Outcome(end="-", wrong=f"'models list' does not name {missing}")
    with site_of_one(room.folder, room.archive) as site:
        return ended(site, site.order(), room.clean, most=1)


SHALLOW = '{"name": "shallow", "task": "canopy", "default": true, "sha256": {"weights.safetensors": "ab"}}'
WRONG = SHALLOW.replace("shallow", "wrong").replace('"task"', '"network": 7, "classes": 7, "task"')


def costly_regions(room: Room) -> Outcome:
    """Send many costly regions at once; meanwhile small requests are answered in time."""
    with site_of_one(room.folder, room.archive) as site:
        body, slowest, done = {"inputs": {"region": COMB}}, 0.0, threading.Event()

        def send(_: int) -> int:
            return site.ask("POST", "/processes/canopy/estimate", json=body).status_code

        began = time.monotonic()
        with ThreadPoolExecutor(REGIONS + 1) as pool:
            answers = [pool.submit(send, n) for n in range(REGIONS)]
            pool.submit(lambda: ([a.exception() for a in answers], done.set()))
            while not done.is_set():
                for path in ("/healthz", "/jobs"):
                    asked = time.monotonic()
                    site.ask("GET", path).raise_for_status()
                    slowest = max(slowest, time.monotonic() - asked)
                time.sleep(0.05)
        codes = sorted({a.result() for a in answers})
        wrong = "" if slowest <= MOST_S else f"a small request took {slowest:.1f} s"
        wrong += "" if set(codes) <= {200, 400, 503} else f" answers {codes}"
        return Outcome(end=f"slowest {slowest:.2f} s, {codes}", seconds=time.monotonic() - began, wrong=wrong.strip())


def random_bodies(count: int) -> Callable[[Room], Outcome]:
    """Send made-up bodies to every route that takes one, and made-up requests of the OpenAPI document to all."""

    def run(room: Room) -> Outcome:
        with site_of_one(room.folder, room.archive, plain=True) as site:
            process, began = psutil.Process(site.service.pid), time.monotonic()
            before = process.memory_info().rss
            sent = ask_at_random(site.url, count)
            grown = process.memory_info().rss - before
            wrong = "" if grown <= MOST_BYTES else f"the service grew by {grown / 1024**2:.0f} MiB"
            wrong += " a traceback is in its log" if "Traceback" in site.service.log.read_text() else ""
            end = f"{sent} requests, +{grown / 1024**2:.0f} MiB"
            return Outcome(end=end, seconds=time.monotonic() - began, wrong=wrong.strip())

    return run


def random_files(count: int) -> Callable[[Room], Outcome]:
    """Read region files and tables that were cut and changed at random."""

    def run(room: Room) -> Outcome:
        began = time.monotonic()
        read = read_at_random(room.folder, count)
        return Outcome(end=f"{read} files", seconds=time.monotonic() - began)

    return run


def rows() -> list[Row]:
    """Return the rows; the last ones measure times and are carried out alone."""
    return [
        *(Row(fault=f"{name}", stage="start", run=refused_start(break_it)) for name, break_it in STARTS.items()),
        Row(fault="region file that names an address", run=virtual_region),
        Row(fault="four broken models", run=broken_models),
        Row(fault="1,500 random bodies", run=random_bodies(1_500)),
        Row(fault="500 random files", run=random_files(500)),
        Row(fault="15,000 random bodies", run=random_bodies(15_000), long=True),
        Row(fault="5,000 random files", run=random_files(5_000), long=True),
        Row(fault=f"{REGIONS} costly regions at once", run=costly_regions, alone=True),
    ]
