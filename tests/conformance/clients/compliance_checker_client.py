"""compliance-checker: CF 1.11 of the cubes, and what ACDD 1.3 highly recommends of a file as a whole."""

import tempfile
import warnings
from pathlib import Path

from compliance_checker.runner import CheckSuite, ComplianceChecker

from tests.conformance.clients.report import Report, Service, run

HIGHLY = "Highly Recommended"


def examine(service: Service, report: Report) -> None:
    """Check all cubes."""
    CheckSuite.load_all_available_checkers()
    for result in service.results:
        if result.cube:
            report.note(f"{result.name}: CF 1.11, strictly", complaints(result.cube, "cf:1.11"))
            report.note(f"{result.name}: ACDD 1.3, global attributes", acdd(result.cube))


def complaints(path: Path, checker: str) -> list[str]:
    """Return the lines of a report that name something wrong."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "report.txt"
        ComplianceChecker.run_checker(str(path), [checker], 0, "strict", output_filename=str(out), output_format="text")
        return [line for line in out.read_text().splitlines() if line.startswith("* ")]


def acdd(path: Path) -> list[str]:
    """Return the global attributes that are highly recommended and missing."""
    wanted = ("Conventions", "keywords", "summary", "title", "license", "history", "source")
    return [line for line in complaints(path, "acdd:1.3") if line.removeprefix("* ").split()[0] in wanted]


if __name__ == "__main__":
    warnings.simplefilter("ignore")
    run("compliance-checker", examine)
