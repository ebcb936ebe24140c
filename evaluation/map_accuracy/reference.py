"""Reference points of any common vector file or table, as places in a map's CRS and labels. No maps, no figures."""

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import geopandas
import numpy as np
import pandas as pd
import pyarrow.parquet
import pyogrio
from geopandas import GeoDataFrame
from numpy.typing import NDArray
from pyproj import CRS

from core.errors import InvalidOption

ENDINGS = (".gpkg", ".geojson", ".json", ".parquet", ".csv")
LON, LAT = "lon", "lat"
STRATUM, WEIGHT = "stratum", "stratum_weight"
OPTION = "--reference"
SAMPLE_LAYER = "sample"
"""Layer of a GeoPackage that is read where there are several."""
MAX_WEIGHT_SUM = 1 + 1e-6
MAX_REASON = 200
"""Characters of a library's message about a broken file."""


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


def read_reference(path: Path, *, column: str, crs: CRS) -> ReferencePoints:
    """Read reference points.

    Args:
        path: GeoPackage, GeoJSON, GeoParquet, or Parquet or CSV with `lon`, `lat` in degrees; in any stated CRS.
        column: of the labels.
        crs: of the places returned.

    Raises:
        InvalidOption: unreadable, no such column, not points, no CRS, or strata that are not consistent.
    """
    if not path.is_file():
        raise InvalidOption(OPTION, path, "there is no such file")
    if path.suffix.lower() not in ENDINGS:
        raise InvalidOption(OPTION, path, f"it ends in {', '.join(ENDINGS)}")
    table = _points(_read(path), path)
    if column not in table:
        have = ", ".join(str(c) for c in table.columns if c != table.geometry.name) or "none"
        raise InvalidOption("--column", column, f"the columns of '{path}' are {have}")
    places = table.geometry.to_crs(crs)
    strata, weights = _strata(table, path)
    return ReferencePoints(
        x=places.x.to_numpy(np.float64),
        y=places.y.to_numpy(np.float64),
        labels=_texts(table[column]),
        strata=strata,
        weights=weights,
    )


def _read(path: Path) -> pd.DataFrame:
    """Return a table, with geometry unless it is a plain one."""
    try:
        if path.suffix.lower() == ".csv":
            return pd.read_csv(path, keep_default_na=False, na_values=[""])  # "None" is a class
        if path.suffix.lower() == ".parquet":
            is_geo = b"geo" in (pyarrow.parquet.read_schema(path).metadata or {})
            return geopandas.read_parquet(path) if is_geo else pd.read_parquet(path)
        table: pd.DataFrame = geopandas.read_file(path, engine="pyogrio", layer=_layer(path))
    except (RuntimeError, ValueError, OSError) as error:  # of pandas, pyarrow, pyogrio
        reason = " ".join(str(error).split())[:MAX_REASON] or type(error).__name__
        raise InvalidOption(OPTION, path, f"it cannot be read ({reason.rstrip('.')})") from None
    return table


def _layer(path: Path) -> str:
    layers = [str(name) for name, kind in pyogrio.list_layers(path) if kind is not None]
    if SAMPLE_LAYER in layers:
        return SAMPLE_LAYER
    if len(layers) != 1:
        have = ", ".join(layers) or "none"
        raise InvalidOption(
            OPTION, path, f"it must have one layer of points or one named '{SAMPLE_LAYER}'; it has {have}"
        )
    return layers[0]


def _points(table: pd.DataFrame, path: Path) -> GeoDataFrame:
    if not isinstance(table, geopandas.GeoDataFrame):
        table = _placed(table, path)
    if table.empty:
        raise InvalidOption(OPTION, path, "it has no point")
    wrong = table.geometry.isna() | table.geometry.is_empty | (table.geometry.geom_type != "Point")
    if wrong.any():
        raise InvalidOption(OPTION, path, f"its feature {int(wrong.to_numpy().argmax()) + 1} is not a point")
    if table.crs is None:
        raise InvalidOption(OPTION, path, "it does not state its CRS")
    return table


def _placed(table: pd.DataFrame, path: Path) -> GeoDataFrame:
    if not {LON, LAT} <= set(table.columns):
        raise InvalidOption(OPTION, path, f"a table needs the columns {LON} and {LAT}, in degrees")
    lon, lat = (pd.to_numeric(table[name], errors="coerce").to_numpy(np.float64) for name in (LON, LAT))
    wrong = ~((np.abs(lon) <= 180) & (np.abs(lat) <= 90))
    if wrong.any():
        raise InvalidOption(OPTION, path, f"{LON}, {LAT} of its row {int(wrong.argmax()) + 1} are not degrees")
    return geopandas.GeoDataFrame(table, geometry=geopandas.points_from_xy(lon, lat), crs="EPSG:4326")


def _strata(table: GeoDataFrame, path: Path) -> tuple[NDArray[np.object_], dict[str, float]]:
    """Return the stratum of each point and each stratum's weight."""
    have = [name for name in (STRATUM, WEIGHT) if name in table]
    if not have:
        return np.full(len(table), "", object), {}
    if len(have) == 1:
        raise InvalidOption(OPTION, path, f"it has the column {have[0]}; strata need both {STRATUM} and {WEIGHT}")
    strata, shares = _texts(table[STRATUM]), pd.to_numeric(table[WEIGHT], errors="coerce").to_numpy(np.float64)
    if (strata == "").any() or not (shares > 0).all():
        raise InvalidOption(OPTION, path, f"{STRATUM} or {WEIGHT} is empty or not above 0 in some rows")
    grouped = pd.Series(shares).groupby(pd.Series(strata))
    if (grouped.max() - grouped.min() > 1e-9).any():
        raise InvalidOption(OPTION, path, f"{WEIGHT} differs within a {STRATUM}")
    weights = {str(stratum): float(share) for stratum, share in grouped.first().items()}
    if sum(weights.values()) > MAX_WEIGHT_SUM:
        raise InvalidOption(OPTION, path, f"the {WEIGHT}s sum to {sum(weights.values()):.4f}, above 1")
    return strata, weights


def _texts(column: "pd.Series[Any]") -> NDArray[np.object_]:
    """Return labels as texts, whole numbers without a point, and empty where there is none."""
    return np.array([_text(value) for value in column.tolist()], object)


def _text(value: Any) -> str:
    if value is None or value is pd.NA or value != value:
        return ""
    return str(int(value)) if isinstance(value, float) and value.is_integer() else str(value).strip()
