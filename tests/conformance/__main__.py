"""Start a service, order, run all clients, print the table: `python -m tests.conformance [--only TEXT] [--page]`."""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from core.text_table import text_table
from tests.conformance import page
from tests.conformance.catalogue import ROWS, Row
from tests.conformance.outcomes import Outcome, carry_out
from tests.conformance.site import copy_sample, note, order_all, served
from tests.conftest import ROOT

HEAD = ("client", "version", "checks", "verdict")
KEPT = ROOT / ".landcast" / "archives" / "sample"
"""The sample archive of `make run`, if it is there."""


def main() -> int:
    """Return 0 if every client finds what it should, but for known limits; else 1."""
    chosen = _arguments()
    if chosen.page:
        page.PATH.write_text(page.text(page.PATH.read_text()))
        return 0
    rows = [r for r in ROWS if not chosen.only or any(text.lower() in r.client.lower() for text in chosen.only)]
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))  # so that it ends its service too
    began, folder = time.monotonic(), Path(tempfile.mkdtemp(prefix="lc-conformance-", dir="/tmp"))
    outcomes = examine(rows, folder)
    print(f"\n{text_table([HEAD, *(_line(o) for o in outcomes)], left=4)}\n")
    wrong = [o for o in outcomes if o.problems]
    for outcome in wrong:
        print("\n".join(f"{outcome.row.client}: {problem}" for problem in outcome.problems))
    print(f"{len(outcomes)} clients, {len(wrong)} that find something wrong, {time.monotonic() - began:.0f} s")
    if wrong:
        print(f"Files and logs: {folder}")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if wrong else 0


def examine(rows: Sequence[Row], folder: Path) -> list[Outcome]:
    """Return what came of each client, in the order of the rows."""
    home = folder / "home"
    home.mkdir(parents=True)
    note("The sample archive is made ready")
    copy_sample(home, KEPT)
    found: dict[str, Outcome] = {}

    def ask(row: Row, service: Path) -> None:
        found[row.client] = carry_out(row, service, home)
        note(f"{row.client}: {found[row.client].verdict}")

    with served(home) as url:
        note(f"The products are ordered of {url}")
        service = order_all(url, folder / "files")
        for row in rows:
            if not row.is_last:
                ask(row, service)
    for row in rows:
        if row.is_last:
            ask(row, service)
    return [found[row.client] for row in rows]


def _line(outcome: Outcome) -> tuple[str, ...]:
    return outcome.row.client, outcome.version or "-", str(outcome.checks), outcome.verdict


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.conformance", description=__doc__)
    parser.add_argument(
        "--only", action="append", default=[], help="clients whose name holds this text; may be repeated"
    )
    parser.add_argument("--page", action="store_true", help="make the table of docs/reference/conformance.md anew")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
