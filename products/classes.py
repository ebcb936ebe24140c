"""Class maps: the layers that canopy and crop share, and the columns of their tables. Values: class_pixels.py."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from types import MappingProxyType

import pandas as pd

from core.bands import Floats
from core.cube import Series
from core.product import Layer, LegendEntry, Variable
from products.areas import AreaClass, exactly
from products.class_options import MIDDLE, ClassMapOptions
from products.palette import mixed
from products.table import wide_table

IN_TABLES = (
    Variable.PROBABILITY,
    Variable.SET,
    Variable.DISSIMILARITY,
    Variable.MONTHS_SEEN,
    Variable.SEASONS_SEEN,
    Variable.DECLINE,
)
"""Variables of the layers that are columns of a table."""
SEASONS = (
    LegendEntry(value=1, label="April to September only", colour=(217, 173, 84)),
    LegendEntry(value=2, label="October to March only", colour=(120, 144, 190)),
    LegendEntry(value=3, label="both", colour=(70, 130, 70)),
)
"""Codes of `models.network.evidence.months_seen`."""
MOST_IN_LEGEND = 3
"""Classes whose sets are few enough for a legend: seven."""


def noted_mmu(layers: tuple[Layer, ...], hectares: float) -> tuple[Layer, ...]:
    """Return the layers with the minimum mapping unit in the description of the first, if there is one."""
    if not hectares:
        return layers
    text = f"{layers[0].description} (patches below {hectares:g} ha given to the largest beside them)"
    return (replace(layers[0], description=text), *layers[1:])


def class_layers(
    legend: tuple[LegendEntry, ...],
    names: tuple[str, ...],
    date: str,
    options: ClassMapOptions,
    *,
    seen: str,
    threshold: float = MIDDLE,
    notes: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Layer, ...]:
    """Return the class band, a probability for each class, the bands of options, and the clear count.

    Args:
        seen: observations that the map is made from, for descriptions.
        notes: class name -> its meaning, where the label is not enough.
    """
    is_percent = options.is_percent
    probabilities = [
        Layer(
            name=f"p_{name}",
            variable=Variable.PROBABILITY,
            class_name=name,
            class_code=entry.value,
            description=f"Probability of {entry.label.lower()}{_noted(notes, name)}",
            unit="%" if is_percent else "1",
            date=date,
        )
        for name, entry in zip(names, legend, strict=True)
    ]
    codes = "; ".join(f"{entry.value} {entry.label.lower()}" for entry in legend)
    first = Layer(
        name="class",
        variable=Variable.CLASS,
        description=f"{_rule(legend, names, threshold, notes)}, from {seen}: {codes}",
        legend=legend,
        date=date,
    )
    most = ", at most 254" if is_percent else ""
    count = Layer(
        name="clear_count", variable=Variable.CLEAR_COUNT, description=f"Clear observations used{most}", unit="count"
    )
    found = (first, *probabilities, *_further(legend, date, options), count)
    return tuple(replace(layer, dtype=options.dtype) for layer in found)


def _rule(legend: tuple[LegendEntry, ...], names: tuple[str, ...], threshold: float, notes: Mapping[str, str]) -> str:
    if len(legend) != 2:
        return "Most probable class"
    return f"{legend[1].label}{_noted(notes, names[1])} where its probability is at least {threshold:g}"


def _noted(notes: Mapping[str, str], name: str) -> str:
    return f" ({notes[name]})" if name in notes else ""


def _further(legend: tuple[LegendEntry, ...], date: str, options: ClassMapOptions) -> list[Layer]:
    """Return the bands of the options `sets` and `applicability`."""
    is_percent, found = options.is_percent, []
    if options.sets:
        bits = "; ".join(f"{1 << entry.value} {entry.label.lower()}" for entry in legend)
        text = "Classes that the pixel may be, the true one among them with a coverage of"
        found.append(
            Layer(
                name="set",
                variable=Variable.SET,
                description=f"{text} {options.coverage:.0%}, as the sum of {bits}",
                legend=set_legend(legend),
                date=date,
            )
        )
    if options.dissimilarity_limit is not None:
        unit = "% of that distance, at most 254" if is_percent else "shares of it"
        text = f"Distance to the nearest of the training data over the mean distance among these, in {unit}"
        limit = options.dissimilarity_limit * (100 if is_percent else 1)
        found.append(
            Layer(
                name="dissimilarity",
                variable=Variable.DISSIMILARITY,
                description=f"{text}; above {limit:.4g} a pixel lies outside the area of applicability",
                unit="%" if is_percent else "1",
                date=date,
            )
        )
    return [*found, *_evidence_layers(date)] if options.evidence else found


def _evidence_layers(date: str) -> list[Layer]:
    """Return the bands of the option `evidence`."""
    codes = "; ".join(f"{entry.value} {entry.label}" for entry in SEASONS)
    return [
        Layer(
            name="months_seen",
            variable=Variable.MONTHS_SEEN,
            description="Calendar months with a clear observation, among those that the model reads",
            unit="count",
            date=date,
        ),
        Layer(
            name="seasons_seen",
            variable=Variable.SEASONS_SEEN,
            description=f"Halves of the year with a clear observation: {codes}",
            legend=SEASONS,
            date=date,
        ),
    ]


def set_legend(legend: tuple[LegendEntry, ...]) -> tuple[LegendEntry, ...]:
    """Return an entry for each set of up to three classes, by its mask; of more classes none."""
    if len(legend) > MOST_IN_LEGEND:
        return ()
    chosen = [[e for e in legend if mask >> e.value & 1] for mask in range(1, 1 << len(legend))]
    return tuple(
        LegendEntry(
            value=mask, label=" or ".join([one[0].label, *(e.label.lower() for e in one[1:])]), colour=_mixed(one)
        )
        for mask, one in enumerate(chosen, start=1)
    )


def _mixed(entries: list[LegendEntry]) -> tuple[int, int, int]:
    return mixed([entry.colour for entry in entries])


def class_areas(legend: tuple[LegendEntry, ...], names: tuple[str, ...]) -> tuple[AreaClass, ...]:
    """Return the rows of a class map's table of areas."""
    return tuple(
        AreaClass(label=entry.label, codes=(entry.value,), bounds=exactly(f"p_{name}"))
        for name, entry in zip(names, legend, strict=True)
    )


def class_table(
    series: Series, values: Floats, layers: Sequence[Layer], *, hidden: Collection[str] = ()
) -> pd.DataFrame:
    """Return sample_id and a column for each layer that a table has: probabilities, sets and dissimilarity.

    Args:
        values: (N, L) of the layers.
        hidden: classes whose probability follows from the others.
    """

    def is_column(layer: Layer) -> bool:
        return layer.variable in IN_TABLES and layer.class_name not in hidden

    return wide_table(series, values, layers, is_column, id_column="sample_id")
