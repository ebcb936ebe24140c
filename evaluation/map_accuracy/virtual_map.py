"""What a virtual raster (.vrt) may be made of: raster files on this machine, nothing that GDAL would fetch or run.

GDAL opens the sources of a virtual raster by their content, with any of its drivers: one that begins with `<GDAL_WMS>`,
or is named `WMS:...`, makes it send requests to a server.
"""

from pathlib import Path
from xml.parsers import expat

from core.errors import InvalidOption

MAX_BYTES = 50 * 1024**2
"""A mosaic of 100,000 files has about 50 MB."""
NAMES_A_FILE = ("Filename", "SourceDataset", "Path")
"""Ends of the names of elements whose text is a file."""
KINDS = {"VRTWarpedDataset", "VRTWarpedRasterBand", "VRTSourcedRasterBand"}
"""Subclasses of datasets and bands that are made of rasters alone: no code, no raw bytes."""
STARTS = (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+", b"EHFA_HEADER_TAG")
"""First bytes of GeoTIFF, BigTIFF and ERDAS Imagine."""


def check_virtual(path: Path) -> None:
    """Check what a virtual raster names, before GDAL opens it.

    Raises:
        InvalidOption: it is no virtual raster, or it is made of something else than GeoTIFF and ERDAS Imagine files.
    """
    for name, is_relative in _files_in(path):
        if not _is_raster(path.parent / name if is_relative else Path(name)):
            raise InvalidOption("MAP", path, f"its source '{name}' is no GeoTIFF or ERDAS Imagine file on this machine")


def _is_raster(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return file.read(16).startswith(STARTS)
    except (OSError, ValueError):  # there is no such file, or no path can be like this
        return False


def _files_in(path: Path) -> list[tuple[str, bool]]:
    """Return the files that a virtual raster names, and whether each is relative to its own folder."""
    found = _Found(path)
    parser = expat.ParserCreate()
    parser.StartElementHandler, parser.EndElementHandler = found.start, found.end
    parser.CharacterDataHandler, parser.StartDoctypeDeclHandler = found.text, found.doctype
    try:
        if path.stat().st_size > MAX_BYTES:
            raise InvalidOption("MAP", path, f"a virtual raster has at most {MAX_BYTES // 1024**2} MiB")
        parser.Parse(path.read_bytes(), True)
    except (expat.ExpatError, ValueError, OSError):
        raise InvalidOption("MAP", path, "it cannot be read as a virtual raster") from None
    return found.files


class _Found:
    """What a parser has met."""

    def __init__(self, path: Path) -> None:
        self.files: list[tuple[str, bool]] = []
        self._path, self._text, self._is_relative, self._depth = path, "", False, 0

    def start(self, name: str, attributes: dict[str, str]) -> None:
        if not self._depth and name != "VRTDataset":
            raise InvalidOption("MAP", self._path, "it cannot be read as a virtual raster")
        kind = attributes.get("subClass", "")
        if kind and kind not in KINDS:
            raise InvalidOption("MAP", self._path, f"a virtual raster of the kind {kind} is not read")
        self._text, self._is_relative = "", attributes.get("relativeToVRT", "0").strip() == "1"
        self._depth += 1

    def text(self, part: str) -> None:
        self._text += part

    def end(self, name: str) -> None:
        if name.endswith(NAMES_A_FILE) and self._text.strip():
            self.files.append((self._text.strip(), self._is_relative))
        self._text = ""
        self._depth -= 1

    def doctype(self, *_: object) -> None:
        raise InvalidOption("MAP", self._path, "a virtual raster has no document type")
