"""Answers about fields as GeoDataFrames: lines of an order, and statistics of a map. What is sent: fields.py."""

import json
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

from shapely.geometry import shape

from client.fields import SentFields
from client.region import WGS84

if TYPE_CHECKING:
    import geopandas as gpd

LINES, PROVENANCE = "geoparquet", "provenance"
"""Keys among the results of an order of fields."""
NUMBERS = ("count", "valid_share", "area_ha", "share", "min", "max", "mean", "std", "median", "p25", "p75")
"""Columns of statistics after those that say of what they are."""


def read_lines(files: Mapping[str, Path], crs: Any = WGS84) -> "gpd.GeoDataFrame":
    """Read the lines of fields, one for each field and date, see docs/guides/fields.md for the columns.

    Args:
        files: LINES and PROVENANCE of a job.
        crs: of the polygons.

    Returns:
        Dates as datetime64, missing numbers NaN; where it comes from as a dictionary in `attrs["landcast"]`.
    """
    import geopandas as gpd

    found = gpd.read_parquet(files[LINES]).to_crs(crs)
    found.attrs["landcast"] = json.loads(files[PROVENANCE].read_text(encoding="utf-8"))
    return found


def statistics_table(answer: Mapping[str, Any], sent: SentFields, shapes: Sequence[Any] = ()) -> "gpd.GeoDataFrame":
    """Return statistics of a map, a line for each field and layer, of classes one for each class.

    Args:
        answer: what the service answered.
        sent: the fields of the request.
        shapes: their polygons in the CRS of the caller; none = as they were sent.

    Returns:
        The column of ids, `layer`, `class`, NUMBERS and `reason`, why a field could not be measured.
    """
    import geopandas as gpd

    rows, geometries = [], []
    for n, feature in enumerate(answer["features"]):
        for row in _rows(feature["properties"]):
            rows.append({sent.id_column: sent.ids[n], **row})
            geometries.append(shapes[n] if len(shapes) else _shape(feature["geometry"]))
    columns = [sent.id_column, "layer", "class", *NUMBERS, "reason"]
    found = gpd.GeoDataFrame(rows, columns=columns, geometry=geometries, crs=sent.crs)
    found = found.astype(dict.fromkeys(NUMBERS, "float64"))
    found.attrs["landcast"] = {"job": answer["job"], "simulated": answer["simulated"]}
    return found


def _rows(properties: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    """Yield the lines of one field; of one that was not measured, the reason."""
    layers = properties["statistics"]
    if not layers:
        yield {"reason": properties.get("reason", "")}
    for layer, values in layers.items():
        plain = {name: values[name] for name in NUMBERS if name in values and not isinstance(values[name], Mapping)}
        if "area_ha" not in values:
            yield {"layer": layer, **plain}
            continue
        for label, area in values["area_ha"].items():
            yield {"layer": layer, "class": label, **plain, "area_ha": area, "share": values["share"][label]}


def _shape(geometry: Any) -> Any:
    return None if geometry is None else shape(geometry)
