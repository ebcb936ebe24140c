"""Cubes of tiles in the store: what a worker that reads archives leaves for one that only computes.

A cube is one sealed file below the keys of its job: a ZIP of Zarr arrays with the values as they were read, so that the
tile has the same bytes whoever renders it. It is removed once its tile is done, and at the latest with its job.
"""

import json
import logging
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import product
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import xarray as xr
from affine import Affine

from core.cube import Cube, SceneRecord
from core.errors import LandcastError
from core.grid import Tile, Window
from core.settings import Settings
from ingest.build.cube import EAGER_BYTES
from ingest.build.shared_tiles import pack
from outputs.atomic import aside_in
from outputs.sealed import damage_of, seal
from workers.patient_store import patient_store
from workers.queue.dispatch import scratch_folder
from workers.read_archive import ReadArchive
from workers.store.store import work_key
from workers.tile import Recipe

if TYPE_CHECKING:
    import zarr  # loaded where a cube is stored: most workers read and render in one task
    from zarr.storage import ZipStore

logger = logging.getLogger(__name__)

FORMAT = 1
"""Version of the files; one of another version counts as missing."""
CHUNK_TYX = (64, 64, 256)
"""Rows of pixels are rendered with all their dates, and a read holds few chunks more than it needs."""


class CubeMissing(LandcastError):
    """A stored cube is not there, or is not what was written: its tile is to be read again."""

    def __init__(self, reason: str) -> None:
        super().__init__(f"its stored cube {reason}, so it is read again.")


@dataclass(frozen=True, kw_only=True)
class StoredCube:
    """A tile's cube, and the archive that it was read from."""

    cube: Cube
    archive: ReadArchive


def cube_key(tile: Tile, job_id: str) -> str:
    """Return the key in the store of a tile's cube."""
    return f"{work_key(job_id)}/{tile.key}.cube"


def store_cube(recipe: Recipe, tile: Tile, cube: Cube, settings: Settings, job_id: str) -> None:
    """Put the cube of a tile into the store."""
    archive = ReadArchive(
        name=recipe.archive.name,
        bands=recipe.archive.bands,
        period=recipe.archive.period,
        facts=recipe.archive_facts(tile),
    )
    scratch = scratch_folder(settings, job_id)
    with aside_in(scratch, f"{tile.key}.zarr") as folder, aside_in(scratch, f"{tile.key}.cube") as aside:
        _write(cube, archive, folder)
        pack(folder, aside)
        seal(aside)
        size = aside.stat().st_size
        copy = patient_store(settings).put(aside, cube_key(tile, job_id))
    if copy.name != f"{tile.key}.cube":
        copy.unlink(missing_ok=True)  # the store is elsewhere, and so is the worker that computes
    logger.info("cube stored job=%s tile=%s bytes=%d", job_id, tile.key, size)


@contextmanager
def stored_cube(tile: Tile, settings: Settings, job_id: str) -> Iterator[StoredCube]:
    """Yield the cube that another worker has read; a large one is read from its file where it is indexed.

    Raises:
        CubeMissing: it is not there or damaged; a damaged one is removed.
    """
    from zarr.storage import ZipStore

    key, store = cube_key(tile, job_id), patient_store(settings)
    path = store.fetch(key, scratch_folder(settings, job_id))
    if path is None:
        raise CubeMissing("is not there")
    damage = damage_of(path)
    if damage:
        logger.warning("cube damaged, read again file=%s reason=%s", key, damage)
        store.remove(key)
        path.unlink(missing_ok=True)
        raise CubeMissing("is damaged")
    with ZipStore(path, mode="r") as opened:
        yield _read(opened)


def remove_cube(tile: Tile, settings: Settings, job_id: str) -> None:
    """Remove a tile's cube, which nobody needs any more, and the copy of it here."""
    key, store, scratch = cube_key(tile, job_id), patient_store(settings), scratch_folder(settings, job_id)
    path = store.fetch(key, scratch)
    store.remove(key)
    if path is not None:
        path.unlink(missing_ok=True)


def _write(cube: Cube, archive: ReadArchive, folder: Path) -> None:
    import zarr

    document = {
        "format": FORMAT,
        "crs": cube.window.crs,
        "transform": list(cube.window.transform)[:6],
        "shape_yx": list(cube.window.shape_yx),
        "archive": cube.archive,
        "is_simulated": cube.is_simulated,
        "scenes": [asdict(scene) for scene in cube.scenes],
        "attributes": dict(cube.data.attrs),
        "read": archive.to_json(),
        "variables": [str(name) for name in cube.data.variables],
    }
    group = zarr.create_group(folder, attributes={"cube": json.dumps(document)})
    for name, variable in cube.data.variables.items():
        _write_variable(group, str(name), variable, is_coordinate=name in cube.data.coords)


def _write_variable(group: "zarr.Group", name: str, variable: xr.Variable, *, is_coordinate: bool) -> None:
    """Write one variable chunk by chunk; dates are stored as the integers that they are."""
    from zarr.codecs import BloscCodec

    is_time = variable.dtype.kind == "M"
    chunks = tuple(min(n, c) or 1 for n, c in zip(variable.shape, CHUNK_TYX, strict=False))
    attributes: dict[str, Any] = {"attributes": json.dumps(dict(variable.attrs)), "is_coordinate": is_coordinate}
    array = group.create_array(
        name,
        shape=variable.shape,
        dtype=np.dtype("i8") if is_time else variable.dtype,
        chunks=chunks,
        compressors=BloscCodec(cname="zstd", clevel=1, shuffle="bitshuffle"),
        fill_value=float("nan") if variable.dtype.kind == "f" else 0,
        dimension_names=[str(name) for name in variable.dims],
        attributes=attributes | {"dtype": variable.dtype.str},
    )
    for at in _blocks(variable.shape, chunks):
        values = np.asarray(variable[at].values)
        array[at] = values.view("i8") if is_time else values


def _blocks(shape: tuple[int, ...], chunks: tuple[int, ...]) -> Iterator[tuple[slice, ...]]:
    """Yield whole chunks along the first axis, each over all of the others."""
    if not shape:
        yield ()
        return
    first = [slice(n, min(n + chunks[0], shape[0])) for n in range(0, shape[0], chunks[0])]
    yield from ((rows, *rest) for rows, *rest in product(first, *([slice(0, n)] for n in shape[1:])))


def _read(opened: "ZipStore") -> StoredCube:
    import zarr

    group = zarr.open_group(opened, mode="r")
    document: dict[str, Any] = json.loads(str(group.attrs["cube"]))
    if document["format"] != FORMAT:
        raise CubeMissing("is of another version")
    data = xr.open_zarr(opened, consolidated=False, mask_and_scale=False, decode_times=False, chunks=None)
    variables = {name: _variable(data.variables[name]) for name in document["variables"]}
    coordinates = {n: v for n, v in variables.items() if data.variables[n].attrs["is_coordinate"]}
    pixels = {n: v for n, v in variables.items() if n not in coordinates}
    found = xr.Dataset(pixels, coordinates, document["attributes"])
    rows, columns = document["shape_yx"]
    window = Window(crs=document["crs"], transform=Affine(*document["transform"]), shape_yx=(rows, columns))
    scenes = tuple(SceneRecord(**record | {"notes": tuple(record["notes"])}) for record in document["scenes"])
    return StoredCube(
        cube=Cube(
            data=found.load() if found.nbytes <= EAGER_BYTES else found,
            window=window,
            archive=document["archive"],
            is_simulated=document["is_simulated"],
            scenes=scenes,
        ),
        archive=ReadArchive.of_json(document["read"]),
    )


def _variable(stored: xr.Variable) -> xr.Variable:
    kind, attributes = np.dtype(stored.attrs["dtype"]), json.loads(stored.attrs["attributes"])
    if kind.kind == "M":
        return xr.Variable(stored.dims, stored.values.view(kind), attributes)
    found = stored.copy(deep=False)  # read when it is indexed
    found.attrs = attributes
    return found
