"""Accepting an order: all checks that need no pixels, the tiles of its region, and an estimate of the work."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import InvalidOption, InvalidRegion, UnknownArchive
from core.grid import Grid, Tile, Window
from core.ground.scale import ground_of
from core.job import Order, Priority
from core.options import Options
from core.product import Product
from core.region import Region
from core.settings import Settings
from ingest.archive import Archive, Charged
from ingest.build.expected import expected_reads
from ingest.build.reader import reader_from
from ingest.registry import SAMPLE, known_names, split_spec
from products.order import add_card, check_source, parse
from workers.dependencies import REAL, Dependencies, open_ordered
from workers.gaps import covered_share
from workers.plan_rows import plan_rows
from workers.queue.ledger import open_ledger
from workers.queue.limits.parts import max_cost_of
from workers.region_limits import parse_limited_region

COMMON = ("region", "archive", "model", "fail_on_gaps", "priority", "max_cost", "max_seconds", "title")
"""Inputs of an order that are no options of its product."""
MAX_TITLE = 80
"""Characters of the user's own name of a result: one line of a list."""
PIXEL_SECONDS = 0.01
"""Estimate for a product that this ledger has not rendered yet; measured times replace it."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """An order that may be accepted."""

    order: Order
    """With all defaults filled in."""
    region: Region
    archive: Archive
    grid: Grid

    @property
    def pixels(self) -> int:
        """Number of pixels inside the region."""
        return max(1, round(self.region.area_km2 * 1e6 / ground_of(self.grid.window(self.region)).pixel_m2))


def accept(
    product_id: str, inputs: Mapping[str, Any], settings: Settings, dependencies: Dependencies = REAL
) -> tuple[Order, Archive, list[Tile]]:
    """Check an order and cut its region into tiles.

    Args:
        product_id: as in the catalogue.
        inputs: `region` (GeoJSON), optionally `archive`, `model`, `period`, and the product's own inputs.
        settings: which archives and models there are.
        dependencies: products, models and archives.

    Returns:
        The order with all defaults filled in, its archive, and its tiles from north to south.

    Raises:
        RequestError: what is wrong, in one sentence.
    """
    found = check(product_id, inputs, settings, dependencies)
    return found.order, found.archive, _cut(found.region, found.archive, found.grid, settings)


def check(product_id: str, inputs: Mapping[str, Any], settings: Settings, dependencies: Dependencies = REAL) -> Checked:
    """Check an order without cutting its region into tiles; arguments and errors as of `accept`."""
    product = dependencies.find_product(product_id)
    region = _region(inputs)
    spec = ordered_archive(inputs, settings)
    archive = open_ordered(dependencies, spec, settings)
    resolved = _options(product, inputs, archive)
    checkpoint = dependencies.find_checkpoint(_model(inputs), product.task, settings)
    options = add_card(product, resolved, checkpoint)
    check_source(product, options, available=archive.period, shown=archive.bands, name=archive.name)
    dependencies.check_region(archive, region)
    order = Order(
        product=product.id,
        region=region.to_geojson(),
        archive=spec,
        model=checkpoint.name,
        params=options.to_json(),
        input=archive.summary.lines() if archive.summary else (),
        fail_on_gaps=_fail_on_gaps(inputs),
        **of_the_job(inputs),
    )
    grid = archive.grid(region)
    _check_size(region, grid, settings.jobs.max_tiles)
    return Checked(order=order, region=region, archive=archive, grid=grid)


def estimate(
    product_id: str, inputs: Mapping[str, Any], settings: Settings, dependencies: Dependencies = REAL
) -> dict[str, Any]:
    """Check an order and count what it takes: tiles, pixels of the region, km2, scenes listed, seconds of rendering.

    Also the share of the region that the archive covers, and the reads of scenes with their bytes, at most: as if none
    were in the cache, and each scene reached over the whole region. Where reading is charged, also processing units.

    Raises:
        RequestError: as `accept`.
    """
    found = check(product_id, inputs, settings, dependencies)
    order, archive, region = found.order, found.archive, found.region
    tiles = _cut(region, archive, found.grid, settings)
    options = parse(dependencies.find_product(product_id), order.params, available=archive.period)
    pace = open_ledger(settings).pace(order.product, order.model)
    window = result_window(region, tiles)
    scenes = archive.search(window, options.days)
    bands = dependencies.find_product(product_id).bands
    read = expected_reads(archive, [t.window for t in tiles], scenes, bands, reader_from(settings))
    counted = {
        "tiles": len(tiles),
        "pixels": found.pixels,
        "area_km2": round(region.area_km2, 4),
        "scenes": len(scenes),
        "archive_share": round(covered_share(region.geometry, archive), 4),
        "seconds": round(found.pixels * (PIXEL_SECONDS if pace is None else pace), 1),
        "scene_reads": read.scene_reads,
        "read_bytes": read.read_bytes,
    }
    if not isinstance(archive, Charged):
        return counted
    return counted | {"processing_units": round(archive.cost(scenes, window, bands), 2)}


def plan(region: Region, archive: Archive, settings: Settings) -> list[Tile]:
    """Return the tiles that both the region and the archive touch, from north to south.

    Raises:
        InvalidRegion: more tiles than one job may have.
        RegionOutsideArchive: none.
    """
    grid = archive.grid(region)
    _check_size(region, grid, settings.jobs.max_tiles)
    return _cut(region, archive, grid, settings)


def _check_size(region: Region, grid: Grid, most: int) -> None:
    """Refuse a region that is so large that its tiles need not be counted."""
    expected = region.area_km2 * 1e6 / ground_of(grid.window(region)).pixel_m2 / grid.tile_size**2
    if expected > most:
        raise InvalidRegion(f"it takes {int(expected) + 1} tiles, and one job may have {most}")


def _cut(region: Region, archive: Archive, grid: Grid, settings: Settings) -> list[Tile]:
    return [tile for row in plan_rows(region, archive, grid, most=settings.jobs.max_tiles) for tile in row]


def result_window(region: Region, tiles: list[Tile]) -> Window:
    """Return the pixels of a result: the smallest window around the region, cut to its tiles."""
    grid = tiles[0].grid
    window = grid.window(region)
    west, north = min(t.column for t in tiles), max(t.row for t in tiles)
    east, south = max(t.column for t in tiles), min(t.row for t in tiles)
    corner = grid.tile(west, north).window
    row, column = window.offset_in(corner)
    first, left = max(row, 0), max(column, 0)
    last = min(row + window.shape_yx[0], (north - south + 1) * grid.tile_size)
    right = min(column + window.shape_yx[1], (east - west + 1) * grid.tile_size)
    moved = corner.transform * corner.transform.translation(left, first)
    return Window(crs=grid.crs, transform=moved, shape_yx=(max(1, last - first), max(1, right - left)))


def ordered_archive(inputs: Mapping[str, Any], settings: Settings) -> str:
    """Return the specification of the archive that an order names, by default the service's own; see below."""
    return allowed_archive(_given(inputs, "archive", settings.archives.default), settings)


def allowed_archive(spec: object, settings: Settings) -> str:
    """Return an archive's specification with its paths resolved, if orders may name it.

    Of several in order of preference, each must be allowed.

    Raises:
        UnknownArchive: neither `sample`, nor the service's own, nor one of LANDCAST_ARCHIVE_NAMES, nor below one of its
            archive folders.
        InvalidOption: too many, or one twice.
    """
    if not isinstance(spec, str):
        raise UnknownArchive(spec, _listed(settings))
    parts = split_spec(spec, settings)
    own = [_resolved(part) for part in split_spec(settings.archives.default, settings)]
    return ",".join(_allowed(part, own, settings) for part in parts)


def _allowed(part: str, own: Sequence[str], settings: Settings) -> str:
    found = _resolved(part)
    if part == SAMPLE or found in own or part in settings.archives.names.split():
        return found
    roots = [Path(root).resolve() for root in settings.archives.roots.split(":") if root]
    if not _is_name(part) and _is_there(part) and any(Path(found).is_relative_to(root) for root in roots):
        return found
    raise UnknownArchive(part, _listed(settings))


def _listed(settings: Settings) -> list[str]:
    """Return the names that an order may give; paths of the service are kept secret."""
    return [SAMPLE, *settings.archives.names.split()]


def _is_name(spec: str) -> bool:
    return spec in known_names() or "://" in spec


def _resolved(spec: str) -> str:
    """Return a path without links and dots; names and URLs as they are."""
    if _is_name(spec):
        return spec
    try:
        return str(Path(spec).resolve())
    except (OSError, RuntimeError, ValueError):
        return spec


def _is_there(spec: str) -> bool:
    try:
        return Path(spec).exists()
    except (OSError, ValueError):
        return False


def _given(inputs: Mapping[str, Any], name: str, default: str) -> Any:
    """Return an input, by default another; null and an empty text count as not given."""
    return default if inputs.get(name) in (None, "") else inputs[name]


def _model(inputs: Mapping[str, Any]) -> str:
    name = _given(inputs, "model", "")
    if not isinstance(name, str):
        raise InvalidOption("model", name, "it is the name of a model")
    return name


def _fail_on_gaps(inputs: Mapping[str, Any]) -> bool:
    value = _given(inputs, "fail_on_gaps", "false")
    if value not in (True, False, "true", "false"):
        raise InvalidOption("fail_on_gaps", value, "it is true or false")
    return value in (True, "true")


def of_the_job(inputs: Mapping[str, Any]) -> dict[str, Any]:
    """Return the members of an order that change no pixel: `title`, `priority`, `max_cost`.

    Raises:
        InvalidOption: one of them has a wrong value.
    """
    return {"title": _title(inputs), "priority": _priority(inputs), "max_cost": max_cost_of(inputs)}


def _title(inputs: Mapping[str, Any]) -> str:
    value = _given(inputs, "title", "")
    if not isinstance(value, str) or not value.isprintable() or len(value.strip()) > MAX_TITLE:
        raise InvalidOption("title", value, f"it is one line of text, {MAX_TITLE} characters at most")
    return value.strip()


def _priority(inputs: Mapping[str, Any]) -> str:
    value = _given(inputs, "priority", Priority.NORMAL)
    if value not in list(Priority):
        raise InvalidOption("priority", value, f"it is {', '.join(Priority)}")
    return str(value)


def _region(inputs: Mapping[str, Any]) -> Region:
    region = inputs.get("region")
    if not isinstance(region, dict):
        raise InvalidRegion("the input 'region' is missing or not a GeoJSON object")
    return parse_limited_region(region)


def _options(product: Product[Any], inputs: Mapping[str, Any], archive: Archive) -> Options:
    given = {k: v for k, v in inputs.items() if k not in COMMON}
    known = product.options.choices()
    for name in given:
        if name not in known:
            raise InvalidOption("input", name, f"the inputs are {', '.join((*COMMON, *known))}")
    try:
        options: Options = parse(product, given, available=archive.period)
    except (TypeError, AttributeError) as error:
        raise InvalidOption("inputs", given, f"a value has the wrong type ({error})") from None
    return options
