"""What benchmarks of the CPU share: two ways timed in turns, and a record of rows. Measures nothing by itself."""

import argparse
import json
import statistics
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

Row = dict[str, Any]


def in_turns(old: Callable[[], object], new: Callable[[], object], *, rounds: int) -> Row:
    """Time two ways of doing the same, one after the other in each round, after a round that is not counted.

    Other programs slow both alike: the ratio of a round holds where its seconds do not. Processor time counts all
    threads of this process, those that spin too.

    Returns:
        Seconds and processor seconds of both (medians of the rounds), and old/new of each as the median of ratios.
    """
    old(), new()
    took: list[list[tuple[float, float]]] = [[_took(old), _took(new)] for _ in range(rounds)]
    row: Row = {}
    for name, part in (("seconds", 0), ("cpu_seconds", 1)):
        row[f"old_{name}"], row[f"new_{name}"] = (statistics.median(t[way][part] for t in took) for way in (0, 1))
        row[f"{name}_ratio"] = statistics.median(t[0][part] / t[1][part] for t in took)
    return row


def cpu_seconds(work: Callable[[], object], *, repeats: int = 7) -> float:
    """Return the least processor time of some runs, after one that is not counted."""
    work()
    return min(_took(work)[1] for _ in range(repeats))


def _took(work: Callable[[], object]) -> tuple[float, float]:
    wall, cpu = time.perf_counter(), time.process_time()
    work()
    return time.perf_counter() - wall, time.process_time() - cpu


def shown(rows: Sequence[Row]) -> None:
    """Print rows, one a line."""
    for row in rows:
        values = {k: f"{v:.4g}" if isinstance(v, float) else v for k, v in row.items() if k != "name"}
        print(f"{row['name']:<46} {'  '.join(f'{k}={v}' for k, v in values.items())}", flush=True)


def kept(rows: Sequence[Row], path: Path | None) -> None:
    """Print rows, and write them into a JSON file where one is named."""
    shown(rows)
    if path:
        path.write_text(json.dumps(list(rows), indent=2) + "\n", encoding="utf-8")


def parser(text: str | None) -> argparse.ArgumentParser:
    """Return a parser with the option `--out`."""
    made = argparse.ArgumentParser(description=text, formatter_class=argparse.RawDescriptionHelpFormatter)
    made.add_argument("--out", type=Path, help="write the rows there as JSON")
    return made
