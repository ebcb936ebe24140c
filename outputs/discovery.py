"""Global attributes by which people and catalogues judge a cube without its pixels: CF 1.11 and ACDD 1.3."""

from collections.abc import Mapping, Sequence

from pyproj import Transformer

from core.grid import Window
from core.timeline import Period
from outputs.provenance import SIMULATED

CONVENTIONS = "CF-1.11, ACDD-1.3"
VOCABULARY = "CF Standard Name Table v93"
KEYWORDS = ("Sentinel-2", "vegetation", "land cover")
WGS84 = "EPSG:4326"


def file_attributes(
    title: str, source: str, licence: str, *, is_simulated: bool, keywords: Sequence[str] = KEYWORDS
) -> dict[str, str]:
    """Return the attributes that every cube has.

    `history` and the rest name no time of writing: the same order gives the same bytes.
    """
    shown = f"{title} (simulated)" if is_simulated else title
    return {
        "Conventions": CONVENTIONS,
        "title": shown,
        "summary": f"{shown}, by {source}.",
        "keywords": ", ".join(keywords),
        "source": source,
        "history": f"Written by {source}.",
        "license": licence,
        "standard_name_vocabulary": VOCABULARY,
        **({"comment": SIMULATED} if is_simulated else {}),
    }


def extent_attributes(window: Window, period: Period) -> dict[str, str | float]:
    """Return where and when a cube is: degrees of its outer edges, and its first and last day."""
    to_wgs84 = Transformer.from_crs(window.crs, WGS84, always_xy=True)
    west, south, east, north = (round(float(n), 6) for n in to_wgs84.transform_bounds(*window.bounds))
    return {
        "geospatial_lat_min": south,
        "geospatial_lat_max": north,
        "geospatial_lat_units": "degrees_north",
        "geospatial_lon_min": west,
        "geospatial_lon_max": east,
        "geospatial_lon_units": "degrees_east",
        "time_coverage_start": f"{period.start.isoformat()}T00:00:00Z",
        "time_coverage_end": f"{period.end.isoformat()}T00:00:00Z",
    }


def history(tags: Mapping[str, str]) -> str:
    """Return what a result was computed from and by, without the time of writing, from `Provenance.tags`."""
    issued = f", issued {tags['LANDCAST_ISSUE_DATE']}" if "LANDCAST_ISSUE_DATE" in tags else ""
    model = f" with the model {tags['LANDCAST_MODEL']}" if tags["LANDCAST_MODEL"] else ""
    seen = f"observations of {tags['LANDCAST_PERIOD'].replace('/', ' to ')}{issued}{model}"
    return f"landcast {tags['LANDCAST_VERSION']}: {tags['LANDCAST_PRODUCT']}, {seen}"
