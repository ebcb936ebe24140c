"""A report as one HTML page that needs no other file: pictures are data URIs, every text is escaped, no script."""

import base64

from core.version import software_version
from outputs.map_report.content import MapReport
from outputs.map_report.facts import MapFacts
from outputs.map_report.picture import map_png
from outputs.reports.page import templates

PAGE = "map.html"


def render_map_page(report: MapReport, facts: MapFacts) -> str:
    """Return the report as an HTML document, which prints on one A4 page."""
    picture = f"data:image/png;base64,{base64.b64encode(map_png(facts, report.layers)).decode()}"
    alt = f"Map: {report.layers[0].description or report.layers[0].name}; {report.where}"
    return templates().get_template(PAGE).render(report=report, picture=picture, alt=alt, version=software_version())
