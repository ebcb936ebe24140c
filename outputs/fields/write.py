"""The lines of fields as a file: which form it takes follows from the ending of its name. The report: report.py."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from core.region import WGS84, Field
from outputs.atomic import written_aside

ENDINGS = (".csv", ".parquet", ".geojson", ".gpkg", ".html")
DRIVERS = {".geojson": "GeoJSON", ".gpkg": "GPKG"}
LAYER = "fields"
"""Name of the layer."""


@dataclass(frozen=True, kw_only=True)
class Answer:
    """The lines of fields."""

    table: pd.DataFrame
    """One line for each field and date; the first column holds the ids."""
    positions: Sequence[int]
    """Position of the field of each line."""
    fields: Sequence[Field]
    title: str
    notes: Sequence[str] = ()
    """Sentences about source, issue date and models."""


def write_lines(found: Answer, out: Path) -> None:
    """Write lines as .csv, .parquet (GeoParquet), .geojson or .gpkg, completely or not at all.

    CSV and GeoJSON hold dates as YYYY-MM-DD. All but CSV hold the polygon of the field in each line, in WGS84.
    """
    with written_aside(out) as aside:
        if out.suffix == ".csv":
            with_day_texts(found.table).to_csv(aside, index=False)
        elif out.suffix == ".parquet":
            _placed(found, found.table).to_parquet(aside, index=False)
        else:
            table = _placed(found, with_day_texts(found.table))
            table.to_file(aside, driver=DRIVERS[out.suffix], engine="pyogrio", **_options(out.suffix))


def with_day_texts(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table with dates as YYYY-MM-DD; missing ones stay missing."""
    table = table.copy()
    for name in ("date", "last_clear"):
        table[name] = table[name].dt.strftime("%Y-%m-%d").astype(object).where(table[name].notna(), None)
    return table


def _placed(found: Answer, table: pd.DataFrame) -> Any:
    import geopandas

    shapes = [found.fields[n].geometry for n in found.positions]
    return geopandas.GeoDataFrame(table, geometry=shapes, crs=WGS84)


def _options(ending: str) -> dict[str, Any]:
    return {"layer": LAYER, "RFC7946": "YES"} if ending == ".geojson" else {"layer": LAYER}
