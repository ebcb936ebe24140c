"""Attributes of cube files by which catalogues find data: those of ACDD 1.3, and `history`. No pixels here."""

from collections.abc import Mapping, Sequence
from typing import Any

from core.grid import Window
from core.product import Layer
from core.timeline import parse_period

CONVENTIONS = "CF-1.11, ACDD-1.3"
KEYWORDS = (
    "EARTH SCIENCE > LAND SURFACE > LAND USE/LAND COVER, EARTH SCIENCE > BIOSPHERE > VEGETATION > VEGETATION INDEX"
)
"""GCMD science keywords."""


def discovery(title: str, tags: Mapping[str, str], window: Window, layers: Sequence[Layer]) -> dict[str, Any]:
    """Return what a file is about, how it came about, where and when.

    No time of writing is among them: the same pixels give the same bytes.

    Args:
        title: of the product.
        tags: as `Provenance.tags` gives them.
        window: of the pixels.
        layers: their dates are those covered; without any it is the period observed.
    """
    west, south, east, north = window.footprint_wgs84.bounds
    first, last = _days(tags, layers)
    return {
        "Conventions": CONVENTIONS,
        "summary": f"{title} at {window.resolution_m:g} m from {tags['LANDCAST_ARCHIVE']}, {_of(tags)}.",
        "keywords": KEYWORDS,
        "keywords_vocabulary": "GCMD Science Keywords",
        "history": f"landcast {tags['LANDCAST_VERSION']}: {tags['LANDCAST_PRODUCT']}, {_of(tags)}",
        "processing_level": "L4",
        "product_version": tags["LANDCAST_VERSION"],
        "standard_name_vocabulary": "CF Standard Name Table v90",
        "cdm_data_type": "Grid",
        "geospatial_lat_min": round(south, 6),
        "geospatial_lat_max": round(north, 6),
        "geospatial_lon_min": round(west, 6),
        "geospatial_lon_max": round(east, 6),
        "time_coverage_start": f"{first}T00:00:00Z",
        "time_coverage_end": f"{last}T00:00:00Z",
    }


def _of(tags: Mapping[str, str]) -> str:
    """Return what it was computed from and by."""
    issued = f", issued {tags['LANDCAST_ISSUE_DATE']}" if "LANDCAST_ISSUE_DATE" in tags else ""
    model = f" with the model {tags['LANDCAST_MODEL']}" if tags["LANDCAST_MODEL"] else ""
    return f"observations of {tags['LANDCAST_PERIOD'].replace('/', ' to ')}{issued}{model}"


def _days(tags: Mapping[str, str], layers: Sequence[Layer]) -> tuple[str, str]:
    dates = sorted({layer.date for layer in layers if layer.date})
    period = parse_period(tags["LANDCAST_PERIOD"])
    return (dates[0], dates[-1]) if dates else (period.start.isoformat(), period.end.isoformat())
