"""The report on a class model: one HTML file that needs nothing else, or the same figures as JSON."""

import base64
import json
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path

import numpy as np

from core.errors import InvalidOption
from evaluation.hindcast.page import STYLE
from evaluation.validation.figures import (
    Judged,
    Thumbnail,
    Validation,
    ValidationPart,
    card_facts,
    judge,
    training_sets,
    validation_json,
)
from evaluation.validation.plots import draw_curves
from models.metrics.forecast_scores import Interval
from outputs.atomic import written_aside
from outputs.provenance import SIMULATED

__all__ = ["Thumbnail", "Validation", "ValidationPart", "render_page", "write_validation"]

ENDINGS = (".html", ".json")
FEW_PLACES = 20
"""Below it, intervals from resampled places are too narrow to be trusted."""
PNG = b"\x89PNG\r\n\x1a\n"
OWN_STYLE = """
h2 { font-size: 1.2rem; border-bottom: 2px solid #1f2a24; margin-top: 2.4rem }
h3 { font-size: 1rem; margin: 1.8rem 0 .3rem }
.wide { overflow-x: auto } td { white-space: nowrap } td small { display: block; color: #414d46 }
th { vertical-align: bottom; font-weight: 600; font-size: .87rem }
table { margin: .4rem 0 1rem } .facts td { white-space: normal; text-align: left; overflow-wrap: anywhere }
.facts th { text-align: left; vertical-align: top; white-space: nowrap }
.simulated { background: #fbeed9; border-left: 4px solid #b65d00; padding: .5rem 1rem }
.wide table { margin-bottom: .2rem } .wide + p { margin-top: .1rem; max-width: 52rem } body { max-width: 76rem }
th, td { padding: .15rem .55rem } th.text, td.text { text-align: left; white-space: normal }
.few { color: #8a4500 } .maps { display: flex; flex-wrap: wrap; gap: 1rem }
figure { margin: 0 } figcaption { font-size: .87rem }
.maps img { max-width: 20rem; image-rendering: pixelated }
"""
READING = (
    "Below a figure stands its 95 % interval, from resampling whole places: neighbours are no independent witnesses. "
    "What each figure means is in docs/trust.md of the software. A dash is a figure that these data cannot give."
)
OVERALL = ("accuracy", "balanced_accuracy", "macro_f1", "brier", "log_loss", "ece")
OVERALL_HEADS = ("Accuracy", "Balanced accuracy", "Macro-F1", "Brier", "Log loss", "ECE")
OVERALL_NOTE = (
    "Brier, log loss and ECE (expected calibration error, 15 bins of equal mass): lower is better. With two classes, "
    "Brier and ECE are those of the second one. The ECE of few rows, and its interval, lean upwards: bins are noisy."
)
BY_CLASS = ("prevalence", "roc_auc", "pr_auc", "f1", "precision", "recall", "ece")
BY_CLASS_HEADS = (
    "Share",
    "ROC-AUC",
    "PR-AUC",
    "F1",
    "Precision (user's accuracy)",
    "Recall (producer's accuracy)",
    "ECE",
)
BY_CLASS_NOTE = "Each class against all others. A guess has a ROC-AUC of 0.5 and a PR-AUC of the class's share."
COVERAGE_HEADS = (
    "Prediction sets of",
    "Rows of",
    "Stated",
    "Measured",
    "Mean over places",
    "Classes in a set, mean",
    "Sets of one class",
)
COVERAGE_NOTE = (
    "How often the true class is in the set of classes that the map gives. The promise is about places drawn like "
    "those that the sets were fitted on, each weighing the same: compare it with the mean over places."
)
AREA_HEADS = ("Area of applicability", "Share inside", "Accuracy inside", "Accuracy outside")
AREA_NOTE = "Inside: as like the training data as these are like each other across places (Meyer and Pebesma 2021)."


def write_validation(validation: Validation, path: Path) -> None:
    """Write a report as a page or as JSON, by the ending; nothing stands under the name until it is complete.

    Raises:
        InvalidOption: another ending, no data, or arrays that do not fit each other.
    """
    if path.suffix not in ENDINGS:
        raise InvalidOption("path", path, f"it ends in {' or '.join(ENDINGS)}")
    judged = judge(validation)
    if path.suffix == ".json":
        text = json.dumps(validation_json(validation, judged), indent=1, ensure_ascii=False, allow_nan=False) + "\n"
    else:
        text = render_page(validation, judged)
    with written_aside(path) as aside:
        aside.write_text(text, encoding="utf-8")


def render_page(validation: Validation, judged: Sequence[Judged]) -> str:
    """Return the report as one HTML document.

    Raises:
        InvalidOption: a thumbnail that is no PNG.
    """
    title = escape(f"Validation of {validation.name}")
    facts = "".join(f"<tr><th>{escape(name)}</th><td>{escape(text)}</td></tr>" for name, text in card_facts(validation))
    sections = "\n".join(_sections(validation, judged))
    return f"""<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>{title}</title><style>{STYLE}{OWN_STYLE}</style></head><body>
<h1>{title}</h1>
<table class="facts">{facts}</table>
{_learned_from(validation)}
<p>{escape(READING)}</p>
{sections}
</body></html>
"""


def _learned_from(validation: Validation) -> str:
    real, simulated = (training_sets(validation, is_simulated=kind) for kind in (False, True))
    text = f"<p>Learned from real data: {escape(real or 'none')}.</p>"
    if simulated:
        text += f'\n<p class="simulated">Learned from simulated data: {escape(simulated)}.</p>'
    return text


def _sections(validation: Validation, judged: Sequence[Judged]) -> Iterator[str]:
    """Yield real data, then simulated ones if there are any; nothing holds both."""
    for is_simulated, title in ((False, "Real data"), (True, "Simulated data")):
        parts = [j for j in judged if j.is_simulated is is_simulated]
        maps = [t for t in validation.thumbnails if t.is_simulated is is_simulated]
        if is_simulated and not parts and not maps:
            return
        yield f"<h2>{title}</h2>"
        if is_simulated:
            yield f'<p class="simulated">{escape(SIMULATED)}</p>'
        yield from _tables(parts) if parts else ["<p>The model was not judged on any.</p>"]
        yield from (_details(part) for part in parts)
        yield from _maps(maps)


def _tables(parts: Sequence[Judged]) -> Iterator[str]:
    yield _table(("Data set", "Rows", "Places", *OVERALL_HEADS), (_overall_row(part) for part in parts), OVERALL_NOTE)
    few = [f"{part.title} ({part.scores.places})" for part in parts if part.scores.places < FEW_PLACES]
    if few:
        yield f'<p class="few">Few places, so trust no interval: {escape(", ".join(few))}.</p>'
    rows = (row for part in parts for row in _class_rows(part))
    yield _table(("Data set", "Class", *BY_CLASS_HEADS), rows, BY_CLASS_NOTE, texts=2)
    covered = [row for part in parts for row in _coverage_rows(part)]
    if covered:
        yield _table(COVERAGE_HEADS, covered, COVERAGE_NOTE, texts=2)
    inside = [_area_row(part) for part in parts if part.area]
    if inside:
        yield _table(AREA_HEADS, inside, AREA_NOTE)


def _overall_row(part: Judged) -> list[str]:
    figures = (_cell(getattr(part.scores, name)) for name in OVERALL)
    return [escape(part.title), f"{part.scores.count:,}", f"{part.scores.places:,}", *figures]


def _class_rows(part: Judged) -> Iterator[list[str]]:
    for name, scores in zip(part.classes, part.scores.classes, strict=True):
        yield [escape(part.title), escape(name), *(_cell(getattr(scores, figure)) for figure in BY_CLASS)]


def _coverage_rows(part: Judged) -> Iterator[list[str]]:
    found = part.coverage
    if not found:
        return
    title, stated = escape(part.title), f"{found.stated:g}"
    whole = (_cell(found.measured), _number(found.by_place), _cell(found.size), _number(found.sizes[0]))
    yield [title, "all classes", stated, *whole]
    for name, measured in zip(part.classes, found.by_class, strict=True):
        yield [title, escape(name), stated, _cell(measured), "", "", ""]


def _area_row(part: Judged) -> list[str]:
    area = part.area
    assert area
    return [escape(part.title), _cell(area.inside), _cell(area.accuracy_inside), _cell(area.accuracy_outside)]


def _details(part: Judged) -> str:
    picture = base64.b64encode(draw_curves(part)).decode()
    kind = " (simulated)" if part.is_simulated else ""
    names = ", ".join(curves.name for curves in part.curves)
    return f"""<h3>{escape(part.title)}{kind}: curves and confusions</h3>
<img alt="Reliability, ROC and precision-recall curves with 95 % bands" src="data:image/png;base64,{picture}">
<p><small>{escape(names)} against the other classes, with 95 % bands from resampled places. Dotted: probabilities that
are right, and guesses.</small></p>
{_confusion(part)}"""


def _confusion(part: Judged) -> str:
    """Return the confusion matrix: counts, and shares of the true class as shade and with interval."""
    heads = ("True class", *(f"called {name}" for name in part.classes))
    lines = []
    for name, counts, shares in zip(part.classes, part.scores.confusion, part.scores.shares, strict=True):
        cells = (
            f'<td style="background: {_shade(share.value)}">{count:,}<small>{_percent(share)}</small></td>'
            for count, share in zip(counts.tolist(), shares, strict=True)
        )
        lines.append(f"<tr><td>{escape(name)}</td>{''.join(cells)}</tr>")
    head = "".join(f"<th>{escape(h)}</th>" for h in heads)
    return f'<div class="wide"><table><tr>{head}</tr>\n{chr(10).join(lines)}</table></div>'


def _maps(thumbnails: Sequence[Thumbnail]) -> Iterator[str]:
    if not thumbnails:
        return
    figures = []
    for picture in thumbnails:
        if not picture.png.startswith(PNG):
            raise InvalidOption("thumbnails", picture.title, "every one is a PNG")
        source = base64.b64encode(picture.png).decode()
        title = escape(picture.title + (" (simulated)" if picture.is_simulated else ""))
        image = f'<img alt="{title}" src="data:image/png;base64,{source}">'
        figures.append(f"<figure>{image}<figcaption>{title}</figcaption></figure>")
    yield f'<h3>Maps</h3>\n<div class="maps">{"".join(figures)}</div>'


def _table(heads: Sequence[str], rows: Iterable[Sequence[str]], note: str, *, texts: int = 1) -> str:
    """Return a table; heads are text, cells are HTML, and the first `texts` columns are words."""
    lines = [_line("th", [escape(h) for h in heads], texts), *(_line("td", row, texts) for row in rows)]
    body = "\n".join(lines)
    return f'<div class="wide"><table>{body}</table></div>\n<p><small>{escape(note)}</small></p>'


def _line(tag: str, cells: Sequence[str], texts: int) -> str:
    """Return one row of a table."""
    kinds = (' class="text"' if column < texts else "" for column in range(len(cells)))
    return "<tr>" + "".join(f"<{tag}{kind}>{cell}</{tag}>" for kind, cell in zip(kinds, cells, strict=True)) + "</tr>"


def _cell(figure: Interval) -> str:
    if np.isnan(figure.low):
        return _number(figure.value)
    return f"{_number(figure.value)}<small>{figure.low:.3f} to {figure.high:.3f}</small>"


def _number(value: float) -> str:
    return "–" if np.isnan(value) else f"{value:.3f}"


def _percent(share: Interval) -> str:
    if np.isnan(share.value):
        return "–"
    ends = "" if np.isnan(share.low) else f" ({100 * share.low:.0f} to {100 * share.high:.0f})"
    return f"{100 * share.value:.1f} %{ends}"


def _shade(share: float) -> str:
    return f"rgb(0 114 178 / {0.0 if np.isnan(share) else 0.45 * share:.2f})"
