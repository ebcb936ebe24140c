"""Where the pixels of cubes lie."""

import numpy as np
import pytest
import xarray as xr
from affine import Affine
from pyproj import CRS
from pyproj.crs import BoundCRS
from pyproj.crs.coordinate_operation import ToWGS84Transformation

from core.errors import InvalidCube
from core.grid import Window
from ingest.cubes.place import Lattice, find_crs, find_lattice, geo_transform, resample
from ingest.cubes.target import target_window
from tests.ingest.cubes import foreign

UTM = "EPSG:32633"


def bound_to_wgs84(code: int) -> str:
    """Return WKT of a CRS with a shift to WGS84, as GDAL writes it."""
    plain = CRS.from_epsg(code)
    assert plain.geodetic_crs is not None
    shift = ToWGS84Transformation(plain.geodetic_crs)
    return str(BoundCRS(source_crs=plain, target_crs=CRS.from_epsg(4326), transformation=shift).to_wkt())


def lattice_of(data: xr.Dataset, crs: str = UTM) -> Lattice:
    return find_lattice("a.nc", data, ("y", "x"), crs)


def test_a_lattice_has_its_corner_in_the_north_west() -> None:
    upright = lattice_of(foreign.ours())
    assert upright.transform[:6] == (10, 0, foreign.WEST, 0, -10, foreign.NORTH)
    turned = lattice_of(foreign.ours().isel(y=slice(None, None, -1), x=slice(None, None, -1)))
    assert turned.transform == upright.transform
    assert (turned.is_south_up, turned.is_east_first) == (True, True)


@pytest.mark.parametrize(
    ("stated", "code"),
    [
        ({"crs_wkt": CRS.from_epsg(32633).to_wkt()}, UTM),
        ({"epsg": 32633}, UTM),
        ({"proj:code": "EPSG:32633"}, UTM),
        ({"crs": "+init=epsg:32633"}, UTM),
        ({"proj:epsg": 32633.0}, UTM),
        ({"crs_wkt": bound_to_wgs84(32633)}, UTM),
    ],
    ids=["WKT", "number", "STAC", "PROJ", "decimals", "with a shift"],
)
def test_a_crs_is_found_however_it_is_stated(stated: dict[str, object], code: str) -> None:
    data = foreign.variables(foreign.dn())
    assert find_crs("a.nc", data.assign_attrs(stated), ["B04"]) == code
    data["B04"].attrs |= stated
    assert find_crs("a.nc", data, ["B04"]) == code


def test_a_crs_by_the_user_goes_first_and_one_that_is_missing_is_asked_for() -> None:
    assert find_crs("a.nc", foreign.ours(), ["B04"], "EPSG:32632") == "EPSG:32632"
    with pytest.raises(InvalidCube, match="give it with --crs"):
        find_crs("a.nc", foreign.variables(foreign.dn()), ["B04"])
    with pytest.raises(InvalidCube, match="'EPSG:1' is not understood"):
        find_crs("a.nc", foreign.ours(), ["B04"], "EPSG:1")


def test_a_cube_in_degrees_is_read_on_utm_pixels_that_hold_it() -> None:
    data = foreign.xcube().rename(lat="y", lon="x")
    window = target_window("a.nc", [lattice_of(data, "EPSG:4326")])
    assert (window.crs, window.resolution_m) == (UTM, 10)
    west, south, east, north = window.footprint_wgs84.bounds
    assert west < float(data["x"].min())
    assert east > float(data["x"].max())
    assert south < float(data["y"].min())
    assert north > float(data["y"].max())
    assert window.transform.c % 10 == 0


def test_codes_are_taken_from_the_nearest_pixel_and_reflectance_between_pixels() -> None:
    coarse = Lattice(crs=UTM, transform=Affine(20, 0, 0, 0, -20, 80), shape_yx=(4, 4))
    window = Window(crs=UTM, transform=Affine(10, 0, 0, 0, -10, 80), shape_yx=(8, 8))
    codes = np.arange(16, dtype=np.uint8).reshape(1, 4, 4)
    found = resample(lambda rows, columns: codes[:, rows, columns], coarse, window, fill=255)
    np.testing.assert_array_equal(found[0], np.kron(codes[0], np.ones((2, 2), np.uint8)))
    plane = np.broadcast_to(np.arange(4, dtype=np.float32), (1, 4, 4))
    smooth = resample(lambda rows, columns: plane[:, rows, columns], coarse, window, fill=np.nan)
    np.testing.assert_allclose(smooth[0, 3, 1:7], [0.25, 0.75, 1.25, 1.75, 2.25, 2.75])


def test_a_geotransform_is_read_as_text_and_as_numbers() -> None:
    assert geo_transform(foreign.ours()) == Affine(10, 0, foreign.WEST, 0, -10, foreign.NORTH)
    assert geo_transform(foreign.variables(foreign.dn())) is None


def test_a_lattice_says_whether_it_is_that_of_a_window() -> None:
    lattice = lattice_of(foreign.ours())
    window = target_window("a.nc", [lattice])
    assert lattice.is_that_of(window)
    assert not lattice.is_that_of(Window(crs=UTM, transform=window.transform, shape_yx=(3, 3)))
