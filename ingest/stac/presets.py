"""STAC APIs that are known by name: addresses, contents and requirements. Searching: ingest.stac.api."""

from collections.abc import Mapping
from dataclasses import replace

from core.bands import OPTICAL_NAMES, RADAR_NAMES
from core.errors import MissingCredentials, UnknownArchive
from core.settings import Settings
from ingest.archive import Abilities
from ingest.io.raster_files import Access, S3Options
from ingest.io.signing import PlanetarySigner
from ingest.stac.api import StacApi
from ingest.stac.describe import Catalogue

COPERNICUS = "Contains modified Copernicus Sentinel data (2015 to today), free and open under Regulation (EU) 1159/2013"

EARTH_SEARCH = Catalogue(
    name="earth-search",
    title="Earth Search: Sentinel-2 L2A as COGs on AWS, without an account",
    url="https://earth-search.aws.element84.com/v1",
    collections=("sentinel-2-l2a",),
    asset_hosts=("sentinel-cogs.s3.us-west-2.amazonaws.com",),
    attribution=f"{COPERNICUS}; catalogue and COGs by Element 84.",
    bands=OPTICAL_NAMES,
    abilities=Abilities(
        sensors=("s2",),
        masks=("SCL",),
        needs="No account. Sentinel-2 only: its Sentinel-1 GRD is not terrain corrected and so not read.",
    ),
)
PLANETARY_COMPUTER = Catalogue(
    name="planetary-computer",
    title="Planetary Computer: Sentinel-2 L2A and Sentinel-1 RTC as COGs on Azure",
    url="https://planetarycomputer.microsoft.com/api/stac/v1",
    collections=("sentinel-2-l2a", "sentinel-1-rtc"),
    asset_hosts=("sentinel2l2a01.blob.core.windows.net", "sentinel1euwestrtc.blob.core.windows.net"),
    attribution=f"{COPERNICUS}; provided by the Microsoft Planetary Computer.",
    bands=(*OPTICAL_NAMES, *RADAR_NAMES),
    abilities=Abilities(
        sensors=("s2", "s1"),
        masks=("SCL",),
        convention="gamma0_rtc",
        needs="No account for Sentinel-2; Sentinel-1 RTC may require LANDCAST_PLANETARY_COMPUTER_KEY.",
    ),
    convention="gamma0_rtc",
)
CDSE_STAC = Catalogue(
    name="cdse-stac",
    title="Copernicus Data Space: Sentinel-2 L2A as JPEG 2000 in its object storage",
    url="https://stac.dataspace.copernicus.eu/v1",
    collections=("sentinel-2-l2a",),
    asset_hosts=("s3://eodata",),
    attribution=f"{COPERNICUS}; provided by the Copernicus Data Space Ecosystem.",
    bands=OPTICAL_NAMES,
    abilities=Abilities(
        sensors=("s2",),
        masks=("SCL",),
        needs="A free account: S3 keys in LANDCAST_S3_ACCESS_KEY and LANDCAST_S3_SECRET_KEY.",
        cost="12 TB a month and 4 connections at a time; JPEG 2000 is slower to read than COGs.",
    ),
)
CDSE_STORAGE = "https://eodata.dataspace.copernicus.eu"

PRESETS: Mapping[str, Catalogue] = {c.name: c for c in (EARTH_SEARCH, PLANETARY_COMPUTER, CDSE_STAC)}
"""By the name that orders use."""


def open_preset(name: str, settings: Settings) -> StacApi:
    """Open a known STAC API. The first search sends the first request.

    Raises:
        UnknownArchive: there is none of that name.
        MissingCredentials: it needs keys that the settings do not hold.
    """
    if name not in PRESETS:
        raise UnknownArchive(name, PRESETS)
    return open_catalogue(PRESETS[name], settings)


def open_catalogue(catalogue: Catalogue, settings: Settings) -> StacApi:
    """Open a STAC API of the kind of a preset, with the signer and the keys of the preset of its name.

    Raises:
        MissingCredentials: it needs keys that the settings do not hold.
    """
    further = settings.archives.hosts.split()
    catalogue = replace(catalogue, asset_hosts=(*catalogue.asset_hosts, *further))
    signer, s3 = None, S3Options()
    if catalogue.name == PLANETARY_COMPUTER.name:
        rate, tries = settings.archives.requests_per_second, settings.archives.tries
        signer = PlanetarySigner(key=settings.archives.planetary_computer_key, tries=tries, per_second=rate)
    if catalogue.name == CDSE_STAC.name:
        if not (settings.s3.access_key and settings.s3.secret_key):
            raise MissingCredentials(catalogue.name, ["LANDCAST_S3_ACCESS_KEY", "LANDCAST_S3_SECRET_KEY"])
        s3 = S3Options(
            endpoint=settings.s3.endpoint or CDSE_STORAGE,
            access_key=settings.s3.access_key,
            secret_key=settings.s3.secret_key.get_secret_value(),
            region="default",
        )
    access = Access(
        hosts=catalogue.hosts,
        signer=signer,
        tries=settings.archives.tries,
        per_second=settings.archives.requests_per_second,
        s3=s3,
    )
    return StacApi(catalogue, settings=settings, access=access)
