"""The report on a class model: one HTML page that needs no other file, or the same figures as JSON."""

from collections.abc import Iterator, Sequence
from functools import partial
from pathlib import Path

import numpy as np

from core.errors import InvalidOption
from evaluation.validation.figures import (
    PartFigures,
    Thumbnail,
    Validation,
    card_facts,
    measure,
    training_sets,
    validation_json,
)
from evaluation.validation.plots import draw_curves
from models.metrics.forecast_scores import Interval
from outputs.provenance import SIMULATED
from outputs.reports import page
from outputs.reports.numbers import number, percent
from outputs.reports.report import Cell, Picture, Report, Section, Table, interval_cell
from outputs.reports.write import json_text, write_form

FEW_PLACES = 20
"""Below it, intervals from resampled places are too narrow."""
PNG = b"\x89PNG\r\n\x1a\n"
READING = (
    "Below a figure stands its 95 % interval, from resampling whole places, because neighbouring rows are not "
    "independent. The page docs/explanation/trust.md of the software explains every figure. "
    "A dash stands for a figure that these data cannot give."
)
OVERALL = {
    "accuracy": "Accuracy",
    "balanced_accuracy": "Balanced accuracy",
    "macro_f1": "Macro-F1",
    "brier": "Brier",
    "log_loss": "Log loss",
    "ece": "ECE",
}
"""Figures of all classes together and their headings."""
OVERALL_NOTE = (
    "Brier, log loss and ECE (expected calibration error, 15 bins of equal mass): lower is better. With two classes, "
    "Brier and ECE are those of the second one. With few rows, the ECE and its interval tend to be too high, because "
    "the bins are noisy."
)
BY_CLASS = {
    "prevalence": "Share",
    "roc_auc": "ROC-AUC",
    "pr_auc": "PR-AUC",
    "f1": "F1",
    "precision": "Precision (user's accuracy)",
    "recall": "Recall (producer's accuracy)",
    "ece": "ECE",
}
"""Figures of one class and their headings."""
BY_CLASS_NOTE = (
    "Each class against all others. A random guess has a ROC-AUC of 0.5 and a PR-AUC equal to the share of the class."
)
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
    "How often the set of classes that the map gives contains the true class. The stated share holds for places drawn "
    "like those that the sets were fitted on, each with the same weight: compare it with the mean over places."
)
AREA_HEADS = ("Area of applicability", "Share inside", "Accuracy inside", "Accuracy outside")
AREA_NOTE = "Inside: as similar to the training data as these are to each other across places (Meyer and Pebesma 2021)."


def write_validation(validation: Validation, path: Path) -> None:
    """Write a report as a page or as JSON, by the ending; no file has the name before it is complete.

    Raises:
        InvalidOption: another ending, no data, or arrays that do not fit each other.
    """
    forms = {".html": _page, ".json": _json}
    write_form(path, {ending: partial(form, validation) for ending, form in forms.items()}, option="path")


def render_page(validation: Validation, parts: Sequence[PartFigures]) -> str:
    """Return the report as one HTML document.

    Raises:
        InvalidOption: a thumbnail that is no PNG.
    """
    return page.render_page(validation_report(validation, parts))


def validation_report(validation: Validation, parts: Sequence[PartFigures]) -> Report:
    """Return the report on a class model.

    Args:
        validation: what is described.
        parts: the figures of its parts.

    Raises:
        InvalidOption: a thumbnail that is no PNG.
    """
    real, simulated = (training_sets(validation, is_simulated=kind) for kind in (False, True))
    return Report(
        title=f"Validation of {validation.name}",
        basis=(f"Learned from real data: {real or 'none'}.", READING),
        caution=f"Learned from simulated data: {simulated}." if simulated else "",
        sections=tuple(_sections(validation, parts)),
        provenance=card_facts(validation),
    )


def _page(validation: Validation) -> str:
    return render_page(validation, measure(validation))


def _json(validation: Validation) -> str:
    return json_text(validation_json(validation, measure(validation)))


def _sections(validation: Validation, figures: Sequence[PartFigures]) -> Iterator[Section]:
    """Yield real data, then simulated ones if there are any; nothing holds both."""
    for is_simulated, title in ((False, "Real data"), (True, "Simulated data")):
        parts = [p for p in figures if p.is_simulated is is_simulated]
        maps = [t for t in validation.thumbnails if t.is_simulated is is_simulated]
        if is_simulated and not parts and not maps:
            return
        yield Section(
            title=title,
            caution=SIMULATED if is_simulated else "",
            sentences=() if parts else ("The model was not validated on such data.",),
            tables=tuple(_tables(parts)) if parts else (),
            notes=tuple(_few_places(parts)),
            sections=(*(_curves(part) for part in parts), *_maps(maps)),
        )


def _few_places(parts: Sequence[PartFigures]) -> Iterator[str]:
    few = [f"{part.title} ({part.scores.places})" for part in parts if part.scores.places < FEW_PLACES]
    if few:
        yield f"Few places, so do not rely on the intervals: {', '.join(few)}."


def _tables(parts: Sequence[PartFigures]) -> Iterator[Table]:
    rows = [_overall_row(part) for part in parts]
    yield Table(heads=("Data set", "Rows", "Places", *OVERALL.values()), rows=rows, note=OVERALL_NOTE)
    by_class = [row for part in parts for row in _class_rows(part)]
    yield Table(heads=("Data set", "Class", *BY_CLASS.values()), rows=by_class, note=BY_CLASS_NOTE, names=2)
    covered = [row for part in parts for row in _coverage_rows(part)]
    if covered:
        yield Table(heads=COVERAGE_HEADS, rows=covered, note=COVERAGE_NOTE, names=2)
    inside = [row for part in parts for row in _area_rows(part)]
    if inside:
        yield Table(heads=AREA_HEADS, rows=inside, note=AREA_NOTE)


def _overall_row(part: PartFigures) -> list[str | Cell]:
    figures = (interval_cell(getattr(part.scores, name)) for name in OVERALL)
    return [part.title, f"{part.scores.count:,}", f"{part.scores.places:,}", *figures]


def _class_rows(part: PartFigures) -> Iterator[list[str | Cell]]:
    for name, scores in zip(part.classes, part.scores.classes, strict=True):
        yield [part.title, name, *(interval_cell(getattr(scores, figure)) for figure in BY_CLASS)]


def _coverage_rows(part: PartFigures) -> Iterator[list[str | Cell]]:
    found = part.coverage
    if not found:
        return
    stated = f"{found.stated:g}"
    whole = (interval_cell(found.measured), number(found.by_place), interval_cell(found.size), number(found.sizes[0]))
    yield [part.title, "all classes", stated, *whole]
    for name, measured in zip(part.classes, found.by_class, strict=True):
        yield [part.title, name, stated, interval_cell(measured), "", "", ""]


def _area_rows(part: PartFigures) -> Iterator[list[str | Cell]]:
    if part.area:
        figures = (part.area.inside, part.area.accuracy_inside, part.area.accuracy_outside)
        yield [part.title, *map(interval_cell, figures)]


def _curves(part: PartFigures) -> Section:
    names = ", ".join(curves.name for curves in part.curves)
    picture = Picture(
        alt="Reliability, ROC and precision-recall curves with 95 % bands",
        draw=partial(draw_curves, part),
        caption=(
            f"{names} against the other classes, with 95 % bands from resampled places. Dotted: probabilities that are "
            "exactly right, and random guesses."
        ),
    )
    kind = " (simulated)" if part.is_simulated else ""
    title = f"{part.title}{kind}: curves and confusion matrix"
    return Section(title=title, pictures=(picture,), tables=(_confusion(part),))


def _confusion(part: PartFigures) -> Table:
    """Return the confusion matrix: counts, and shares of the true class as shade and with interval."""
    heads = ("True class", *(f"predicted {name}" for name in part.classes))
    rows: list[list[str | Cell]] = [
        [name, *(_confusion_cell(count, share) for count, share in zip(counts, shares, strict=True))]
        for name, counts, shares in zip(part.classes, part.scores.confusion.tolist(), part.scores.shares, strict=True)
    ]
    return Table(heads=heads, rows=rows)


def _confusion_cell(count: int, share: Interval) -> Cell:
    ends = "" if np.isnan(share.low) else f" ({100 * share.low:.0f} to {100 * share.high:.0f})"
    return Cell(text=f"{count:,}", detail=percent(share.value) + ends, shade=float(np.nan_to_num(share.value)))


def _maps(thumbnails: Sequence[Thumbnail]) -> Iterator[Section]:
    if thumbnails:
        yield Section(title="Maps", pictures=tuple(map(_thumbnail, thumbnails)))


def _thumbnail(picture: Thumbnail) -> Picture:
    if not picture.png.startswith(PNG):
        raise InvalidOption("thumbnails", picture.title, "every thumbnail is a PNG")
    title = picture.title + (" (simulated)" if picture.is_simulated else "")
    return Picture(alt=title, caption=title, draw=lambda: picture.png, is_pixelated=True)
