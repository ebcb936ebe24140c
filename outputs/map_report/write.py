"""A report as a file: HTML or PDF, by the ending of its name."""

from pathlib import Path

from core.errors import InvalidOption
from outputs.atomic import written_aside
from outputs.map_report.content import compose
from outputs.map_report.facts import MapFacts
from outputs.map_report.page import render_map_page
from outputs.map_report.sheet import render_sheet

ENDINGS = (".html", ".pdf")


def check_ending(out: Path) -> None:
    """Refuse a path that does not end as a report does.

    Raises:
        InvalidOption: names the endings.
    """
    if out.suffix.lower() not in ENDINGS:
        raise InvalidOption("--out", out, f"it ends in {' or '.join(ENDINGS)}")


def write_map_report(facts: MapFacts, out: Path, *, title: str = "") -> None:
    """Write the report of a map, whole or not at all.

    Args:
        facts: of the map.
        out: `.html` or `.pdf`.
        title: instead of the name of the product.

    Raises:
        InvalidOption: another ending.
    """
    check_ending(out)
    report = compose(facts, title=title)
    is_page = out.suffix.lower() == ".html"
    made = render_map_page(report, facts).encode() if is_page else render_sheet(report, facts)
    with written_aside(out) as aside:
        aside.write_bytes(made)
