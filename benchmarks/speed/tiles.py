"""Claim: map tiles are drawn at least twice as fast as by rio-tiler the way a bare TiTiler application uses it.

    python -m benchmarks.speed.tiles [--edge 4000] [--tiles 60]

Both draw the same tiles of one made-up class map (a COG) at the zooms that show it, in turn, in one process: ours by
`service.tiles.draw`, the peer by a reader opened for each request, `tile`, the colour map, and its PNG. rio-tiler is
not needed otherwise (`pip install rio-tiler`).
"""

import argparse
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

import morecantile
import numpy as np
from affine import Affine

from core.grid import Window
from core.product import Layer, Raster
from outputs.cog import write_cog
from products.catalogue import find_product
from service.tiles.draw import draw_tile

ZOOMS = (8, 10, 12, 13, 14)


def main() -> None:
    """Measure and print tiles a second of both, and their ratio."""
    options = _options()
    with tempfile.TemporaryDirectory() as folder:
        cog = Path(folder) / "canopy.tif"
        layer = _write(cog, options.edge)
        tiles = _tiles(options.tiles)
        ours = _draw_with(cog, layer)
        peer = _peer_with(cog)
        seconds = {"ours": 0.0, "peer": 0.0}
        for tile in tiles:
            for name, draw in (("ours", ours), ("peer", peer)):
                start = time.perf_counter()
                draw(tile)
                seconds[name] += time.perf_counter() - start
    rates = {name: len(tiles) / s for name, s in seconds.items()}
    print(
        f"tiles a second: {rates['ours']:.0f}, rio-tiler {rates['peer']:.0f}; ratio {rates['ours'] / rates['peer']:.2f}"
    )


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--edge", type=int, default=4000, help="edge of the map in pixels")
    parser.add_argument("--tiles", type=int, default=60, help="number of tiles of each zoom")
    return parser.parse_args()


def _write(cog: Path, edge: int) -> Layer:
    product = find_product("canopy")
    layer = product.layers(product.options.read({"date": "2021-12-31"}))[0]
    blocks = np.random.default_rng(7).integers(0, 3, (edge // 20, edge // 20), np.uint8)
    pixels = np.kron(blocks, np.ones((20, 20), np.uint8))[None]
    pixels[:, :50] = 255
    place = Affine(10, 0, 500_000, 0, -10, 5_400_000)
    window = Window(crs="EPSG:32632", transform=place, shape_yx=(pixels.shape[1], pixels.shape[2]))
    write_cog(Raster(layers=(layer,), pixels=pixels, window=window, nodata=255.0), cog, {})
    return layer


def _tiles(number: int) -> list[morecantile.Tile]:
    grid, rng = morecantile.tms.get("WebMercatorQuad"), np.random.default_rng(8)
    places = rng.uniform((9.05, 48.45), (9.5, 48.7), (number, 2))
    return [grid.tile(lon, lat, zoom) for zoom in ZOOMS for lon, lat in places]


def _draw_with(cog: Path, layer: Layer) -> Callable[[morecantile.Tile], bytes]:
    return lambda t: draw_tile(cog, layer, t.z, t.x, t.y)


def _peer_with(cog: Path) -> Callable[[morecantile.Tile], bytes]:
    from rio_tiler.errors import TileOutsideBounds
    from rio_tiler.io import Reader

    def draw(t: morecantile.Tile) -> bytes:
        with Reader(str(cog)) as reader:
            try:
                image = reader.tile(t.x, t.y, t.z, indexes=(1,), tilesize=256)
            except TileOutsideBounds:
                return b""
            return bytes(image.render(img_format="PNG", colormap=reader.colormap))

    return draw


if __name__ == "__main__":
    main()
