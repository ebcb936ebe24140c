"""What the report of a client means: right, a known limit, or wrong; no report is wrong too."""

import json
from dataclasses import replace

import pytest

from tests.conformance.catalogue import Row, Where
from tests.conformance.clients.report import Different, Report, expect
from tests.conformance.outcomes import judged, missing_part

ROW = Row(client="A", package="a", checks="all", where=Where.DEV, module="a", limits={"draw": "it cannot draw"})


def report(*problems: str) -> str:
    return f"a warning\n{json.dumps({'version': '1.2', 'checks': ['draw', 'read'], 'problems': problems})}\n"


@pytest.mark.parametrize(
    ("problems", "verdict"),
    [
        ((), "right"),
        (("draw: no",), "limit: it cannot draw"),
        (("draw: no", "read: no"), "WRONG: read: no"),
    ],
)
def test_a_problem_is_wrong_unless_it_is_a_known_limit(problems: tuple[str, ...], verdict: str) -> None:
    outcome = judged(ROW, 0, report(*problems))
    assert (outcome.verdict, outcome.checks, outcome.version) == (verdict, 2, "1.2")


@pytest.mark.parametrize("output", ["", "Segmentation fault", "[1]", '{"version": "1"}'])
def test_a_client_without_a_report_is_wrong(output: str) -> None:
    assert judged(ROW, 139, output).verdict.startswith("WRONG: no report, exit code 139")


def test_a_client_is_skipped_without_its_program() -> None:
    assert missing_part(replace(ROW, needs="a-program-that-nobody-has")) == "a is not installed"
    assert missing_part(replace(ROW, needs="sh")) == ""


def test_a_check_that_raises_is_a_problem_in_one_line() -> None:
    found = Report("1")
    found.check("equal", lambda: expect(1, 1))
    found.check("different", lambda: expect(1, 2, "the number"))
    assert found.checks == ["equal", "different"]
    assert found.problems == ["different: Different: the number is 1, not 2"]
    with pytest.raises(Different):
        expect([], None)
