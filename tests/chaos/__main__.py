"""Carry out the rows side by side and print the table: `python -m tests.chaos [--all] [--only TEXT] [--list]`."""

import argparse
import os
import shutil
import sys
import tempfile
import time
from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from core.text_table import text_table
from tests.chaos.catalogue import ROWS
from tests.chaos.rows import Outcome, Room, Row
from tests.chaos.site import site_of_one, write_archive

HEAD = ("fault", "stage", "end", "seconds", "tiles twice", "bytes equal", "verdict")


def main() -> int:
    """Return 0 if every row is as it should be, else 1."""
    chosen = _arguments()
    rows = [r for r in ROWS if (chosen.all or not r.long) and all(text in r.name for text in chosen.only)]
    if chosen.list:
        print("\n".join(row.name for row in rows))
        return 0
    began = time.monotonic()
    folder = Path(tempfile.mkdtemp(prefix="lc-chaos-", dir="/tmp"))
    outcomes = carry_out(rows, folder, at_once=chosen.at_once)
    print(f"\n{table(rows, outcomes)}\n")
    bad = [o for o in outcomes if o.wrong and o.end != "skipped"]
    print(f"{len(rows)} faults, {len(bad)} with a wrong end, {time.monotonic() - began:.0f} s")
    if bad:
        print(f"Logs: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if bad else 0


def carry_out(rows: Sequence[Row], folder: Path, *, at_once: int) -> list[Outcome]:
    """Return what came of each row; the clean run comes first."""
    archive = write_archive(folder)
    with site_of_one(folder / "clean", archive, plain=True) as site:
        job_id = site.order()
        assert site.await_end(job_id)["status"] == "successful"
        clean = site.digest(job_id)

    def one(number: int, row: Row) -> Outcome:
        outcome = row.carry_out(Room(folder=folder / str(number), archive=archive, clean=clean))
        print(f"{row.name}: {outcome.wrong or outcome.end}", file=sys.stderr, flush=True)
        return outcome

    with ThreadPoolExecutor(at_once) as pool:
        return list(pool.map(one, range(len(rows)), rows))


def table(rows: Sequence[Row], outcomes: Sequence[Outcome]) -> str:
    """Return the table of all rows."""
    lines = [_line(row, outcome) for row, outcome in zip(rows, outcomes, strict=True)]
    return text_table([HEAD, *lines], left=3)


def _line(row: Row, outcome: Outcome) -> tuple[str, ...]:
    twice = "-" if outcome.twice is None else str(outcome.twice)
    equal = {None: "-", True: "yes", False: "no"}[outcome.equal]
    return row.fault, row.stage, outcome.end, f"{outcome.seconds:.1f}", twice, equal, outcome.wrong or "right"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.chaos", description=__doc__)
    parser.add_argument("--all", action="store_true", help="the long rows too")
    parser.add_argument("--only", action="append", default=[], help="rows whose fault and stage hold this text")
    parser.add_argument("--list", action="store_true", help="print the rows and end")
    parser.add_argument("--at-once", type=int, default=os.cpu_count() or 2, help="rows carried out side by side")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
