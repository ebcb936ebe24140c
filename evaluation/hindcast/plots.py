"""The picture of a hindcast: skill against each baseline by lead, with its intervals."""

from collections.abc import Mapping
from typing import Any

from matplotlib.figure import Figure

from models.metrics.forecast_scores import Interval
from outputs.reports.pictures import COLOURS, GRID, INK, figure_png

SHIFT = 0.12
"""Distance between the marks of neighbouring baselines, in lead bins."""


def draw_skill(skills: Mapping[str, Mapping[str, Interval]], leads: tuple[str, ...]) -> bytes:
    """Return a PNG of the skill against each baseline.

    Args:
        skills: by baseline, then by lead; a lead without a target is absent.
        leads: all of them, in the order of the axis.
    """
    figure = Figure(figsize=(8.5, 4), layout="constrained")
    axes = figure.subplots()
    axes.axhline(0, color=INK, linewidth=0.8)
    for number, (baseline, row) in enumerate(skills.items()):
        places = [leads.index(lead) + SHIFT * (number - (len(skills) - 1) / 2) for lead in row]
        values = [i.value for i in row.values()]
        reach = [
            [max(0.0, i.value - i.low) for i in row.values()],
            [max(0.0, i.high - i.value) for i in row.values()],
        ]
        look: dict[str, Any] = {"color": COLOURS[number % len(COLOURS)], "markersize": 4, "linewidth": 1}
        axes.errorbar(places, values, yerr=reach, fmt="o", label=f"against {baseline}", **look)
    axes.set_xticks(range(len(leads)), [lead if lead == "all" else f"{lead} d" for lead in leads])
    axes.set(xlabel="lead", ylabel="skill")
    axes.grid(axis="y", color=GRID, linewidth=0.4)
    axes.spines[["top", "right"]].set_visible(False)
    figure.legend(loc="outside upper center", fontsize="small", ncols=3, frameon=False)
    return figure_png(figure)
