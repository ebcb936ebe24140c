"""`landcast plan`: the map sheets, or the tiles, of a region of any size as GeoJSON. Nothing is ordered."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Annotated, Any

import typer

from cli.read_as import FileCrs, parse_crs
from core.errors import InvalidOption, InvalidRegion, RequestError
from core.planning.sheets import parse_large_region
from core.read_settings import read_settings
from core.region import Region
from core.source import ReadAs
from core.text_table import text_table
from ingest.region_file import read_region
from ingest.registry import open_archive
from outputs.atomic import written_aside
from workers.sheet_plan import PlannedSheet, planned_sheets

ENDINGS = (".geojson", ".json")


def plan(
    region: Annotated[
        Path, typer.Argument(metavar="REGION", help="File with the polygon(s): GeoJSON, GeoPackage, Shapefile, KML.")
    ],
    out: Annotated[
        Path, typer.Option("-o", "--out", metavar="FILE", help="File to write: .geojson.", show_default=False)
    ],
    archive: Annotated[
        str | None,
        typer.Option("--archive", metavar="NAME", help="Leave out what this archive does not cover; default: nothing."),
    ] = None,
    crs: FileCrs = "",
    tiles: Annotated[bool, typer.Option("--tiles", help="Write each tile, not each map sheet.")] = False,
) -> None:
    """Plan a region of any size: map sheets of 100 km, each of which one order may have, or their tiles."""
    if out.suffix.lower() not in ENDINGS:
        raise InvalidOption("--out", out.name, f"a plan is written as {' or '.join(ENDINGS)}")
    settings = read_settings()
    whole = large_region(region, crs)
    source = None if archive is None else open_archive(archive, settings)
    counts = {"sheets": 0, "tiles": 0, "pixels": 0}
    with written_aside(out) as aside, aside.open("w", encoding="utf-8") as file:
        _write(file, _features(planned_sheets(whole, settings, source), counts, by_tile=tiles))
        if not counts["sheets"]:
            raise _nothing_planned(archive)
    rows = [(name, f"{count:,}") for name, count in counts.items()]
    print(text_table([*rows, ("area_km2", f"{whole.area_km2:,.1f}"), ("file", str(out))], left=2))


def _nothing_planned(archive: str | None) -> RequestError:
    if archive is None:
        return InvalidRegion("no part of it is large enough for a pixel of a map sheet")
    return InvalidOption("--archive", archive, "it covers no part of the region")


def large_region(path: Path, crs: str = "") -> Region:
    """Read a region of any size.

    Raises:
        InvalidRegion: as `read_region`, but for the limits of one order.
    """
    stated = ReadAs(crs=parse_crs(crs))
    return parse_large_region(read_region(path, read_as=stated, parse=parse_large_region).geojson)


def _features(found: Iterator[PlannedSheet], counts: dict[str, int], *, by_tile: bool) -> Iterator[dict[str, Any]]:
    for planned in found:
        counts["sheets"] += 1
        counts["tiles"] += len(planned.tiles)
        counts["pixels"] += planned.pixels
        yield from planned.tile_features() if by_tile else (planned.to_geojson(),)


def _write(file: IO[str], features: Iterator[dict[str, Any]]) -> None:
    """Write a FeatureCollection with a feature on each line, one in memory at a time."""
    file.write('{"type": "FeatureCollection", "features": [')
    for number, feature in enumerate(features):
        file.write(",\n" if number else "\n")
        json.dump(feature, file, separators=(",", ":"))
    file.write("\n]}\n")
