"""Fields as requests send them, from what a caller has at hand; the service checks them. Answers: field_tables.py.

Libraries are loaded when they are needed, so that the client alone stays light.
"""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from shapely import transform
from shapely.geometry import mapping

from client.region import WGS84
from core.errors import InvalidOption

EXPECTED = (
    "they are a GeoDataFrame with a CRS, a GeoJSON FeatureCollection, or the path of a file with one; read other files "
    "with geopandas.read_file first"
)
DECIMALS = 7
"""Of degrees in coordinates of GeoDataFrames: about a centimetre, and half the size of a request."""
ID_COLUMNS = ("id", "name")
"""Columns whose values name fields, in order, where the caller names none."""


@dataclass(frozen=True, kw_only=True)
class SentFields:
    """Fields of a request."""

    collection: dict[str, Any]
    """GeoJSON FeatureCollection, WGS84."""
    ids: Sequence[Any]
    """The caller's id of each feature."""
    id_column: str
    """Name of the ids; `id` where they are labels of the index, or numbers."""
    crs: Any = WGS84
    """Of the caller's frame."""


def fields_to_send(fields: Any, id_column: str = "") -> SentFields:
    """Return fields as requests send them: polygons with ids and names, without the caller's other columns.

    Args:
        fields: a GeoDataFrame or GeoSeries in any CRS that it states; a GeoJSON FeatureCollection, the path of a file
            with one, or anything else with such a `__geo_interface__`; these two are sent as they are.
        id_column: names the fields; empty = `id`, else `name`, else the index of a frame, or the id of a feature.

    Raises:
        InvalidOption: they are none of these, have no CRS, or no such column.
    """
    if isinstance(fields, str | Path):
        fields = _read(Path(fields))
    if hasattr(fields, "to_crs"):
        return _checked(_of_frame(fields, id_column))
    document = fields if isinstance(fields, Mapping) else getattr(fields, "__geo_interface__", None)
    if not isinstance(document, Mapping) or not isinstance(document.get("features"), list | tuple):
        raise InvalidOption("fields", type(fields).__name__, EXPECTED)
    return _checked(_of_features(dict(document), id_column))


def _checked(sent: SentFields) -> SentFields:
    """Refuse what JSON cannot hold, such as NaN among the coordinates."""
    try:
        json.dumps(sent.collection, allow_nan=False)
    except (TypeError, ValueError, RecursionError) as error:
        raise InvalidOption("fields", f"{len(sent.ids)} fields", f"JSON cannot hold them ({error})") from None
    return sent


def _read(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except (OSError, ValueError, RecursionError) as error:
        reason = f"it cannot be read as GeoJSON ({type(error).__name__}); {EXPECTED}"
        raise InvalidOption("fields", path, reason) from None


def _of_features(document: dict[str, Any], id_column: str) -> SentFields:
    features = [f if isinstance(f, Mapping) else {} for f in document["features"]]
    own = [f.get("properties") or {} for f in features]
    names = (id_column,) if id_column else ID_COLUMNS
    column = next((n for n in names if any(n in p for p in own)), "")
    if id_column and not column:
        raise InvalidOption("id", id_column, "the features have no such property")
    has_ids = not id_column and column != "id" and any(f.get("id") is not None for f in features)
    given = [f.get("id") if has_ids else p.get(column) for f, p in zip(features, own, strict=True)]
    ids = [n if i is None else i for n, i in enumerate(given, start=1)]
    return SentFields(collection=document, ids=ids, id_column="id" if has_ids else column or "id")


def _of_frame(frame: Any, id_column: str) -> SentFields:
    if frame.crs is None:
        raise InvalidOption("fields", type(frame).__name__, "it states no CRS; set it with set_crs")
    shapes = [None if g is None or g.is_empty else _geojson(g) for g in frame.geometry.to_crs(WGS84)]
    columns = {str(c): c for c in getattr(frame, "columns", ()) if c != frame.geometry.name}
    if id_column and id_column not in columns:
        raise InvalidOption("id", id_column, f"the columns are {', '.join(columns) or 'none'}")
    known = {name.lower(): name for name in reversed(columns) if name.lower() in ID_COLUMNS}
    column = id_column or next((known[n] for n in ID_COLUMNS if n in known), "")
    kept = {name: [_plain(v) for v in frame[columns[name]]] for name in {column, *known.values()} if name}
    labels = [_plain(label) for label in frame.index]
    features = [
        {
            "type": "Feature",
            **({} if column else {"id": labels[n]}),
            "properties": {name: values[n] for name, values in kept.items()},
            "geometry": shape,
        }
        for n, shape in enumerate(shapes)
    ]
    ids = [frame[columns[column]].iloc[n] for n in range(len(frame))] if column else list(frame.index)
    collection = {"type": "FeatureCollection", "features": features}
    return SentFields(collection=collection, ids=ids, id_column=column or "id", crs=frame.crs)


def _geojson(geometry: Any) -> dict[str, Any]:
    return dict(mapping(transform(geometry, lambda points: np.round(points, DECIMALS))))


def _plain(value: Any) -> Any:
    """Return a value of a column as JSON has it; missing ones as null."""
    value = value.item() if isinstance(value, np.generic) else value
    if isinstance(value, bool | int | str) or value is None:
        return value
    if isinstance(value, float):
        return value if np.isfinite(value) else None
    return None if value != value or str(value) in ("NaT", "<NA>") else str(value)
