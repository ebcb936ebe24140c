"""What GDAL opens of a vector file: itself or files in a zip, if they begin as their ending says. Reads no features."""

import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import IO
from xml.parsers import expat

from ingest.rules.refusal import Refused

FORMATS = {
    ".gpkg": "GeoPackage",
    ".shp": "Shapefile",
    ".zip": "Shapefile in a zip",
    ".fgb": "FlatGeobuf",
    ".kml": "KML",
    ".kmz": "KMZ",
    ".geojson": "GeoJSON",
    ".json": "GeoJSON",
    ".parquet": "GeoParquet",
    ".geoparquet": "GeoParquet",
    ".wkt": "WKT",
    ".txt": "WKT",
}
"""Formats by ending; all but the last two have columns."""
PACKED = {".zip": ".shp", ".kmz": ".kml"}
"""Endings of archives, and of the files in them."""
STARTS = {
    ".gpkg": b"SQLite format 3\0",
    ".shp": b"\0\0\x27\x0a",
    ".fgb": b"fgb",
    ".geojson": b"{",
    ".json": b"{",
}
"""First bytes of what GDAL reads, by ending; KML begins with an element."""
START_BYTES = 64 * 1024
"""Room for a long comment before the first element."""
UNREADABLE = (OSError, RuntimeError, NotImplementedError, zipfile.BadZipFile, zlib.error)
"""What zipfile raises of a file that is cut, encrypted, or packed in a way it does not know."""


def sources(path: Path) -> list[str]:
    """Return what GDAL opens: the file, or each Shapefile of a zip and each KML of a KMZ.

    Raises:
        Refused: there is none in it, it is no zip, or it is another format than its ending says.
    """
    inner = PACKED.get(path.suffix.lower())
    if not inner:
        with path.open("rb") as file:
            check_start(file, path.suffix.lower())
        return [str(path.resolve())]
    try:
        with zipfile.ZipFile(path) as packed:
            names = [n for n in packed.namelist() if n.lower().endswith(inner) and not n.startswith("__MACOSX")]
            for name in names:
                with packed.open(name) as file:
                    check_start(file, inner)
    except UNREADABLE:
        raise Refused("it cannot be read as a zip") from None
    if not names:
        raise Refused(f"it holds no {'Shapefile (.shp)' if inner == '.shp' else 'KML (.kml)'}")
    return [f"zip://{path.resolve()}!{name}" for name in names]


def check_start(file: IO[bytes], ending: str) -> None:
    """Refuse a file that does not begin as its ending says.

    GDAL goes by the content: a file of another format, such as a virtual one (VRT), would make it read other files and
    addresses.

    Args:
        file: open at its beginning.
        ending: of STARTS, or `.kml`.

    Raises:
        Refused: it begins otherwise.
    """
    start = file.read(START_BYTES).removeprefix(b"\xef\xbb\xbf")
    if not (_is_kml(start) if ending == ".kml" else start.lstrip().startswith(STARTS[ending])):
        raise Refused(f"it cannot be read as {FORMATS[ending]}, which its ending says it is")


def _is_kml(start: bytes) -> bool:
    """Return whether the first element of an XML document is KML's."""
    found: list[str] = []
    parser = expat.ParserCreate()
    parser.StartElementHandler = lambda name, _attributes: found.append(name)
    with suppress(expat.ExpatError):
        parser.Parse(start)
    return bool(found) and found[0].rpartition(":")[2] == "kml"
