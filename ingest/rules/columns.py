"""Columns of tables: which one tells series apart, holds dates, places, names of bands or values. No files.

Names of bands are in band_names.py, those of masks in masks.py.
"""

import re
from collections.abc import Collection, Iterable, Sequence

from ingest.rules.band_names import find_band, plain
from ingest.rules.masks import RULES

OWN_SERIES = ("series_id", "sample_id")
"""Our own names of the column that tells series apart; they win over all others."""
SERIES = (
    *OWN_SERIES,
    "field",
    "field_id",
    "parcel",
    "parcel_id",
    "plot",
    "plot_id",
    "point",
    "point_id",
    "site",
    "site_id",
    "pixel",
    "pixel_id",
    "polygon_id",
    "feld",
    "schlag",
    "parzelle",
    "parcelle",
    "parcela",
    "series",
    "sample",
    "station",
    "location",
    "location_id",
    "uuid",
    "uid",
    "id",
    "fid",
    "name",
)
OWN_TIME = "time"
DATES = (
    OWN_TIME,
    "date",
    "datetime",
    "date_time",
    "timestamp",
    "day",
    "acquisition_date",
    "acquisition_time",
    "acquisition_datetime",
    "acquisition",
    "acquired",
    "acq_date",
    "acquisitiondate",
    "sensing_date",
    "sensing_time",
    "sensingdate",
    "sensed",
    "observation_date",
    "obs_date",
    "image_date",
    "img_date",
    "scene_date",
    "datum",
    "fecha",
    "t",
    "system_time_start",
)
BANDS = ("band", "bands", "band_name", "variable", "parameter", "index_name", "index", "vi")
"""Column with the name of the band, of a table with a row for each value."""
VALUES = ("value", "values", "val", "mean", "median", "reflectance")
"""Column with the value, of such a table."""
LONGITUDES = ("lon", "longitude", "long", "lng")
LATITUDES = ("lat", "latitude")
EASTINGS, NORTHINGS = ("x", "easting"), ("y", "northing")
"""Places in a projected CRS, which has to be stated."""
TERRAIN = ("elevation", "slope")
SENSORS = ("platform", "sensor", "satellite", "spacecraft", "mission", "constellation", "collection", "instrument")
"""Columns that may name the sensor of each row."""
NAMELESS = frozenset({"", "x", "d", "t", "date", "value", "val", "mean", "median"})
"""What is left of the name of a column beside its date where it names no band."""
_LIKE_A_BAND = re.compile(r"(?<![a-z\d])(?:b(?:0[2-8]|[2-8]|8a|11|12)|red|nir|ndvi|vv|vh)(?![a-z\d])")
_STATISTIC = re.compile(r"(?:^|[-_. ])(?:std(?:[-_. ]?dev)?|sd|var|min|max|n|count|p\d{1,2}|q\d{1,3}|se|cv)$")
_SCENE_PART = re.compile(r"\d|^(?:mean|median|x|sentinel)$", re.IGNORECASE)
"""Parts of a name before the band that say nothing of it: of scenes, tiles and numbers."""


def fold(name: str) -> str:
    """Return a name of a column in lower case, with an underscore for everything but letters and digits."""
    return re.sub(r"[\W_]+", "_", name.strip().lower()).strip("_")


def match(columns: Iterable[str], names: Sequence[str]) -> list[str]:
    """Return the columns with one of some names, in the order of the names; our own spelling before others."""
    folded = {c: fold(c) for c in columns}
    found = [c for c in folded if folded[c] in names]
    return sorted(found, key=lambda c: (names.index(folded[c]), c != folded[c]))


def find_column(columns: Sequence[str], wanted: str) -> str:
    """Return the column that a user means: of this spelling, or the only one that differs in case; empty = none."""
    if wanted in columns:
        return wanted
    alike = [c for c in columns if c.strip().lower() == wanted.strip().lower()]
    return alike[0] if len(alike) == 1 else ""


def like_bands(columns: Iterable[str]) -> tuple[str, ...]:
    """Return the columns that look like a band that is read, under a name that is not known."""
    return tuple(c for c in columns if _LIKE_A_BAND.search(c.lower()) and not _STATISTIC.search(c.lower()))


def band_part(rest: str, known: Collection[str] = ()) -> str:
    """Return the part of a column's name, its date taken off, that names a band or a mask.

    Names of scenes and tiles before it are left out: of `S2A_T32UPU_B4` it is `B4`.

    Args:
        rest: of `dates.find_dates`.
        known: names in lower case that the user states.

    Returns:
        Empty = the name holds nothing but its date.
    """
    parts = [p for p in re.split(r"[-_. ]+", rest) if p]
    for first in range(len(parts)):
        part = rest if first == 0 else "_".join(parts[first:])
        if part.lower() in known or _is_name(part):
            return part
        if not _SCENE_PART.search(parts[first]):
            break
    return "" if rest.lower() in NAMELESS else rest


def _is_name(part: str) -> bool:
    return bool(find_band(part)) or part.upper() == "EVI2" or any(plain(part) in rule.names for rule in RULES)
