"""Fields of STAC extensions that describe a result: how it was computed, what it forecasts, how to draw it.

Written as these versions specify: processing 1.2, forecast 0.2, render 2.0. The item itself: stac_item.py.
"""

import math
from collections.abc import Sequence
from datetime import UTC, date, datetime, time
from typing import Any

from core.bands import NDVI
from core.product import Layer
from core.rasters.coding import Coding
from core.timeline import parse_date
from outputs.provenance import Provenance
from outputs.styles.choose import first_drawn
from outputs.styles.scales import scale_of

_BASE = "https://stac-extensions.github.io"
PROCESSING = f"{_BASE}/processing/v1.2.0/schema.json"
FORECAST = f"{_BASE}/forecast/v0.2.0/schema.json"
RENDER = f"{_BASE}/render/v2.0.0/schema.json"
LEVEL = "L4"
"""Model output: variables that are not measured directly (processing extension, table of levels)."""
CF_NDVI = "normalized_difference_vegetation_index"
"""CF standard name."""


def processing_fields(origin: Provenance, created: str = "") -> dict[str, Any]:
    """Return how a result was computed; `created` is ISO 8601 UTC, left out if empty."""
    of_model = f" with the model {origin.model} (sha256 {origin.model_sha256})" if origin.model_sha256 else ""
    software = {"landcast": origin.version} | ({origin.model: origin.model_version} if origin.model_version else {})
    found: dict[str, Any] = {
        "processing:level": LEVEL,
        "processing:lineage": f"{origin.title} by landcast {origin.version}{of_model}, from {origin.archive}.",
        "processing:software": software,
        "processing:version": origin.version,
    }
    return found | ({"processing:datetime": created} if created else {})


def forecast_fields(layers: Sequence[Layer], origin: Provenance) -> dict[str, Any]:
    """Return issue date, horizon and duration of a forecast; empty for other results."""
    dates = sorted({parse_date(layer.date) for layer in layers if layer.date})
    if "issue_date" not in origin.params or not dates:
        return {}
    issue = parse_date(str(origin.params["issue_date"]))
    names = {layer.variable for layer in layers if layer.quantile is not None}
    found = {
        "forecast:reference_datetime": f"{datetime.combine(issue, time(), UTC):%Y-%m-%dT%H:%M:%SZ}",
        "forecast:horizon": _days(issue, dates[0]),
        "forecast:duration": _days(dates[0], dates[-1]),
    }
    return found | ({"forecast:variable": CF_NDVI} if names == {NDVI.name} else {})


def renders(layers: Sequence[Layer], codings: Sequence[Coding]) -> dict[str, Any]:
    """Return how to draw a result, by name: its first layer, or its first median, and further layers of classes.

    Ranges are in stored numbers, as renderers by this extension read them unscaled.
    """
    first = first_drawn(layers)
    drawn = [layer for layer in layers if layer is first or layer.legend]
    places = {layer.name: layers.index(layer) for layer in drawn}
    return {layer.name: _render(layer, places[layer.name] + 1, codings[places[layer.name]]) for layer in drawn}


def _render(layer: Layer, band: int, coding: Coding) -> dict[str, Any]:
    found: dict[str, Any] = {
        "title": layer.description or layer.name,
        "assets": ["data"],
        "bands": [[layer.name]],
        "bidx": [band],
        "nodata": "nan" if math.isnan(coding.nodata) else int(coding.nodata),
    }
    if layer.legend:
        colours = {str(entry.value): [*entry.colour, 255] for entry in layer.legend}
        return found | {"colormap": colours, "resampling": "nearest"}
    low, high, name = scale_of(layer)
    ends = [round((end - coding.offset) / coding.scale, 6) for end in (low, high)]
    return found | {"rescale": [ends], "colormap_name": name, "resampling": "bilinear"}


def _days(first: date, last: date) -> str:
    """Return the time between two dates as ISO 8601 has it."""
    return f"P{(last - first).days}D" if last >= first else f"-P{(first - last).days}D"
