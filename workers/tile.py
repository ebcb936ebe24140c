"""One tile: built, rendered once, and kept under a hash of everything that its pixels depend on.

Only pixels of the region are computed. A tile that lies in its region as a whole serves every region that touches it;
one at the edge serves orders of the same region.
"""

import hashlib
import json
import logging
import re
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from numpy.typing import NDArray

from core.checkpoint import Checkpoint
from core.cube import Cube, SceneRecord
from core.errors import DamagedTile
from core.grid import Tile, Window
from core.job import Job, Order
from core.options import Options
from core.product import Layer, Product, Raster
from core.progress import Progress
from core.region import Region, parse_region
from core.settings import Settings
from core.version import software_version
from ingest.archive import Archive, TellsContent
from ingest.preprocess.prepare import Preparation
from models.inference.choose import backend_name
from outputs.atomic import aside_in
from outputs.cog import QUIET
from outputs.sealed import damage_of, seal
from products.blocks import in_whole_blocks, inside, is_pooled, whole_blocks
from products.evidence import RestsOnSeries, has_ndvi, seen_codes
from products.rows import render
from workers.dependencies import REAL, Dependencies, open_ordered
from workers.patient_store import patient_store
from workers.queue.capability.reads import SHARE
from workers.queue.dispatch import scratch_folder
from workers.read_archive import ReadArchive
from workers.store.store import TILES, work_key

logger = logging.getLogger(__name__)

Mask = NDArray[np.bool_]

FORMAT = 4
"""Version of the tile files; a higher one keeps old files from being read."""
NOTED = re.compile(r"(cache/tiles/[0-9a-f]{2}/[0-9a-f]+|work/[\w-]+/[\w.-]+)\.tif")
"""Keys that a note may hold."""


@dataclass(frozen=True, kw_only=True)
class Recipe:
    """What a tile's pixels depend on besides the tile: the parts that an order names."""

    product: Product[Any]
    options: Options
    """Resolved, with what the model's card adds."""
    archive: Archive
    checkpoint: Checkpoint
    region: Region
    preparation: Mapping[str, object]
    """How scenes are masked and filtered, for the tile's name."""

    @property
    def layers(self) -> tuple[Layer, ...]:
        """Layers of the raster."""
        return self.product.layers(self.options)

    def _scenes(self, tile: Tile) -> list[list[str]]:
        """Return names and versions of a tile's scenes; a new scene changes the key of its own tiles alone.

        Of an archive that is told by its fingerprint alone there are none.
        """
        archive = self.archive
        if archive.is_cached:
            return [[s.scene_id, s.version] for s in archive.search(self.window(tile), self.options.days)]
        if isinstance(archive, TellsContent):
            return [[s.scene_id, archive.content_of(s)] for s in archive.search(self.window(tile), self.options.days)]
        return []

    def archive_facts(self, tile: Tile) -> Mapping[str, Any]:
        """Return what a tile's name says of its archive and scenes; of a stored cube it was written beside it."""
        if isinstance(self.archive, ReadArchive):
            return self.archive.facts
        name = self.archive.name if _is_told_by_scenes(self.archive) else self.archive.fingerprint
        return {"archive": name, "scenes": self._scenes(tile)}

    def window(self, tile: Tile) -> Window:
        """Return what is read of a tile: where pixels are pooled, whole blocks of them."""
        return whole_blocks(tile.window) if is_pooled(self.product, self.options) else tile.window

    def mask(self, tile: Tile) -> Mask:
        """Return (Y, X), True for the pixels of a tile that lie in the region."""
        return tile.window.mask(self.region)

    def key(self, tile: Tile, mask: Mask) -> str:
        """Return the sha256 (hex) that names some pixels of a tile."""
        facts = {
            "format": FORMAT,
            "product": self.product.id,
            "params": self.options.to_json(),
            "layers": [layer.name for layer in self.layers],
            "model": self.checkpoint.sha256,
            "calibration": self.checkpoint.card.get("calibration"),
            "prediction_sets": self.checkpoint.card.get("prediction_sets"),
            "backend": backend_name(self.checkpoint, self.product.id),
            **self.archive_facts(tile),
            "preparation": self.preparation,
            "tile": tile.key,
            "pixels": "all" if mask.all() else hashlib.sha256(np.packbits(mask).tobytes()).hexdigest(),
            "version": software_version(),
        }
        return hashlib.sha256(json.dumps(facts, sort_keys=True).encode()).hexdigest()


def _is_told_by_scenes(archive: Archive) -> bool:
    return archive.is_cached or isinstance(archive, TellsContent)


def read_recipe(order: Order, settings: Settings, dependencies: Dependencies = REAL) -> Recipe:
    """Find the parts that an order names.

    Raises:
        RequestError: something is no longer there.
    """
    product = dependencies.find_product(order.product)
    archive = open_ordered(dependencies, order.archive, settings)
    return Recipe(
        product=product,
        options=product.options.read(order.params),  # as they were resolved when the order was accepted
        archive=archive,
        checkpoint=dependencies.find_checkpoint(order.model, product.task, settings),
        region=parse_region(dict(order.region)),
        preparation=Preparation.from_settings(settings).key(),
    )


def run_tile(job: Job, tile: Tile, settings: Settings, progress: Progress, dependencies: Dependencies = REAL) -> Path:
    """Return the file of a tile's pixels, rendering it if neither this job nor another has.

    Raises:
        LandcastError: the archive, the product or the checkpoint failed.
    """
    recipe = read_recipe(job.order, settings, dependencies)
    found = find_tile(recipe, tile, settings, job.id)
    return found or render_tile(recipe, tile, settings, job.id, progress, dependencies)


def find_tile(recipe: Recipe, tile: Tile, settings: Settings, job_id: str) -> Path | None:
    """Return the file of a tile that has been rendered, None if there is none that is intact; damaged ones are removed.

    What this job has rendered counts first: an archive may have listed a new scene since.
    """
    noted = _noted(tile, settings, job_id)
    found = _intact(noted, settings, job_id) if noted else None
    if found is not None:
        return found
    mask = recipe.mask(tile)
    whole = shared_key(recipe, tile, np.ones_like(mask))
    keys = dict.fromkeys((whole, shared_key(recipe, tile, mask), own_key(tile, job_id)))
    return next((path for key in keys if (path := _intact(key, settings, job_id))), None)


def render_tile(
    recipe: Recipe, tile: Tile, settings: Settings, job_id: str, progress: Progress, dependencies: Dependencies = REAL
) -> Path:
    """Build a tile's cube and render it; see `render_cube`."""
    cube = build_tile(recipe, tile, settings, dependencies)
    progress(SHARE)
    return render_cube(recipe, tile, cube, settings, job_id, progress)


def build_tile(recipe: Recipe, tile: Tile, settings: Settings, dependencies: Dependencies = REAL) -> Cube:
    """Return the cube of a tile, read from its archive or from what has been read of it before."""
    mask = recipe.mask(tile)
    wanted = in_whole_blocks(tile.window, mask)[1] if is_pooled(recipe.product, recipe.options) else mask
    return dependencies.build_cube(
        recipe.archive,
        recipe.window(tile),
        recipe.options.days,
        recipe.product.bands,
        None if wanted.all() else wanted,
        settings,
    )


def render_cube(recipe: Recipe, tile: Tile, cube: Cube, settings: Settings, job_id: str, progress: Progress) -> Path:
    """Render the cube of a tile. A tile some of whose scenes could not be read is kept for its job alone."""
    mask = recipe.mask(tile)
    raster = _render(recipe, cube, lambda share: progress(SHARE + (1 - SHARE) * share))
    raster, place = _cut(raster, tile.window, mask), inside(tile.window, cube.window)
    key = own_key(tile, job_id) if cube.failures else shared_key(recipe, tile, mask)
    with aside_in(scratch_folder(settings, job_id), f"{tile.key}.tif") as aside:
        _write(
            aside,
            raster,
            _seen(recipe, cube)[:, *place],
            cube.scenes,
            backend_name(recipe.checkpoint, recipe.product.id),
        )
        seal(aside)
        path = patient_store(settings).put(aside, key)
    _note(tile, key, settings, job_id)
    logger.info(
        "tile rendered job=%s tile=%s scenes=%d failures=%d", job_id, tile.key, len(cube.scenes), len(cube.failures)
    )
    return path


def shared_key(recipe: Recipe, tile: Tile, mask: Mask) -> str:
    """Return the key in the store of a tile that all jobs share; none of its scenes failed."""
    key = recipe.key(tile, mask)
    return f"{TILES}/{key[:2]}/{key}.tif"


def own_key(tile: Tile, job_id: str) -> str:
    """Return the key in the store of a tile with gaps, which is kept for its job alone."""
    return f"{work_key(job_id)}/{tile.key}.tif"


def _note_key(tile: Tile, job_id: str) -> str:
    return f"{work_key(job_id)}/{tile.key}.path"


def _note(tile: Tile, key: str, settings: Settings, job_id: str) -> None:
    """Note the key of a tile for its job."""
    with aside_in(scratch_folder(settings, job_id), f"{tile.key}.path") as aside:
        aside.write_text(key, encoding="utf-8")
        patient_store(settings).put(aside, _note_key(tile, job_id))


def _noted(tile: Tile, settings: Settings, job_id: str) -> str | None:
    path = patient_store(settings).fetch(_note_key(tile, job_id), scratch_folder(settings, job_id))
    try:
        key = path.read_text(encoding="utf-8") if path else ""
    except (OSError, ValueError):
        return None
    return key if NOTED.fullmatch(key) else None


def _intact(key: str, settings: Settings, job_id: str) -> Path | None:
    """Return the file of a tile if it is there and whole; one that is damaged is removed, to be rendered again.

    Raises:
        OSError: it is there and cannot be read, which says nothing about what it holds.
    """
    store = patient_store(settings)
    path = store.fetch(key, scratch_folder(settings, job_id))
    if path is None:
        return None
    try:
        damage = damage_of(path)
    except FileNotFoundError:
        return None
    if damage:
        logger.warning("tile damaged, rendered again file=%s reason=%s", key, damage)
        store.remove(key)
        path.unlink(missing_ok=True)
    return None if damage else path


def read_tile(path: Path) -> tuple[NDArray[Any], tuple[SceneRecord, ...]]:
    """Return the (L, Y, X) pixels of a tile's file, and the scenes that its cube was built from.

    Of a product that states its evidence, two more bands follow: `products.evidence.seen_codes`.

    Raises:
        DamagedTile: the file is not what was written; it is removed, so that another attempt renders it again.
    """
    damage = damage_of(path)
    if damage:
        path.unlink(missing_ok=True)
        raise DamagedTile(path.name, damage)
    with rasterio.open(path) as raster:
        records = json.loads(raster.tags()["SCENES"])
        return raster.read(), tuple(SceneRecord(**record) for record in records)


def read_backend(path: Path) -> str:
    """Return what ran the network for a tile, as `models.inference.choose.backend_name` says; empty without a model."""
    with rasterio.open(path) as raster:
        return str(raster.tags().get("BACKEND", ""))


def pixel_kind(layers: Sequence[Layer]) -> tuple[str, float]:
    """Return dtype and nodata of a product's raster: 255 of bytes, NaN of floats."""
    dtype = layers[0].dtype
    return dtype, 255.0 if dtype == "uint8" else float("nan")


def _render(recipe: Recipe, cube: Cube, progress: Progress) -> Raster:
    if not has_ndvi(cube) and {"B04", "NDVI"} & set(recipe.archive.bands):
        progress(1.0)
        return _unseen(recipe.layers, cube.window)  # no optical scene of the period, or none that could be read
    return render(recipe.product, cube, recipe.options, recipe.checkpoint, progress)


def _cut(raster: Raster, window: Window, mask: Mask) -> Raster:
    """Return the part of a raster in a window; what is not of the region is nodata."""
    if raster.window == window and mask.all():
        return raster
    pixels = np.where(mask, raster.pixels[:, *inside(window, raster.window)], raster.pixels.dtype.type(raster.nodata))
    return replace(raster, pixels=pixels, window=window)


def _seen(recipe: Recipe, cube: Cube) -> NDArray[np.uint8]:
    """Return (2, Y, X) what was seen of each pixel, or (0, Y, X) of a product that states no evidence."""
    days = recipe.product.read_days(recipe.options) if isinstance(recipe.product, RestsOnSeries) else None
    return np.empty((0, *cube.shape_yx), np.uint8) if days is None else seen_codes(cube, days)


def _unseen(layers: tuple[Layer, ...], window: Window) -> Raster:
    dtype, nodata = pixel_kind(layers)
    return Raster(
        layers=layers, pixels=np.full((len(layers), *window.shape_yx), nodata, dtype), window=window, nodata=nodata
    )


def _write(path: Path, raster: Raster, seen: NDArray[np.uint8], scenes: Sequence[SceneRecord], backend: str) -> None:
    pixels = np.concatenate([raster.pixels, seen.astype(raster.pixels.dtype)])
    layers, height, width = pixels.shape
    profile = {
        "driver": "GTiff",
        "height": height,
        "width": width,
        "count": layers,
        "dtype": raster.pixels.dtype,
        "nodata": raster.nodata,
        "crs": raster.window.crs,
        "transform": raster.window.transform,
        "interleave": "band",
        "compress": "zstd",
        "zstd_level": 1,
        "predictor": 3 if np.issubdtype(raster.pixels.dtype, np.floating) else 1,
    }
    with rasterio.Env(**QUIET), rasterio.open(path, "w", **profile) as out:
        out.update_tags(SCENES=json.dumps([asdict(s) for s in scenes]), BACKEND=backend)
        out.write(pixels)
