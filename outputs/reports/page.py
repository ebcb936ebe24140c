"""A report as one HTML page that needs no other file: the style is part of it, pictures are data URIs.

The templates and the one style sheet are in templates/; `base.html` is extended by every page.
"""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined

from core.version import software_version
from outputs.reports.report import Report

PAGE = "report.html"


def render_page(report: Report) -> str:
    """Return a report as an HTML document; every text of it is escaped."""
    return templates().get_template(PAGE).render(report=report, version=software_version())


@cache
def templates() -> Environment:
    """Return the templates; an unknown name in one of them is an error, not an empty text."""
    return Environment(
        loader=PackageLoader("outputs.reports"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
