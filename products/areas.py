"""Areas of mapped classes: by counting pixels, and expected from probabilities with an interval. No files.

The interval is of the sum of the probabilities, under the assumption that they are right on average: the errors in a
block of 100 m are taken as fully correlated, those of different blocks as independent. A model that is wrong about a
whole landscape is not covered; that is what reference samples are for (Olofsson et al. 2014,
doi:10.1016/j.rse.2014.02.015).
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol, runtime_checkable

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.product import Layer, Variable
from core.text_table import text_table

BLOCK_M = 100.0
"""Edge of the blocks in which errors are fully correlated."""
Z95 = 1.959964
"""97.5 % quantile of the normal distribution."""
METHOD = (
    "mapped: pixels of the class. expected: sum of its probabilities. low, high: 95 % interval of that sum, errors "
    "fully correlated within blocks of 100 m and independent between them; systematic errors of the model are not in it"
)


@dataclass(frozen=True, kw_only=True)
class Bounds:
    """Probability of a class per pixel; least and most differ from it where a dependence is not known."""

    least: Floats
    """(Y, X) 0..1."""
    expected: Floats
    """(Y, X) 0..1."""
    most: Floats
    """(Y, X) 0..1."""


@dataclass(frozen=True, kw_only=True)
class AreaClass:
    """One row of the table."""

    label: str
    codes: tuple[int, ...]
    """Values of the first layer that are counted."""
    bounds: Callable[[Mapping[str, Floats]], Bounds] | None
    """From all layers by name, probabilities 0..1; None = no probability is known, and pixels are only counted."""


@runtime_checkable
class Measured(Protocol):
    """A product with a table of areas."""

    def area_classes(self, options: Any) -> tuple[AreaClass, ...]:
        """Return the rows of the table."""
        ...


@dataclass(frozen=True, kw_only=True)
class _Sums:
    """One class in a part of a map, in pixels of mean size; sums of parts are those of the whole."""

    pixels: float
    least: float
    expected: float
    most: float
    variance: float
    """Of `expected`, in pixels squared."""


def within(least: Floats, expected: Floats, most: Floats) -> Bounds:
    """Return bounds of a probability cut to 0..1: rounded percents may sum to more than 100."""
    return Bounds(least=np.clip(least, 0, 1), expected=np.clip(expected, 0, 1), most=np.clip(most, 0, 1))


def exactly(name: str) -> Callable[[Mapping[str, Floats]], Bounds]:
    """Return a function that reads the probability of a class from one layer."""
    return lambda layer: within(layer[name], layer[name], layer[name])


def strip_rows(resolution_m: float, width: int) -> int:
    """Return how many rows to hand to `area_table` at once: whole blocks, about a million pixels."""
    edge = block_edge(resolution_m)
    return edge * max(1, 1_000_000 // (edge * max(width, 1)))


def block_edge(resolution_m: float) -> int:
    """Return the edge of a block in pixels."""
    return max(1, round(BLOCK_M / resolution_m))


def area_table(
    strips: Iterable[NDArray[Any]],
    layers: Sequence[Layer],
    classes: Sequence[AreaClass],
    *,
    nodata: float,
    resolution_m: float,
    shares: Callable[[slice], NDArray[np.float64] | None] = lambda _rows: None,
    limit: float | None = None,
) -> dict[str, Any]:
    """Measure a map.

    Args:
        strips: (L, rows, X) pixels from north to south, each of `strip_rows` rows but the last.
        layers: L, their units telling percent from shares.
        classes: rows of the table.
        nodata: 255, or NaN; where the first layer is nodata, a pixel is left out.
        resolution_m: edge of a pixel, on the ground.
        shares: returns (rows, X) of some rows the area of each pixel over `resolution_m` squared; None = it is 1.
        limit: largest dissimilarity inside the area of applicability; None = there is no such layer.

    Returns:
        JSON: `total_ha`, `method`, and under `classes` per row `label`, `codes`, `mapped_ha`, `expected_ha`, `low_ha`,
        `high_ha`; the last three are null where no probability is known. With a limit also `applicability`:
        `dissimilarity_limit`, and `outside_share`, the share 0..1 of the pixels above it. With a layer of decline also
        `decline`: `declining_ha`, `judged_ha`, and `share`, the one over the other, null where nothing was judged.
    """
    edge = block_edge(resolution_m)
    index = next((v.name for v in layers if v.variable == Variable.DISSIMILARITY), "")
    decline = next((n for n, v in enumerate(layers) if v.variable == Variable.DECLINE), None)
    parts: list[list[_Sums]] = [[] for _ in classes]
    seen_pixels = outside_pixels = judged = declining = 0.0
    first_row = 0
    for pixels in strips:
        seen = _is_seen(pixels[0], nodata)
        share = shares(slice(first_row, first_row + len(seen)))
        first_row += len(seen)
        seen_pixels += _sum(seen, share)
        by_name = _by_name(pixels, layers)
        outside_pixels += 0 if limit is None else _sum((by_name[index] > limit) & seen, share)
        if decline is not None:
            judged += _sum(_is_seen(pixels[decline], nodata), share)
            declining += _sum(pixels[decline] == 1, share)
        for row, area_class in zip(parts, classes, strict=True):
            row.append(_measure(by_name, layers[0].name, area_class, seen, share, edge))
    hectares = resolution_m**2 / 10_000
    rows = [_row(c, _total(p), seen_pixels, hectares) for c, p in zip(classes, parts, strict=True)]
    table: dict[str, Any] = {"total_ha": round(seen_pixels * hectares, 4), "method": METHOD, "classes": rows}
    if decline is not None:
        table["decline"] = _decline(judged, declining, hectares)
    if limit is None:
        return table
    outside = round(outside_pixels / max(seen_pixels, 1), 6)
    return table | {"applicability": {"outside_share": outside, "dissimilarity_limit": limit}}


def area_lines(table: Mapping[str, Any]) -> Iterator[str]:
    """Yield an area table as lines for people."""
    heads = ["hectares", "mapped", "expected", "95 % interval"]
    rows = [_area_cells(row) for row in table["classes"]]
    yield from text_table([heads, *rows, ["all", f"{table['total_ha']:,.2f}"]]).splitlines()
    if "applicability" in table:
        yield f"outside the area of applicability: {table['applicability']['outside_share']:.1%}".replace("%", " %")
    if "decline" in table:
        yield _decline_line(table["decline"])


def _decline_line(found: Mapping[str, Any]) -> str:
    if found["share"] is None:
        return "canopy in decline: not known, no canopy with enough clear summer dates"
    return f"canopy in decline: {100 * found['share']:.1f} % of the {found['judged_ha']:,.2f} ha that could be judged"


def _decline(judged: float, declining: float, hectares: float) -> dict[str, Any]:
    share = round(declining / judged, 6) if judged else None
    areas = {"declining_ha": round(declining * hectares, 4), "judged_ha": round(judged * hectares, 4)}
    return {**areas, "share": share}


def _area_cells(row: Mapping[str, Any]) -> list[str]:
    cells = [row["label"], f"{row['mapped_ha']:,.2f}"]
    if row["expected_ha"] is None:
        return cells
    return [*cells, f"{row['expected_ha']:,.2f}", f"{row['low_ha']:,.2f} to {row['high_ha']:,.2f}"]


def block_sums(values: Floats, edge: int) -> NDArray[np.float64]:
    """Return (Y / edge, X / edge), rounded up, sums over blocks that begin in the upper left corner."""
    height, width = values.shape
    rows = np.add.reduceat(values.astype(np.float64), np.arange(0, height, edge), axis=0)
    return np.asarray(np.add.reduceat(rows, np.arange(0, width, edge), axis=1))


def _is_seen(first: NDArray[Any], nodata: float) -> NDArray[np.bool_]:
    return np.asarray(np.isfinite(first) if np.isnan(nodata) else first != nodata)


def _by_name(pixels: NDArray[Any], layers: Sequence[Layer]) -> dict[str, Floats]:
    """Return layers by name, percents as shares."""
    whole = [np.float32(100 if layer.unit == "%" else 1) for layer in layers]
    return {v.name: p.astype(np.float32) / w for v, p, w in zip(layers, pixels, whole, strict=True)}


def _sum(values: NDArray[Any], share: NDArray[np.float64] | None) -> float:
    """Return the sum of (Y, X) values of pixels, each times its share where sizes differ."""
    return float(values.sum(dtype=np.float64) if share is None else (values * share).sum())


def _measure(
    by_name: Mapping[str, Floats],
    first: str,
    area_class: AreaClass,
    seen: NDArray[np.bool_],
    share: NDArray[np.float64] | None,
    edge: int,
) -> _Sums:
    count = _sum(np.isin(by_name[first], area_class.codes) & seen, share)
    if area_class.bounds is None:
        return _Sums(pixels=count, least=0, expected=0, most=0, variance=0)
    bounds = area_class.bounds(by_name)
    least, expected, most = (np.where(seen, b, 0) for b in (bounds.least, bounds.expected, bounds.most))
    spread = np.sqrt(expected * (1 - expected))
    deviation = block_sums(spread if share is None else spread * share, edge)
    return _Sums(
        pixels=count,
        least=_sum(least, share),
        expected=_sum(expected, share),
        most=_sum(most, share),
        variance=float((deviation**2).sum()),
    )


def _total(parts: Sequence[_Sums]) -> _Sums:
    return _Sums(
        pixels=sum(p.pixels for p in parts),
        least=sum(p.least for p in parts),
        expected=sum(p.expected for p in parts),
        most=sum(p.most for p in parts),
        variance=sum(p.variance for p in parts),
    )


def _row(area_class: AreaClass, sums: _Sums, seen_pixels: float, hectares: float) -> dict[str, Any]:
    row: dict[str, Any] = {"label": area_class.label, "codes": list(area_class.codes)}
    row["mapped_ha"] = round(sums.pixels * hectares, 4)
    if area_class.bounds is None:
        return {**row, "expected_ha": None, "low_ha": None, "high_ha": None}
    half = Z95 * sums.variance**0.5
    low, high = max(0.0, sums.least - half), min(float(seen_pixels), sums.most + half)
    figures = {"expected_ha": sums.expected, "low_ha": low, "high_ha": high}
    return row | {name: round(value * hectares, 4) for name, value in figures.items()}
