"""The clients: what each is asked for, where it runs, and what it cannot do. The page in docs/ is made from this."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum


class Where(StrEnum):
    """The environment in which a client runs."""

    DEV = "landcast's own"
    APART = ".venv-conformance"
    SYSTEM = "Debian's"
    TESTS = "tests of `make test`"


@dataclass(frozen=True, kw_only=True)
class Row:
    """One client."""

    client: str
    """As it is called by people."""
    package: str
    """On PyPI, or of Debian."""
    checks: str
    where: Where
    module: str = ""
    """Below tests/conformance/clients; of `Where.TESTS`, the paths of the tests, separated by blanks."""
    needs: str = ""
    """Program or module of the system without which it is skipped."""
    limits: Mapping[str, str] = field(default_factory=dict)
    """Known limits: beginning of the checks that fail -> the reason, one sentence."""
    notes: str = ""
    """What a user of it must know; no check fails because of it."""
    is_last: bool = False
    """It starts a service of its own on the same home folder."""


RGB = "QGIS 3.22 takes bands 1 to 3 for red, green, blue where the .qml does not lie beside the file, as at a URL"
ROWS: tuple[Row, ...] = (
    Row(
        client="stac-api-validator",
        package="stac-api-validator",
        checks="core, collections, features, item search, all their tests, with the core schemas that pystac carries",
        where=Where.APART,
        module="stac_api_validator_client",
        notes="schemas of extensions are in no package, and are not compared",
    ),
    Row(
        client="pystac-client",
        package="pystac-client",
        checks="collections, pages, search by place and time, GET and POST; core schemas of all items and collections",
        where=Where.DEV,
        module="pystac_client_client",
    ),
    Row(
        client="OWSLib",
        package="OWSLib",
        checks="Processes: description, list, order; Features: collections, items; WMTS: layers, tiles",
        where=Where.APART,
        module="owslib_client",
        notes="it has no calls for jobs and results; Records do not apply, as collections hold features",
    ),
    Row(
        client="ogc-api-processes-client",
        package="ogc-api-processes-client",
        checks="models of the standard read landing page, processes, jobs, results; dismiss",
        where=Where.APART,
        module="processes_client",
        notes="its model of an order sends null for an input that is an object, as the region is: order without it",
    ),
    Row(
        client="odc-stac",
        package="odc-stac",
        checks="all bands of all products by their names, equal to the file",
        where=Where.DEV,
        module="odc_stac_client",
    ),
    Row(
        client="stackstac",
        package="stackstac",
        checks="bands of all products, equal to the file",
        where=Where.APART,
        module="stackstac_client",
        notes="it reads files of one band: give it `vrt:///vsicurl/HREF?bands=N`; items as dictionaries, or `epsg=`, "
        "as pystac takes `proj:epsg` out",
    ),
    Row(
        client="rioxarray",
        package="rioxarray",
        checks="rasters by URL, equal to the file; CRS and grid of cubes without options",
        where=Where.DEV,
        module="rioxarray_client",
    ),
    Row(
        client="rio-tiler",
        package="rio-tiler",
        checks="rasters and STAC items of all products, bands by name, masks, tiles",
        where=Where.DEV,
        module="rio_tiler_client",
    ),
    Row(
        client="GDAL",
        package="gdal-bin",
        checks="`/vsicurl/`, STACIT; WMTS of class and change maps with the shares of the palette's colours",
        where=Where.SYSTEM,
        module="gdal_client",
        needs="gdalwarp",
    ),
    Row(
        client="QGIS",
        package="python3-qgis",
        checks="class, change and forecast drawn without a screen from URL, download and WMTS, against the palette",
        where=Where.SYSTEM,
        module="qgis_client",
        needs="qgis",
        limits={f"{name}: raster": RGB for name in ("canopy", "change", "crop")},
    ),
    Row(
        client="compliance-checker",
        package="compliance-checker",
        checks="CF 1.11, strictly, and the main attributes of ACDD 1.3, of the NetCDF cubes",
        where=Where.APART,
        module="compliance_checker_client",
    ),
    Row(
        client="nginx",
        package="nginx-light",
        checks="a proxy with a prefix (`LANDCAST_PUBLIC_URL`): every link, redirect, `servers`, page, ranges, order",
        where=Where.DEV,
        module="nginx_client",
        needs="nginx",
        is_last=True,
    ),
    Row(
        client="schemathesis",
        package="schemathesis",
        checks="answers to made-up requests are those that openapi.yaml promises",
        where=Where.TESTS,
        module="tests/service/test_schemathesis.py",
    ),
    Row(
        client="axe-core",
        package="axe-core-python",
        checks="the map page in headless Chromium has no violation",
        where=Where.TESTS,
        module="tests/service/page/test_accessibility_in_browser.py",
        needs="chromium",
    ),
)
