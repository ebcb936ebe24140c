"""Names of bands: which of our bands a name in a foreign file means, by the sensor that the file is of.

The tables below are the only place where a foreign band name stands; docs/reference/your-files.md is made from them.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from core.bands import CHANNELS, OPTICAL, OPTICAL_NAMES, RADAR_NAMES


class Family(StrEnum):
    """Sensors whose names of bands differ. The models are made for Sentinel-2."""

    SENTINEL_2 = "Sentinel-2"
    HLS_L30 = "HLS L30"
    """Landsat 8/9 brought to Sentinel-2's bands by NASA's HLS."""
    LANDSAT = "Landsat"
    MODIS = "MODIS"
    OTHER = "another sensor"


READ = (Family.SENTINEL_2, Family.HLS_L30)
"""Families that are read; the bands of the others are not those that the models know."""

SENTINEL_2_NAMES: Mapping[str, Mapping[str, str]] = {
    "ESA, Planetary Computer, openEO, cubo": {b.lower(): b for b in OPTICAL_NAMES},
    "Earth Engine, Theia": {b.lower().replace("b0", "b"): b for b in OPTICAL_NAMES if b.startswith("B0")},
    "STAC common names": {b.common_name.lower(): b.name for b in OPTICAL},
    "Earth Search, odc-stac": {"rededge1": "B05", "rededge2": "B06", "rededge3": "B07"},
    "Digital Earth Africa and Australia": {
        "red_edge_1": "B05",
        "red_edge_2": "B06",
        "red_edge_3": "B07",
        "nir_1": "B08",
        "nir_2": "B8A",
        "nir_wide": "B08",
        "nir_narrow": "B8A",
        "swir_1": "B11",
        "swir_2": "B12",
        "swir_16": "B11",
        "swir_22": "B12",
    },
    "FORCE": {
        "rededge1": "B05",
        "broadnir": "B08",
        "re1": "B05",
        "re2": "B06",
        "re3": "B07",
        "bnir": "B08",
        "swir1": "B11",
        "swir2": "B12",
    },
}
"""Names, lower case, by who uses them. Prefixes and suffixes are taken off before a name is looked up."""

WITH_SWIR_3 = {"swir_2": "B11", "swir_3": "B12"}
"""Geoscience Australia counts the short-wave infrared from 2; told by the presence of `swir_3`."""
WITH_BROADNIR = {"nir": "B8A"}
"""FORCE calls B8A NIR where it has BROADNIR."""

HLS_L30_NAMES: Mapping[str, str] = {
    "b02": "B02",
    "b03": "B03",
    "b04": "B04",
    "b05": "B8A",
    "b06": "B11",
    "b07": "B12",
    **{n: SENTINEL_2_NAMES["STAC common names"][n] for n in ("blue", "green", "red", "nir08", "swir16", "swir22")},
    "nir": "B8A",
    "nir_narrow": "B8A",
    "swir_1": "B11",
    "swir_2": "B12",
    "swir1": "B11",
    "swir2": "B12",
}
"""Its near infrared is Landsat's narrow one, which lies on B8A; it has no red edge."""

RADAR_AND_WEATHER: Mapping[str, str] = {
    **{n.lower(): n for n in RADAR_NAMES},
    "sigma0_vv": "VV",
    "sigma0_vh": "VH",
    "gamma0_vv": "VV",
    "gamma0_vh": "VH",
    **{f"{n.lower()}_{pass_}": n for pass_ in ("asc", "desc") for n in RADAR_NAMES},
    "agera5_temperature": "temperature_2m",
    "agera5-temperature": "temperature_2m",
    "agera5_precipitation_flux": "total_precipitation",
    "agera5-precipitation-flux": "total_precipitation",
    "temperature_2m": "temperature_2m",
    "total_precipitation": "total_precipitation",
}
INDEX = {"ndvi": "NDVI"}

PREFIX = re.compile(
    r"^(?:(?:fre|sre|boa|s2[-_]l2a|s1[-_](?:sigma0|gamma0)|sentinel[-_]?[12]|s[12]|l2a|nbart|nbar)[-_])+(?=[a-z])"
)
"""`FRE_B4` (Theia), `S2-L2A-B04` (WorldCereal), `nbart_red` (Geoscience Australia), `s2_B04` (GreenEarthNet)."""
SUFFIX = re.compile(r"[-_](?:(?:10|15|20|30|60)m|r[123]|mean|median)$")
"""`B04_10m` (ESA), `CLM_R1` (Theia), `B4_median` (composites of Earth Engine)."""

SIGNS: Sequence[tuple[Family, re.Pattern[str]]] = (
    (Family.HLS_L30, re.compile(r"hls[-_. ]?l30|(?<![a-z\d])l30(?![a-z\d])", re.IGNORECASE)),
    (Family.SENTINEL_2, re.compile(r"hls[-_. ]?s30|(?<![a-z\d])s30(?![a-z\d])", re.IGNORECASE)),
    (
        Family.LANDSAT,
        re.compile(r"landsat|(?<![a-z\d])(?:l[ceto]0[4-9]|lnd0[4-9]|l[5789])(?![a-z\d])|oli_tirs", re.IGNORECASE),
    ),
    (
        Family.SENTINEL_2,
        re.compile(
            r"sentinel[-_ ]?2|(?<![a-z\d])(?:s2[abcd]?|sen2[abcdl]|s2[abcd](?:1c|2a))(?![a-z\d])", re.IGNORECASE
        ),
    ),
    (Family.MODIS, re.compile(r"modis|(?<![a-z\d])m[oyc]d(?:09|13|15|43)[a-z]|viirs|^(?:terra|aqua)$", re.IGNORECASE)),
    (
        Family.OTHER,
        re.compile(
            r"planetscope|^planet$|psscene|_3b_(?:analytic|udm)|analyticms|naip|(?<![a-z])spot[-_ ]?[4567]"
            r"|sentinel[-_ ]?3|prisma|enmap",
            re.IGNORECASE,
        ),
    ),
)
"""Signs of a sensor in a platform, collection, title, id or file name, looked for in this order."""
ONLY_LANDSAT = re.compile(r"^(?:sr_b\d|st_b\d+|qa_pixel|pixel_qa|sr_qa_aerosol|qa_radsat|lwir1[12]?)$")
"""Names of bands and masks that no file of Sentinel-2 reflectance has."""


TOP_OF_ATMOSPHERE = re.compile(
    r"(?<![a-z\d])(?:msi)?l1c(?![a-z\d])|level[-_ ]?1c|top[-_ ]of[-_ ](?:the[-_ ])?atmosphere|(?<![a-z])toa(?![a-z])",
    re.IGNORECASE,
)


@dataclass(frozen=True, kw_only=True)
class BandNames:
    """Bands found among the names of an input."""

    taken: Mapping[str, str]
    """Our name to the input's, in the order of CHANNELS."""
    doubled: tuple[str, ...] = ()
    """Names that mean a band that another name was taken for."""
    ignored: tuple[str, ...] = ()
    """Names that mean no band that is read."""
    family: Family = Family.SENTINEL_2
    assignments: Mapping[str, str] = field(default_factory=dict)
    """Every name that means a band to our name of it, the doubled ones included."""


def find_family(*texts: str, names: Iterable[str] = ()) -> Family:
    """Return the sensor of an input by what it says about itself.

    Args:
        texts: platform, instrument, collection, title, id, file name; the first that shows a sensor decides.
        names: of its bands and masks, used where no text shows one.
    """
    for text in texts:
        for family, sign in SIGNS:
            if text and sign.search(text):
                return family
    lower = {n.lower() for n in names}
    is_landsat = any(ONLY_LANDSAT.match(n) for n in lower) and "b8a" not in {plain(n) for n in lower}
    return Family.LANDSAT if is_landsat else Family.SENTINEL_2


def is_top_of_atmosphere(*texts: str) -> bool:
    """Return whether an input says that its reflectance is not that of the surface, which the models are made for."""
    return any(TOP_OF_ATMOSPHERE.search(text) for text in texts)


def foreign(family: Family) -> str:
    """Return why data of another sensor are not read."""
    return f"it is of {family.value}, and the models are made for Sentinel-2; of other sensors HLS L30 and S30 are read"


def find_band(name: str, *, family: Family = Family.SENTINEL_2, beside: Iterable[str] = ()) -> str:
    """Return our name of a band, or an empty text.

    Args:
        name: as in the input.
        family: of the input.
        beside: all names of the input; a few names mean different bands in different company.
    """
    short = plain(name)
    company = {plain(n) for n in beside}
    if family is Family.HLS_L30:
        return HLS_L30_NAMES.get(short, "") or RADAR_AND_WEATHER.get(short, "") or INDEX.get(short, "")
    if family not in READ:
        return INDEX.get(short, "")
    if "swir_3" in company and short in WITH_SWIR_3:
        return WITH_SWIR_3[short]
    if "broadnir" in company and short in WITH_BROADNIR:
        return WITH_BROADNIR[short]
    return _VOCABULARY.get(short, "")


def plain(name: str) -> str:
    """Return a name in lower case without what programs put before and after it: `S2-L2A-B04_10m` is `b04`."""
    return SUFFIX.sub("", PREFIX.sub("", name.strip().lower()))


def find_bands(
    names: Sequence[str], *, family: Family = Family.SENTINEL_2, stated: Mapping[str, str] | None = None
) -> BandNames:
    """Find bands among the names of an input.

    Of several names of one band its own spelling is taken, then the finest pixel size in the name, then the first.

    Args:
        names: of variables, columns or bands.
        family: sensor of the input.
        stated: our name to the input's, by the user; these are taken first.
    """
    given = dict(stated or {})
    meant = {n: find_band(n, family=family, beside=names) for n in names if n not in given.values()}
    assignments = {n: band for n, band in meant.items() if band and band not in given}
    found: dict[str, str] = dict(given)
    for name in sorted(assignments, key=lambda n: _preference(n, assignments[n], names)):
        found.setdefault(assignments[name], name)
    taken = {b: found[b] for b in CHANNELS if b in found}
    doubled = tuple(n for n in names if n in assignments and n not in found.values())
    replaced = tuple(n for n, band in meant.items() if band and band in given)
    ignored = tuple(n for n in names if not meant.get(n) and n not in found.values())
    return BandNames(
        taken=taken,
        doubled=(*doubled, *replaced),
        ignored=ignored,
        family=family,
        assignments={**assignments, **{theirs: ours for ours, theirs in given.items()}},
    )


def _preference(name: str, band: str, names: Sequence[str]) -> tuple[bool, int, int]:
    """Rank a name of a band: own spelling first, then finer pixels, then the order of the input."""
    sized = re.search(r"_(\d{1,3})m$", name.lower())
    return name != band, int(sized[1]) if sized else 0, list(names).index(name)


_VOCABULARY: Mapping[str, str] = {
    **{name: band for names in SENTINEL_2_NAMES.values() for name, band in names.items()},
    **RADAR_AND_WEATHER,
    **INDEX,
}
