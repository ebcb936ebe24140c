"""What a finished raster and its STAC item say of themselves. Nothing is computed but the checksum.

The item is there for results of a service. Files that commands write have the same facts in their tags, but for the
region, the gaps and the share of the region that was seen.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import rasterio
from rasterio.errors import RasterioIOError
from shapely.geometry import shape
from shapely.geometry.base import BaseGeometry

from core.errors import InvalidOption
from core.region import Region
from outputs.cog import RasterFile, open_cog

SIMULATED = ("yes", "true")


@dataclass(frozen=True, kw_only=True)
class MapFacts:
    """A finished map and what is known of it. Empty texts are not known."""

    raster: RasterFile
    title: str
    """Of the product, without a full stop."""
    product: str
    period: str
    """Observations that were used, `START/END`."""
    issue_date: str = ""
    """ISO date, of forecasts."""
    model: str = ""
    model_version: str = ""
    model_sha256: str = ""
    backend: str = ""
    version: str = ""
    """Of the software."""
    archive: str = ""
    attribution: str = ""
    is_simulated: bool = False
    scenes: int | None = None
    """Number of input scenes."""
    completeness: float | None = None
    """Share of the reads that succeeded, 0..1."""
    seen_share: float | None = None
    """Share of the region's pixels that have data, 0..1; None without an item."""
    areas: Mapping[str, Any] = field(default_factory=dict)
    """Table of `products.areas.area_table`; empty for products without one."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    notes: tuple[str, ...] = ()
    region: Region | None = None
    """What was ordered; None without an item."""
    gaps: tuple[Mapping[str, Any], ...] = ()
    """GeoJSON features of what could not be made."""
    gap_count: int = 0
    job_id: str = ""
    created: str = ""
    """ISO 8601 UTC."""
    sha256: str = ""
    """Of the file."""

    def outline(self, geometry: BaseGeometry) -> BaseGeometry:
        """Return a WGS84 geometry in the CRS of the raster."""
        return Region(geometry=geometry).to_crs(self.raster.window.crs)


def find_result(place: Path) -> Path:
    """Return the GeoTIFF that a path names: the file, that beside a STAC item, or the only one of a folder.

    Raises:
        InvalidOption: there is none, or more than one.
    """
    if place.is_dir():
        found = sorted(place.glob("*.tif"))
        if len(found) != 1:
            raise InvalidOption(
                "JOB", place, f"the folder has {len(found)} files .tif, and one is needed; name the file"
            )
        return found[0]
    path = place.with_suffix(".tif") if place.suffix == ".json" else place
    if path.suffix.lower() not in (".tif", ".tiff") or not path.is_file():
        raise InvalidOption("JOB", place, "give the id of a job, or a result's .tif, its STAC item or its folder")
    return path


def read_facts(path: Path) -> MapFacts:
    """Read a GeoTIFF of this software, and the STAC item of the same name beside it if there is one.

    Raises:
        InvalidOption: it cannot be read, or is not a result of this software.
    """
    try:
        with rasterio.open(path) as raster:
            tags, has_crs = raster.tags(), raster.crs is not None
    except RasterioIOError:
        raise InvalidOption("JOB", path, "it cannot be read as a GeoTIFF") from None
    item = _read_item(path.with_suffix(".json"))
    known = _Known(tags=tags, properties=item.get("properties", {}))
    if not known.text("product") or not has_crs:
        raise InvalidOption("JOB", path, "it is not a result of landcast: it states no product")
    return _facts(path, known, item)


@dataclass(frozen=True, kw_only=True)
class _Known:
    """Facts by the end of their names, from the item before the tags."""

    tags: Mapping[str, str]
    properties: Mapping[str, Any]

    def value(self, name: str) -> Any:
        found = self.properties.get(f"landcast:{name}")
        return self.tags.get(f"LANDCAST_{name.upper()}", "") if found is None else found

    def text(self, name: str) -> str:
        found = self.value(name)
        return ", ".join(found) if isinstance(found, list) else str(found)

    def table(self, name: str) -> dict[str, Any]:
        found = self.value(name)
        return dict(found) if isinstance(found, Mapping) else dict(json.loads(found or "{}"))


def _facts(path: Path, known: _Known, item: Mapping[str, Any]) -> MapFacts:
    params = known.properties.get("landcast:params", {})
    gaps = tuple(known.properties.get("landcast:gaps", ()))
    return MapFacts(
        raster=open_cog(path),
        title=_title(known),
        product=known.text("product"),
        period=str(params.get("period", "") or known.text("period")),
        issue_date=str(params.get("issue_date", "") or known.text("issue_date")),
        model=known.text("model"),
        model_version=known.text("model_version"),
        model_sha256=known.text("model_sha256"),
        backend=known.text("backend"),
        version=known.text("version"),
        archive=known.text("archive"),
        attribution=known.text("attribution"),
        is_simulated=known.text("simulated").lower() in SIMULATED,
        scenes=_scenes(known),
        completeness=_first_number(known.text("completeness")),
        seen_share=known.properties.get("landcast:clear_share"),
        areas=known.table("areas"),
        evidence=known.table("evidence"),
        notes=_notes(known),
        region=Region(geometry=shape(item["geometry"])) if item.get("geometry") else None,
        gaps=gaps,
        gap_count=len(gaps) or int(_first_number(known.tags.get("LANDCAST_GAPS", "")) or 0),
        job_id=str(item.get("id", "")),
        created=str(known.properties.get("created", "")),
        sha256=_sha256(path),
    )


def _read_item(path: Path) -> dict[str, Any]:
    """Return a STAC item; empty if there is none."""
    if not path.is_file():
        return {}
    try:
        found = json.loads(path.read_bytes())
    except (OSError, ValueError, RecursionError):
        raise InvalidOption("JOB", path, "it is not a STAC item: it is no JSON") from None
    is_item = isinstance(found, dict) and found.get("type") == "Feature" and isinstance(found.get("properties"), dict)
    return found if is_item else {}


def _title(known: _Known) -> str:
    text = str(known.properties.get("title") or known.tags.get("TIFFTAG_IMAGEDESCRIPTION", "") or known.text("product"))
    return text.removesuffix(" (simulated)").split(". ")[0].rstrip(".")


def _scenes(known: _Known) -> int | None:
    found = known.value("scenes")
    if isinstance(found, list):
        return len(found)
    number = _first_number(str(found))
    return None if number is None else int(number)


def _notes(known: _Known) -> tuple[str, ...]:
    found = known.value("notes")
    return tuple(found if isinstance(found, list) else str(found).splitlines())


def _first_number(text: str) -> float | None:
    """Return the number that a text begins with; None = there is none."""
    first = text.split(maxsplit=1)[0] if text.strip() else ""
    try:
        return float(first)
    except ValueError:
        return None


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
