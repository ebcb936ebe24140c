"""The page of a hindcast: one HTML file that needs nothing else, tables and the skill by lead as a picture."""

import base64
import io
from collections.abc import Mapping
from html import escape
from pathlib import Path

from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from core.errors import InvalidOption
from evaluation.hindcast.report import Report, render_json
from models.baselines.blend import MODEL
from models.metrics.forecast_scores import Interval
from outputs.atomic import written_aside

ENDINGS = (".html", ".json")
STYLE = """
body { font: 15px/1.5 system-ui, sans-serif; color: #1f2a24; max-width: 68rem; margin: 2rem auto; padding: 0 1rem }
h1 { font-size: 1.5rem } h2 { font-size: 1rem; margin: 1.8rem 0 .3rem }
table { border-collapse: collapse; font-variant-numeric: tabular-nums }
th, td { padding: .15rem .7rem; text-align: right; border-bottom: 1px solid #dde3df }
th:first-child, td:first-child { text-align: left }
.findings { background: #eef4ef; padding: .8rem 1rem } img { max-width: 100% }
"""
SHIFT = 0.12
"""Distance between the marks of neighbouring baselines, in lead bins."""


def write_report(report: Report, out: Path) -> None:
    """Write a report as a page or as JSON, by the ending; nothing stands under the name until it is complete.

    Raises:
        InvalidOption: another ending.
    """
    if out.suffix not in ENDINGS:
        raise InvalidOption("--out", out, f"it ends in {' or '.join(ENDINGS)}")
    text = render_json(report) if out.suffix == ".json" else render_page(report)
    with written_aside(out) as aside:
        aside.write_text(text, encoding="utf-8")


def render_page(report: Report) -> str:
    """Return the report as one HTML document."""
    picture = base64.b64encode(_draw_skill(report.skills[MODEL], report.leads)).decode()
    title = escape(f"Hindcast of {report.basis.input}")
    tables = "\n".join(_table(*table) for table in report.tables())
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>{title}</title><style>{STYLE}</style></head><body>
<h1>{title}</h1>
{_paragraphs(report.basis.sentences())}
<div class="findings">{_paragraphs(report.findings)}</div>
<h2>Skill of landcast by lead, with 95 % intervals; above 0 landcast is better</h2>
<img alt="Skill of landcast against each baseline by lead" src="data:image/png;base64,{picture}">
{tables}
</body></html>
"""


def _paragraphs(sentences: list[str] | tuple[str, ...]) -> str:
    return "\n".join(f"<p>{escape(sentence)}</p>" for sentence in sentences)


def _table(title: str, heads: list[str], rows: list[list[str]]) -> str:
    head = "".join(f"<th>{escape(h)}</th>" for h in heads)
    body = "\n".join("<tr>" + "".join(f"<td>{escape(c)}</td>" for c in row) + "</tr>" for row in rows)
    return f"<h2>{escape(title)}</h2>\n<table><tr>{head}</tr>\n{body}</table>"


def _draw_skill(skills: Mapping[str, Mapping[str, Interval]], leads: tuple[str, ...]) -> bytes:
    """Return a PNG: skill against each baseline by lead, with its interval."""
    figure = Figure(figsize=(8.5, 4), layout="constrained")
    FigureCanvasAgg(figure)
    axes = figure.subplots()
    axes.axhline(0, color="#1f2a24", linewidth=0.8)
    for number, (baseline, row) in enumerate(skills.items()):
        places = [leads.index(lead) + SHIFT * (number - (len(skills) - 1) / 2) for lead in row]
        values = [i.value for i in row.values()]
        reach = [
            [max(0.0, i.value - i.low) for i in row.values()],
            [max(0.0, i.high - i.value) for i in row.values()],
        ]
        axes.errorbar(places, values, yerr=reach, fmt="o", markersize=4, linewidth=1, label=f"against {baseline}")
    axes.set_xticks(range(len(leads)), [lead if lead == "all" else f"{lead} d" for lead in leads])
    axes.set(xlabel="lead", ylabel="skill")
    axes.grid(axis="y", linewidth=0.3)
    figure.legend(loc="outside upper center", fontsize="small", ncols=3)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=110, metadata={"Software": ""})
    return buffer.getvalue()
