"""Measure how fast finished pixels become a COG, beside GDAL's own COG driver with the same compression.

    python -m benchmarks.speed.cog [--edge 512] [--rounds 5] [--out rows.json]

Pixels are smooth with noise, as maps are: a canopy map (5 bands of bytes) and a forecast (layers of floats). The old
way of a row is GDAL's COG driver with ZSTD of the same level, predictor, blocks and resampling, its pixels given from
memory; the new one is `outputs.cog.write_cog`, which adds names, legends and tags of each band. Sizes are compared too.
"""

from collections import Counter
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import rasterio
from affine import Affine
from rasterio.io import MemoryFile
from rasterio.shutil import copy

from benchmarks.paired import Row, in_turns, kept, parser
from benchmarks.speed.pipeline import work_of
from cli.doctor.speed import simulated_cube
from core.grid import Window
from core.product import Raster
from outputs.cog import BLOCK, BLOCK_OF_MANY, MAX_PIXEL_INTERLEAVED, ZSTD_LEVEL, write_cog
from outputs.overviews import resampling_of


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--edge", type=int, default=512)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    with TemporaryDirectory() as folder:
        found = [beside_gdal(p, chosen.edge, chosen.rounds, Path(folder)) for p in ("canopy", "ndvi-forecast")]
    kept(found, chosen.out)


def beside_gdal(product_id: str, edge: int, rounds: int, folder: Path) -> Row:
    """Time both ways for the layers of a product."""
    raster = made_up(product_id, edge)
    theirs, ours = folder / "gdal.tif", folder / "landcast.tif"
    with MemoryFile() as memory:
        stored(raster, memory)
        row = in_turns(
            lambda: by_gdal(raster, memory, theirs), lambda: write_cog(raster, ours, {"A": "b"}), rounds=rounds
        )
    with rasterio.open(theirs) as one, rasterio.open(ours) as other:
        assert np.array_equal(one.read(), other.read(), equal_nan=True)
    sizes = {"old_mb": theirs.stat().st_size / 1e6, "new_mb": ours.stat().st_size / 1e6}
    return {"name": f"COG of {product_id}, {len(raster.layers)} layers, {edge} x {edge}", **row, **sizes}


def made_up(product_id: str, edge: int) -> Raster:
    """Return a raster with the layers of a product."""
    work = work_of(simulated_cube(4), product_id)
    layers = work.product.layers(work.options)
    rng, (y, x) = np.random.default_rng(0), np.mgrid[:edge, :edge] / edge
    smooth = np.sin(9 * x) * np.cos(7 * y) + np.sin(31 * x * y)
    is_bytes = layers[0].dtype == "uint8"
    pixels = np.stack([smooth + 0.02 * n + rng.normal(0, 0.02, smooth.shape) for n in range(len(layers))])
    pixels = np.clip(50 + 25 * pixels, 0, 100).astype(np.uint8) if is_bytes else (0.3 * pixels).astype(np.float32)
    if is_bytes:
        pixels[0] = pixels[0] % 3
    window = Window(crs="EPSG:32632", transform=Affine(10, 0, 5e5, 0, -10, 5.6e6), shape_yx=(edge, edge))
    return Raster(layers=layers, pixels=pixels, window=window, nodata=255 if is_bytes else np.nan)


def stored(raster: Raster, memory: MemoryFile) -> None:
    """Write the pixels into a file in memory, plain."""
    count, height, width = raster.pixels.shape
    place = {"crs": raster.window.crs, "transform": raster.window.transform, "nodata": raster.nodata}
    size = {"count": count, "height": height, "width": width, "dtype": raster.pixels.dtype}
    with memory.open(driver="GTiff", **size, **place) as out:
        out.write(raster.pixels)


def by_gdal(raster: Raster, memory: MemoryFile, path: Path) -> None:
    """Write a COG by GDAL's driver."""
    is_float, is_apart = np.issubdtype(raster.pixels.dtype, np.floating), len(raster.layers) > MAX_PIXEL_INTERLEAVED
    ways = Counter(resampling_of(layer, str(raster.pixels.dtype)).name for layer in raster.layers)
    with memory.open() as plain:
        copy(
            plain,
            path,
            driver="COG",
            compress="ZSTD",
            level=ZSTD_LEVEL,
            predictor="FLOATING_POINT" if is_float else "NO",
            blocksize=BLOCK_OF_MANY if is_apart else BLOCK,
            overview_resampling=ways.most_common(1)[0][0],  # it has one way for all bands
            num_threads=1,
        )


if __name__ == "__main__":
    main()
