"""Reference points of any common vector file or table, as places in a map's CRS and labels. No maps, no figures."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from geopandas import GeoDataFrame
from numpy.typing import NDArray
from pyproj import CRS

from core.errors import InvalidOption
from core.source import AS_STATED, InputSummary, ReadAs, counted
from ingest.rules.columns import find_column, match
from ingest.rules.ids import text_of
from ingest.rules.refusal import Refused
from ingest.vector_file import VectorFile, layers, read_vector

STRATUM, WEIGHT = "stratum", "stratum_weight"
OPTION = "--reference"
SAMPLE_LAYER = "sample"
"""Layer of a GeoPackage that is read where there are several."""
MAX_WEIGHT_SUM = 1 + 1e-6
MAX_POINTS = 1_000_000
_WHOLE = re.compile(r"(-?\d+)\.0+")


@dataclass(frozen=True, kw_only=True)
class ReferencePoints:
    """Points whose true class is known."""

    x: NDArray[np.float64]
    """(N,) in the map's CRS; not finite where the CRS has no such place."""
    y: NDArray[np.float64]
    labels: NDArray[np.object_]
    """(N,) texts; empty = not labelled."""
    strata: NDArray[np.object_]
    """(N,) texts; all empty where the file has no strata."""
    weights: dict[str, float]
    """Share of each stratum in the map; empty where the file has no strata and the map's classes are the strata."""
    summary: InputSummary


def read_reference(path: Path, *, column: str, crs: CRS, read_as: ReadAs = AS_STATED) -> ReferencePoints:
    """Read reference points.

    Args:
        path: any vector format of ingest/vector_file.py in any CRS, or a table with `lon`, `lat` in degrees.
        column: of the labels.
        crs: of the places returned.
        read_as: what the user states: the file's CRS.

    Raises:
        InvalidOption: unreadable, no such column, not points, no CRS, or strata that are not consistent.
    """
    found = _read(path, read_as)
    table, lost = _points(found, path)
    columns = [str(c) for c in table.columns if c != table.geometry.name]
    labels = find_column(columns, column)
    if not labels:
        raise InvalidOption("--column", column, f"the columns of '{path}' are {', '.join(columns) or 'none'}")
    places = table.geometry.to_crs(crs)
    strata, weights = _strata(table, path)
    return ReferencePoints(
        x=places.x.to_numpy(np.float64),
        y=places.y.to_numpy(np.float64),
        labels=_texts(table[labels]),
        strata=strata,
        weights=weights,
        summary=InputSummary(
            name=path.name,
            layout=f"reference points in {found.layout}",
            taken=(f"points: {len(table):,}, their label from column {labels}", f"CRS: {found.crs.name}"),
            remarks=(*found.remarks, *lost),
        ),
    )


def _read(path: Path, read_as: ReadAs) -> VectorFile:
    try:
        names = layers(path)
        layer = SAMPLE_LAYER if SAMPLE_LAYER in names else ""
        if not layer and len(names) > 1:
            raise Refused(f"it must have one layer of points or one named '{SAMPLE_LAYER}'; it has {', '.join(names)}")
        return read_vector(path, crs=read_as.crs, layer=layer, most=MAX_POINTS)
    except Refused as error:
        raise InvalidOption(OPTION, path, str(error)) from None


def _points(found: VectorFile, path: Path) -> tuple[GeoDataFrame, tuple[str, ...]]:
    """Return the features with a point, and a remark on those without a geometry."""
    table = found.table
    nothing = (table.geometry.isna() | table.geometry.is_empty).to_numpy()
    if nothing.all():
        raise InvalidOption(OPTION, path, "it has no point")
    singles = table.geometry.map(lambda g: g.geoms[0] if g is not None and _is_single(g) else g)
    table = table.set_geometry(singles)
    wrong = (table.geometry.geom_type != "Point").to_numpy() & ~nothing
    if wrong.any():
        raise InvalidOption(OPTION, path, f"its feature {int(wrong.argmax()) + 1} is not a point")
    if not nothing.any():
        return table, ()
    count = int(nothing.sum())
    remark = f"{counted(count, 'point has', 'points have')} no place and {'is' if count == 1 else 'are'} left out."
    return table[~nothing], (remark,)


def _is_single(geometry: Any) -> bool:
    return geometry.geom_type == "MultiPoint" and len(geometry.geoms) == 1


def _strata(table: GeoDataFrame, path: Path) -> tuple[NDArray[np.object_], dict[str, float]]:
    """Return the stratum of each point and each stratum's weight."""
    columns = {name: found[0] for name in (STRATUM, WEIGHT) if (found := match(map(str, table.columns), (name,)))}
    have = list(columns)
    if not have:
        return np.full(len(table), "", object), {}
    if len(have) == 1:
        raise InvalidOption(OPTION, path, f"it has the column {have[0]}; strata need both {STRATUM} and {WEIGHT}")
    strata, shares = _texts(table[columns[STRATUM]]), _shares(table[columns[WEIGHT]])
    if (strata == "").any() or not (shares > 0).all():
        raise InvalidOption(OPTION, path, f"{STRATUM} or {WEIGHT} is empty or not above 0 in some rows")
    grouped = pd.Series(shares).groupby(pd.Series(strata))
    if (grouped.max() - grouped.min() > 1e-9).any():
        raise InvalidOption(OPTION, path, f"{WEIGHT} differs within a {STRATUM}")
    weights = {str(stratum): float(share) for stratum, share in grouped.first().items()}
    if sum(weights.values()) > MAX_WEIGHT_SUM:
        raise InvalidOption(OPTION, path, f"the {WEIGHT}s sum to {sum(weights.values()):.4f}, above 1")
    return strata, weights


def _shares(column: "pd.Series[Any]") -> NDArray[np.float64]:
    """Return numbers, those with decimal commas too; NaN where a text is none."""
    if pd.api.types.is_numeric_dtype(column.dtype):
        return column.to_numpy(np.float64)
    return pd.to_numeric(column.astype(str).str.replace(",", "."), errors="coerce").to_numpy(np.float64)


def _texts(column: "pd.Series[Any]") -> NDArray[np.object_]:
    """Return labels as texts, whole numbers without a point, and empty where there is none."""
    texts = [text_of(value) for value in column.tolist()]
    return np.array([m[1] if (m := _WHOLE.fullmatch(t)) else t for t in texts], object)
