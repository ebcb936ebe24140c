"""Pictures of a validation report: reliability, ROC and precision-recall curves with their bands. No pages."""

import io
from typing import Any

import numpy as np
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from evaluation.validation.figures import Judged
from models.metrics.class_curves import Curve

INK, GRID = "#1f2a24", "#c9d1cc"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", INK)
"""Told apart by the colour-blind (Okabe and Ito 2008); with more classes they come again, with other strokes."""
STROKES = ("-", "--", "-.", ":")
DOTTED: dict[str, Any] = {"linewidth": 0.9, "linestyle": (0, (1, 2.5))}
"""What a guess, or a right probability, looks like."""
DPI = 130


def draw_curves(judged: Judged) -> bytes:
    """Return a PNG of three panels; a class of which a curve cannot be told has none."""
    figure = Figure(figsize=(10.6, 3.9), layout="constrained")
    FigureCanvasAgg(figure)
    reliability, roc, precision = figure.subplots(1, 3)
    for number, curves in enumerate(judged.curves):
        look = {"color": COLOURS[number % len(COLOURS)], "linestyle": STROKES[number % len(STROKES)]}
        _draw(reliability, curves.reliability, curves.name, marker="o", markersize=3.5, **look)
        _draw(roc, curves.roc, curves.name, **look)
        _draw(precision, curves.precision_recall, curves.name, **look)
        guess = judged.scores.classes[judged.classes.index(curves.name)].prevalence.value
        precision.axhline(guess, color=look["color"], **DOTTED)
    for axes in (reliability, roc):
        axes.plot([0, 1], [0, 1], color=INK, **DOTTED)
    _label(reliability, "Reliability", "probability given", "share that was so")
    _label(roc, "ROC", "false positive rate", "true positive rate")
    _label(precision, "Precision and recall", "recall", "precision")
    handles, names = reliability.get_legend_handles_labels()
    figure.legend(handles, names, loc="outside lower center", ncols=min(len(names), 7), fontsize=9, frameon=False)
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": ""})
    return buffer.getvalue()


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
