"""Run the benchmarks of the CPU, keep a JSON record of each, and print one table: `make bench`.

    python -m benchmarks.bench [--out results/benchmarks] [--only engine,trees] [--limit 570]

A record holds the command, what it found, the machine, versions, commit, time and seconds. What does not fit into the
limit of seconds is stopped and listed. Figures of a machine that is busy with other things are good for ratios alone.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parent.parent
COMMANDS = {
    "throughput": ["benchmarks.speed.throughput"],
    "tile": ["benchmarks.speed.forecast", "--tile"],
    "reading": ["benchmarks.speed.ingest", "--small"],
    "cog": ["benchmarks.speed.cog", "--edge", "512", "--rounds", "2", "--out", "{rows}"],
    "against-trees": [
        "benchmarks.speed.against_trees",
        "--series",
        "512",
        "--fitted",
        "600",
        "--rounds",
        "2",
        "--out",
        "{rows}",
    ],
    "one-pass": ["benchmarks.speed.forecast", "--skip-memory", "--sizes", "small"],
    "pipeline": ["benchmarks.speed.pipeline", "--edge", "64", "--dates", "30", "--rounds", "2", "--out", "{rows}"],
    "fields": ["benchmarks.speed.fields", "--fields", "300"],
    "trees": ["benchmarks.speed.trees", "--series", "512", "--out", "{rows}"],
    "work-not-done": ["benchmarks.speed.work_not_done", "--series", "1024", "--rounds", "2", "--out", "{rows}"],
    "engine": ["benchmarks.speed.engine", "--series", "256", "--rounds", "2", "--out", "{rows}"],
}
"""Name -> module and arguments; those with `{rows}` write what they found there, others print it."""
LIBRARIES = ("landcast", "numpy", "onnxruntime", "torch", "numba", "lightgbm", "rasterio")
MOST_SECONDS = 570
SHOWN = ("seconds_ratio", "cpu_seconds_ratio", "times_by_bits", "percent_of_matrix_rate", "series_per_second")
"""Values of a row that the table shows."""
TAKEN_OUT = "not finished within the limit"


def main() -> None:
    """Run what is chosen; exit with 1 if anything failed."""
    options = _options()
    names = options.only.split(",")
    if unknown := sorted(set(names) - set(COMMANDS)):
        raise SystemExit(f"no benchmark is called {', '.join(unknown)}; there are {', '.join(COMMANDS)}")
    options.out.mkdir(parents=True, exist_ok=True)
    ends, records = time.monotonic() + options.limit, []
    for name in names:
        print(f"{name} ...", file=sys.stderr, flush=True)
        record = {"name": name, **facts(), **measure(COMMANDS[name], seconds=ends - time.monotonic())}
        (options.out / f"{name}.json").write_text(json.dumps(record, indent=2) + "\n", encoding="utf-8")
        records.append(record)
    print(*table(records), sep="\n")
    raise SystemExit(1 if any(r["failure"] for r in records) else 0)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, default=ROOT / "results" / "benchmarks", help="folder of the records")
    parser.add_argument("--only", default=",".join(COMMANDS), help="names, with commas")
    parser.add_argument("--limit", type=float, default=MOST_SECONDS, help="seconds for all of them")
    return parser.parse_args()


def measure(arguments: list[str], *, seconds: float) -> dict[str, Any]:
    """Run one benchmark in a process of its own, and return its command, seconds, rows and failure (empty = none)."""
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder) / "rows.json"
        command = ["python", "-m", *(a.replace("{rows}", str(rows)) for a in arguments)]
        began = time.monotonic()
        lines, failure = _run([sys.executable, "-W", "ignore", *command[1:]], max(1.0, seconds))
        took = time.monotonic() - began
        found = json.loads(rows.read_text(encoding="utf-8")) if rows.exists() else [{"line": line} for line in lines]
    shown = " ".join(a for a in arguments if a not in ("--out", "{rows}"))
    return {"command": f"python -m {shown}", "seconds": round(took, 1), "rows": found, "failure": failure}


def _run(command: list[str], seconds: float) -> tuple[list[str], str]:
    """Return the lines that a command prints, and why it failed."""
    try:
        done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=seconds)
    except subprocess.TimeoutExpired:
        return [], TAKEN_OUT
    failure = "" if done.returncode == 0 else (done.stderr.strip().splitlines() or ["it printed no reason"])[-1]
    return done.stdout.splitlines(), failure


def facts() -> dict[str, Any]:
    """Return the machine, versions, commit and time of a record."""
    return {
        "machine": {"processor": processor(), "cores": os.cpu_count(), "system": platform.platform()},
        "versions": {"python": platform.python_version(), **{name: version(name) for name in LIBRARIES}},
        "commit": commit(),
        "time": datetime.now(UTC).isoformat(timespec="seconds"),
    }


def processor() -> str:
    """Return the name of the processor."""
    described = Path("/proc/cpuinfo")
    lines = described.read_text(encoding="utf-8").splitlines() if described.exists() else []
    names = (line.split(":", 1)[1].strip() for line in lines if line.startswith("model name"))
    return next(names, platform.processor() or platform.machine())


def commit() -> str:
    """Return the commit of this checkout, with `+` where files differ from it; empty where there is no git."""
    try:
        asked = ("rev-parse", "HEAD"), ("status", "--porcelain", "--untracked-files=no")
        head, changes = (
            subprocess.run(["git", *a], cwd=ROOT, capture_output=True, text=True, check=True) for a in asked
        )
    except (OSError, subprocess.CalledProcessError):
        return ""
    return head.stdout.strip() + ("+" if changes.stdout.strip() else "")


def table(records: list[dict[str, Any]]) -> Iterator[str]:
    """Yield the lines of the summary: seconds and rows of each benchmark."""
    for record in records:
        yield f"{record['name']:<14} {record['seconds']:>6.1f} s  {record['failure'] or record['command']}"
        for row in record["rows"]:
            values = "  ".join(f"{k} {row[k]:.3g}" for k in SHOWN if k in row)
            yield f"    {row['name']:<52} {values}" if "name" in row else f"    {row['line']}"


if __name__ == "__main__":
    main()
