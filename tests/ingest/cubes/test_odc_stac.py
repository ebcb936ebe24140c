"""Cubes that odc-stac itself loads from STAC items are read as our own."""

from pathlib import Path

import numpy as np
import odc.stac
import pystac
import pytest
import rasterio
from affine import Affine
from rasterio.warp import transform_bounds
from shapely.geometry import box, mapping

from core.cube import Cube
from ingest.cubes.read import open_cube, read_cube
from tests.ingest.cubes import foreign
from tests.ingest.cubes.test_foreign import write

CORNER = Affine(10, 0, foreign.WEST, 0, -10, foreign.NORTH)
BANDS = ("B02", "B04", "B08", "SCL")


def items(folder: Path) -> list[pystac.Item]:
    """Write a GeoTIFF for each date and band, and return an item for each date."""
    pixels = {**foreign.dn(), "SCL": foreign.scl()}
    edges = (foreign.WEST, foreign.NORTH - 10 * foreign.ROWS, foreign.WEST + 10 * foreign.COLUMNS, foreign.NORTH)
    bounds = transform_bounds(f"EPSG:{foreign.EPSG}", "EPSG:4326", *edges)
    found = []
    for number, date in enumerate(foreign.DATES):
        item = pystac.Item(f"S2_{number}", mapping(box(*bounds)), list(bounds), date.to_pydatetime(), {})
        item.properties["proj:code"] = f"EPSG:{foreign.EPSG}"
        for band in BANDS:
            path = folder / f"{number}_{band}.tif"
            profile = {"driver": "GTiff", "count": 1, "width": foreign.COLUMNS, "height": foreign.ROWS}
            profile |= {"crs": f"EPSG:{foreign.EPSG}", "transform": CORNER, "nodata": 0}
            with rasterio.open(path, "w", dtype=pixels[band].dtype.name, **profile) as raster:
                raster.write(pixels[band][number], 1)
            item.add_asset(band, pystac.Asset(str(path), media_type=pystac.MediaType.GEOTIFF, roles=["data"]))
        found.append(item)
    return found


@pytest.fixture
def own(tmp_path: Path) -> Cube:
    return read_cube(write(tmp_path / "own.nc", foreign.ours()))


@pytest.mark.filterwarnings("ignore")  # of the libraries beneath odc-stac
@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_what_odc_stac_loads_is_read_as_our_own(ending: str, own: Cube, tmp_path: Path) -> None:
    loaded = odc.stac.load(items(tmp_path), bands=list(BANDS), crs=f"EPSG:{foreign.EPSG}", resolution=10, groupby="id")
    path = write(tmp_path / f"cube{ending}", loaded)
    cube = read_cube(path)
    rows, columns = own.window.offset_in(cube.window)
    inside = np.s_[:, rows : rows + foreign.ROWS, columns : columns + foreign.COLUMNS]
    for band in ("B02", "B04", "B08"):
        np.testing.assert_allclose(cube.data[band].values[inside], own.data[band].values, atol=1e-6)
    assert open_cube(path).summary.remarks == ()
