"""Statistics as a table: a line for each feature and layer, for classes one for each class."""

from collections.abc import Iterator, Mapping, Sequence
from io import BytesIO
from typing import TYPE_CHECKING, Any

from service.statistics.measure import OPERATIONS, Statistics
from service.statistics.zones import Zone

if TYPE_CHECKING:
    from pandas import DataFrame

COLUMNS = ("id", "layer", "class", "count", "valid_share", "area_ha", "share", *OPERATIONS, "reason")
CSV, PARQUET = "text/csv; charset=utf-8", "application/vnd.apache.parquet"


def as_csv(
    features: Sequence[Mapping[str, Any]], zones: Sequence[Zone], found: Sequence[dict[str, Statistics]]
) -> bytes:
    """Return CSV with a header."""
    return _table(features, zones, found).to_csv(index=False).encode()


def as_parquet(
    features: Sequence[Mapping[str, Any]], zones: Sequence[Zone], found: Sequence[dict[str, Statistics]]
) -> bytes:
    """Return Apache Parquet without geometries."""
    out = BytesIO()
    _table(features, zones, found).to_parquet(out, index=False)
    return out.getvalue()


def id_of(feature: Mapping[str, Any], number: int) -> str:
    """Return the `id` of a feature, else its property `id` or `name`, else its place in the request, from 1."""
    properties = feature.get("properties") or {}
    given = (feature.get("id"), properties.get("id"), properties.get("name"))
    return str(next((v for v in given if v is not None and v != ""), number))


def _table(
    features: Sequence[Mapping[str, Any]], zones: Sequence[Zone], found: Sequence[dict[str, Statistics]]
) -> "DataFrame":
    import pandas as pd

    rows = []
    for number, (feature, zone, layers) in enumerate(zip(features, zones, found, strict=True), start=1):
        name = {"id": id_of(feature, number)}
        rows += [name | row for row in _lines(layers)] or [name | {"reason": zone.reason}]
    table = pd.DataFrame(rows, columns=list(COLUMNS))
    numbers = [c for c in COLUMNS if c not in ("id", "layer", "class", "reason")]
    return table.astype(dict.fromkeys(numbers, "float64"))


def _lines(layers: Mapping[str, Statistics]) -> Iterator[dict[str, Any]]:
    for layer, values in layers.items():
        if "area_ha" not in values:
            yield {"layer": layer, **values}
            continue
        for label, area in values["area_ha"].items():
            own = {"area_ha": area, "share": values["share"][label]}
            yield {
                "layer": layer,
                "class": label,
                **own,
                "count": values["count"],
                "valid_share": values["valid_share"],
            }
