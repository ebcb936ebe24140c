"""What came of a client: its report against the limits that are known of it."""

import json
import os
import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

from tests.conformance.catalogue import Row, Where
from tests.conftest import ROOT

APART = ROOT / ".venv-conformance" / "bin" / "python"
SYSTEM = Path("/usr/bin/python3")
MOST_S = 600.0


@dataclass(frozen=True, kw_only=True)
class Outcome:
    """One line of the table."""

    row: Row
    version: str = ""
    checks: int = 0
    problems: tuple[str, ...] = ()
    """Not explained by a known limit."""
    limits: tuple[str, ...] = ()
    """Known limits that showed."""
    skipped: str = ""
    """Why it was not run; empty = it was."""

    @property
    def verdict(self) -> str:
        """Return the last word on it."""
        if self.skipped:
            return f"skipped: {self.skipped}"
        if self.problems:
            return f"WRONG: {self.problems[0]}"
        return f"limit: {self.limits[0]}" if self.limits else "right"


def carry_out(row: Row, service: Path, home: Path) -> Outcome:
    """Run a client on the service that a file describes, and judge its report."""
    if missing := missing_part(row):
        return Outcome(row=row, skipped=missing)
    if row.where is Where.TESTS:
        return _tests(row)
    python = {Where.DEV: Path(sys.executable), Where.APART: APART, Where.SYSTEM: SYSTEM}[row.where]
    command = [str(python), "-m", f"tests.conformance.clients.{row.module}", str(service), str(home)]
    return judged(row, *_run(command))


def missing_part(row: Row) -> str:
    """Return what of the system is not there that a client needs; empty if all is."""
    if row.where is Where.APART and not APART.exists():
        return "make conformance makes its environment"
    if row.needs == "qgis":
        found = SYSTEM.exists() and not _run([str(SYSTEM), "-c", "import qgis.core"])[0]
    else:
        found = not row.needs or shutil.which(row.needs) is not None
    return "" if found else f"{row.package} is not installed"


def judged(row: Row, code: int, output: str) -> Outcome:
    """Return what a client's output means: the last line is its report."""
    try:
        report = json.loads(output.strip().splitlines()[-1])
        checks, version = report["checks"], str(report["version"])
    except (ValueError, LookupError, TypeError):
        return Outcome(row=row, problems=(f"no report, exit code {code}: {output[-400:]}",))
    known = {p: _limit(row, p) for p in report["problems"]}
    return Outcome(
        row=row,
        version=version,
        checks=len(checks),
        problems=tuple(p for p, limit in known.items() if not limit),
        limits=tuple(dict.fromkeys(limit for limit in known.values() if limit)),
    )


def _limit(row: Row, problem: str) -> str:
    return next((why for start, why in row.limits.items() if problem.startswith(start)), "")


def _tests(row: Row) -> Outcome:
    code, output = _run([sys.executable, "-m", "pytest", "-q", *row.module.split()])
    tail = output.strip().splitlines()[-1] if output.strip() else ""
    return Outcome(row=row, checks=1, problems=() if code == 0 else (f"exit code {code}: {tail}",))


def _run(command: list[str]) -> tuple[int, str]:
    """Return exit code and output; no settings of landcast, no proxies, our modules on the path."""
    kept = {k: v for k, v in os.environ.items() if not k.startswith("LANDCAST_") and "proxy" not in k.lower()}
    environment = {**kept, "PYTHONPATH": str(ROOT), "no_proxy": "127.0.0.1"}
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=MOST_S, check=False
    )
    return done.returncode, done.stdout if done.stdout.strip() else done.stderr
