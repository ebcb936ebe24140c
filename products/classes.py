"""Class maps: layers, and options of how they are written, that canopy and crop share. Pixels: class_pixels.py."""

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from core.errors import InvalidOption
from core.product import Layer, LegendEntry, Params, Variable
from products.areas import AreaClass, exactly
from products.class_options import MIDDLE
from products.inputs import read_number
from products.palette import mixed

MOST_IN_LEGEND = 3
"""Classes whose sets are few enough for a legend: seven."""
PROBABILITIES: dict[str, Any] = {
    "probabilities": {
        "type": "string",
        "enum": ["percent", "float"],
        "default": "percent",
        "description": "percent: all bands uint8, nodata 255, palette. float: all bands float32, shares 0..1, NaN.",
    },
}
MAX_MMU_HA = 1000.0
MMU: dict[str, Any] = {
    "mmu": {
        "type": "number",
        "minimum": 0,
        "maximum": MAX_MMU_HA,
        "default": 0,
        "description": "Minimum mapping unit in hectares: smaller patches of the first band are given to the largest "
        "patch beside them, after the tiles are put together. 0 keeps every pixel, hedges too.",
    },
}


def read_mmu(inputs: Mapping[str, Any]) -> dict[str, float]:
    """Return the option `mmu` in hectares, or none where no patch is too small.

    Raises:
        InvalidOption: it is no number, or outside the range.
    """
    hectares = read_number(inputs, "mmu", 0.0, least=0.0, most=MAX_MMU_HA, unit="a number of hectares")
    return {"mmu": hectares} if hectares else {}


def said_mmu(layers: tuple[Layer, ...], params: Params) -> tuple[Layer, ...]:
    """Return the layers with the minimum mapping unit in the description of the first, if there is one."""
    if not params.options.get("mmu"):
        return layers
    text = f"{layers[0].description} (patches below {params.options['mmu']:g} ha given to the largest beside them)"
    return (replace(layers[0], description=text), *layers[1:])


def read_probabilities(inputs: Mapping[str, Any]) -> str:
    """Return how probabilities are written: `percent` or `float`."""
    wanted = str(inputs.get("probabilities") or "percent")
    if wanted not in PROBABILITIES["probabilities"]["enum"]:
        raise InvalidOption("probabilities", wanted, "it is percent or float")
    return wanted


def class_layers(
    legend: tuple[LegendEntry, ...],
    names: tuple[str, ...],
    date: str,
    params: Params,
    *,
    seen: str,
    notes: Mapping[str, str] = MappingProxyType({}),
) -> tuple[Layer, ...]:
    """Return the class band, a probability for each class, what else is asked for, and the clear count.

    Args:
        seen: which observations the map is made of, for descriptions.
        notes: class name -> what is meant by it, where its label does not say.
    """
    is_percent = params.options["probabilities"] == "percent"
    probabilities = [
        Layer(
            name=f"p_{name}",
            description=f"Probability of {entry.label.lower()}{_noted(notes, name)}",
            variable=Variable.PROBABILITY,
            class_name=name,
            class_code=entry.value,
            unit="%" if is_percent else "1",
            date=date,
        )
        for name, entry in zip(names, legend, strict=True)
    ]
    codes = "; ".join(f"{entry.value} {entry.label.lower()}" for entry in legend)
    first = Layer(
        name="class",
        description=f"{_rule(legend, names, params, notes)}, from {seen}: {codes}",
        variable=Variable.CLASS,
        legend=legend,
        date=date,
    )
    most = ", at most 254" if is_percent else ""
    text = f"Clear observations used{most}"
    count = Layer(name="clear_count", description=text, variable=Variable.CLEAR_COUNT, unit="count")
    found = (first, *probabilities, *_further(legend, date, params), count)
    return tuple(replace(layer, dtype=pixel_type(params)) for layer in found)


def pixel_type(params: Params) -> str:
    """Return the type of a class map's pixels: bytes, or floats where probabilities are."""
    return "uint8" if params.options["probabilities"] == "percent" else "float32"


def _rule(legend: tuple[LegendEntry, ...], names: tuple[str, ...], params: Params, notes: Mapping[str, str]) -> str:
    if len(legend) != 2:
        return "Most probable class"
    threshold = params.options.get("threshold", MIDDLE)
    return f"{legend[1].label}{_noted(notes, names[1])} where its probability is at least {threshold:g}"


def _noted(notes: Mapping[str, str], name: str) -> str:
    return f" ({notes[name]})" if name in notes else ""


def _further(legend: tuple[LegendEntry, ...], date: str, params: Params) -> list[Layer]:
    """Return the bands of the options `sets` and `applicability`."""
    is_percent, found = params.options["probabilities"] == "percent", []
    if params.options.get("sets"):
        bits = "; ".join(f"{1 << entry.value} {entry.label.lower()}" for entry in legend)
        text = "Classes that the pixel may be, the true one among them with a coverage of"
        found.append(
            Layer(
                name="set",
                description=f"{text} {params.options['coverage']:.0%}, as the sum of {bits}",
                variable=Variable.SET,
                legend=set_legend(legend),
                date=date,
            )
        )
    if params.options.get("applicability"):
        unit = "% of that distance, at most 254" if is_percent else "shares of it"
        text = f"Distance to the nearest of the training data over the mean distance among these, in {unit}"
        limit = params.options["dissimilarity_limit"] * (100 if is_percent else 1)
        found.append(
            Layer(
                name="dissimilarity",
                description=f"{text}; above {limit:.4g} a pixel lies outside the area of applicability",
                variable=Variable.DISSIMILARITY,
                unit="%" if is_percent else "1",
                date=date,
            )
        )
    return found


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
