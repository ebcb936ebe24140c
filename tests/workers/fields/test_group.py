from pathlib import Path

import numpy as np
from shapely import box

from core.region import Field, Region
from core.utm import utm_crs
from tests.fakes import FakeArchive
from tests.products.fields.squares import WINDOW, square
from tests.workers.fields.scene import fields, in_degrees, open_scene
from workers.fields.group import cut, groups_of_archive, groups_of_window, projected


def numbered(*shapes: object) -> dict[int, Field]:
    return dict(enumerate(fields(*shapes)))  # type: ignore[arg-type]


def test_neighbours_share_a_window_that_just_holds_them() -> None:
    (group,) = groups_of_window(numbered(square(3, 4, 2), square(10, 6, 3)), WINDOW)
    assert group.numbers == (0, 1)
    assert group.window.offset_in(WINDOW) == (4, 3)
    assert group.window.shape_yx == (5, 10)


def test_fields_far_apart_have_windows_of_their_own() -> None:
    wide = type(WINDOW)(crs=WINDOW.crs, transform=WINDOW.transform, shape_yx=(900, 900))
    groups = groups_of_window(numbered(square(3, 40, 2), square(600, 700, 2), square(5, 43, 2)), wide)
    assert sorted(g.numbers for g in groups) == [(0, 2), (1,)]
    assert max(g.window.shape_yx[0] for g in groups) < 10


def test_windows_are_cut_to_the_cube_and_fields_outside_are_left_out() -> None:
    (group,) = groups_of_window(numbered(square(38, 28, 5), square(40, 5, 2), square(90, 0, 2)), WINDOW)
    assert group.numbers == (0,)
    assert group.window.bounds == (WINDOW.bounds[0] + 380, WINDOW.bounds[1], WINDOW.bounds[2], WINDOW.bounds[1] + 20)


def test_fields_of_an_archive_lie_on_its_lattice_and_outside_its_footprint_nowhere() -> None:
    archive = FakeArchive("plain", 32)
    inside = Field(id=1, geometry=box(11.003, 48.002, 11.004, 48.003))
    outside = Field(id=2, geometry=box(12.003, 48.002, 12.004, 48.003))
    (group,) = groups_of_archive({0: outside, 1: inside}, archive)
    assert group.numbers == (1,)
    assert inside.geometry is not None
    expected = archive.grid(Region(geometry=inside.geometry)).window(Region(geometry=inside.geometry))
    assert group.window == expected


def test_fields_of_two_zones_have_windows_in_two_crs() -> None:
    class Zones(FakeArchive):
        """An archive that reads each place in its own zone."""

        footprint = box(5, 40, 20, 50)

        def grid(self, region: Region) -> object:  # type: ignore[override]
            return type(super().grid(region))(crs=utm_crs(region), resolution_m=10.0, tile_size=32)

    west, east = box(11.9, 48.0, 11.901, 48.001), box(12.1, 48.0, 12.101, 48.001)
    groups = groups_of_archive({0: Field(id=1, geometry=west), 1: Field(id=2, geometry=east)}, Zones("plain", 32))  # type: ignore[arg-type]
    assert sorted(g.window.crs for g in groups) == ["EPSG:32632", "EPSG:32633"]


def test_polygons_come_back_to_where_they_were() -> None:
    shape = square(7.25, 8.5, 3)
    (again,) = projected([in_degrees(shape)], WINDOW.crs)
    assert again.symmetric_difference(shape).area < 1e-2


def test_a_cut_of_a_cube_shows_the_same_pixels(tmp_path: Path) -> None:
    whole = open_scene(tmp_path, dates=5).source.whole
    (group,) = groups_of_window(numbered(square(3, 4, 2), square(10, 6, 3)), whole.window)
    part = cut(whole, group.window)
    assert part.shape_yx == (5, 10)
    assert np.array_equal(part.ndvi(), whole.ndvi()[:, 4:9, 3:13], equal_nan=True)
