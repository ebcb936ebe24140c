"""Pictures of a validation report: reliability, ROC and precision-recall curves with their bands. No pages."""

from typing import Any

import numpy as np
from matplotlib.figure import Figure

from evaluation.validation.figures import PartFigures
from models.metrics.class_curves import Curve
from outputs.reports.pictures import COLOURS, GRID, INK, figure_png

STROKES = ("-", "--", "-.", ":")
"""One after the other with the colours, so that more classes than colours differ too."""
DOTTED: dict[str, Any] = {"linewidth": 0.9, "linestyle": (0, (1, 2.5))}
"""Look of the line of a random guess, or of probabilities that are exactly right."""


def draw_curves(part: PartFigures) -> bytes:
    """Return a PNG of three panels; a class without defined values has no curve."""
    figure = Figure(figsize=(10.6, 3.9), layout="constrained")
    reliability, roc, precision = figure.subplots(1, 3)
    for number, curves in enumerate(part.curves):
        look = {"color": COLOURS[number % len(COLOURS)], "linestyle": STROKES[number % len(STROKES)]}
        _draw(reliability, curves.reliability, curves.name, marker="o", markersize=3.5, **look)
        _draw(roc, curves.roc, curves.name, **look)
        _draw(precision, curves.precision_recall, curves.name, **look)
        guess = part.scores.classes[part.classes.index(curves.name)].prevalence.value
        precision.axhline(guess, color=look["color"], **DOTTED)
    for axes in (reliability, roc):
        axes.plot([0, 1], [0, 1], color=INK, **DOTTED)
    _label(reliability, "Reliability", "predicted probability", "observed share")
    _label(roc, "ROC", "false positive rate", "true positive rate")
    _label(precision, "Precision and recall", "recall", "precision")
    handles, names = reliability.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=min(len(names), 7), fontsize=9, frameon=False)
    return figure_png(figure)


def _draw(axes: Any, curve: Curve, name: str, **look: Any) -> None:
    if np.isnan(curve.value).all():
        return
    axes.plot(curve.x, curve.value, label=name, linewidth=1.5, **look)
    if np.isfinite(curve.low).any():
        axes.fill_between(curve.x, curve.low, curve.high, color=look["color"], alpha=0.16, linewidth=0)


def _label(axes: Any, title: str, across: str, up: str) -> None:
    axes.set_title(title, fontsize=11)
    axes.set(xlabel=across, ylabel=up, xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    axes.grid(color=GRID, linewidth=0.4)
    axes.spines[["top", "right"]].set_visible(False)
