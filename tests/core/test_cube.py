from dataclasses import replace
from datetime import date

import numpy as np
import pytest
import xarray as xr
from xarray.backends import BackendArray
from xarray.core import indexing

import core.cube as cubes
from core.bands import CHANNELS, Floats, channel
from core.cube import Cube, SceneRecord, Series, masks_used, preparation_done
from core.timeline import Period, to_date, to_day
from tests.core.cubes import WINDOW, cube, optical


def test_a_cube_knows_its_bands_size_and_period() -> None:
    assert cube().optical == ("B04", "B08")
    assert cube().radar == ("VV",)
    assert cube().pixels == 6
    assert cube().period == Period(start=date(2022, 5, 1), end=date(2022, 5, 6))


def test_an_axis_that_a_cube_lacks_has_no_days() -> None:
    assert len(cube().axis_days("time_s1")) == 2
    assert len(Cube(data=cube().data.drop_dims("time_s1"), window=WINDOW, archive="test").axis_days("time_s1")) == 0


def test_ndvi_is_unseen_where_red_is_unseen() -> None:
    index = cube().ndvi()
    assert index.shape == (2, 2, 3)
    assert np.argwhere(np.isnan(index)).tolist() == [[0, 1, 2]]
    assert cube().clear_count().tolist() == [[2, 2, 2], [2, 2, 1]]


@pytest.mark.parametrize("first", ["2022-05-01", "1969-11-01"])
@pytest.mark.parametrize("at_once", [1, 6, 10**6])
def test_clear_dates_are_counted_and_the_last_is_known(
    first: str, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cubes, "MOST_CLEAR", at_once)
    rng = np.random.default_rng(1)
    ndvi = np.where(rng.random((7, 2, 3)) < 0.5, 0.5, np.nan).astype(np.float32)
    ndvi[:, 1, 1] = np.nan
    order = np.array([3, 0, 6, 6, 1, 5, 2])
    time = np.datetime64(first, "D") + order
    data = xr.Dataset({"NDVI": (("time", "y", "x"), ndvi)}, coords={"time": time.astype("datetime64[ns]")})
    count, last = Cube(data=data, window=WINDOW, archive="test").clear_and_last()
    np.testing.assert_array_equal(count, np.isfinite(ndvi).sum(axis=0))
    days = time.astype(int)
    expected = [
        [max((d for d, v in zip(days, column, strict=True) if np.isfinite(v)), default=-1) for column in row.T]
        for row in ndvi.transpose(1, 0, 2)
    ]
    assert last.tolist() == expected


def test_a_cube_of_radar_alone_has_no_clear_date() -> None:
    radar = Cube(data=cube().data[["VV"]].drop_vars("time", errors="ignore"), window=WINDOW, archive="test")
    count, last = radar.clear_and_last()
    assert (count.shape, count.any(), last.tolist()) == (WINDOW.shape_yx, False, [[-1] * 3] * 2)


def test_b8a_stands_in_for_b08() -> None:
    narrow = Cube(data=cube().data.rename(B08="B8A"), window=WINDOW, archive="test")
    np.testing.assert_array_equal(narrow.ndvi(), cube().ndvi())


@pytest.mark.parametrize("dropped", [["B08"], ["B04"], ["B04", "B08"]])
def test_the_variable_ndvi_serves_where_a_band_is_missing(dropped: list[str]) -> None:
    given = cube(NDVI=optical(-0.1, 2))
    part = Cube(data=given.data.drop_vars(dropped), window=WINDOW, archive="test")
    np.testing.assert_array_equal(part.ndvi(), given.data["NDVI"].values)


def test_failed_scenes_stay_on_record() -> None:
    read, failed = (
        SceneRecord(scene_id=i, time="2022-05-01T10:00:00Z", failure=f) for i, f in (("a", ""), ("b", "gone"))
    )
    assert Cube(data=cube().data, window=WINDOW, archive="test", scenes=(read, failed)).failures == (failed,)


def test_between_cuts_every_axis() -> None:
    part = cube().between(Period(start=date(2022, 5, 2), end=date(2022, 5, 5)))
    assert [len(part.axis_days(a)) for a in ("time", "time_s1", "time_weather")] == [0, 1, 2]


def test_before_leaves_the_day_itself_out() -> None:
    assert [to_date(d) for d in cube().before(date(2022, 5, 6)).axis_days("time")] == [date(2022, 5, 1)]
    assert len(cube().before(date(2022, 5, 1)).axis_days("time_weather")) == 0


def test_nothing_is_left_before_the_first_day_and_that_is_a_series_without_dates() -> None:
    empty = cube().before(date(2022, 5, 1)).before(date(2022, 4, 1)).series()
    assert empty.values.shape == (6, 0, len(CHANNELS))


def test_a_series_holds_each_pixel_row_by_row_on_the_union_of_dates() -> None:
    series = cube().series()
    assert series.ids.tolist() == ["0", "1", "2", "3", "4", "5"]
    assert [to_date(d).day for d in series.days[0]] == [1, 2, 3, 6]
    last = cube().data["B08"].values[1]
    np.testing.assert_array_equal(series.values[:, 3, channel("B08")], last.ravel())
    np.testing.assert_array_equal(series.values[:, 2, channel("VV")], cube().data["VV"].values[0].ravel())
    np.testing.assert_array_equal(series.values[:, 0, channel("NDVI")], cube().ndvi()[0].ravel())


def test_a_series_is_unseen_where_the_cube_has_no_observation() -> None:
    values = cube().series().values
    assert np.isnan(values[:, 1:3, channel("B08")]).all()
    assert np.isnan(values[5, 0, channel("B04")])
    assert np.isnan(values[:, :, channel("B12")]).all()


def test_weather_is_the_same_for_all_pixels() -> None:
    warmth = cube().series().values[:, :, channel("temperature_2m")]
    np.testing.assert_array_equal(warmth[:, :3], np.tile(np.float32([280, 281, 282]), (6, 1)))


def test_rows_of_a_cube_give_the_same_series_as_the_whole() -> None:
    whole, second = cube().series(), cube().series(slice(1, 2))
    assert second.ids.tolist() == ["3", "4", "5"]
    np.testing.assert_array_equal(second.values, whole.values[3:])
    np.testing.assert_array_equal(second.days, whole.days[3:])


def test_a_cube_with_an_empty_optical_axis_still_has_radar_series() -> None:
    part = cube().between(Period(start=date(2022, 5, 3), end=date(2022, 5, 3)))
    series = part.series()
    assert np.isfinite(series.values[:, 0, channel("VV")]).all()
    assert np.isnan(series.values[:, 0, channel("NDVI")]).all()


def series(rows: int) -> Series:
    days = np.tile(np.int32([to_day(date(2022, 5, d)) for d in (1, 6)]), (rows, 1))
    values = np.arange(rows * 2 * len(CHANNELS), dtype=np.float32).reshape(rows, 2, len(CHANNELS))
    return Series(ids=np.arange(rows).astype(str), days=days, values=values, static=np.float32([[500, 3]] * rows))


def test_taking_rows_keeps_ids_days_values_and_terrain_together() -> None:
    part = series(4).take(np.array([3, 1]))
    assert part.ids.tolist() == ["3", "1"]
    np.testing.assert_array_equal(part.values, series(4).values[[3, 1]])
    assert part.static is not None
    assert part.static.shape == (2, 2)
    assert len(series(4).take(slice(0, 3))) == 3


def test_days_outside_the_period_of_each_series_are_unseen() -> None:
    whole = series(2)
    fifth, sixth = (to_day(date(2022, 5, d)) for d in (5, 6))
    part = whole.between(np.int32([0, fifth]), np.int32([fifth, sixth]))
    assert np.isfinite(part.values).all(axis=2).tolist() == [[True, False], [False, True]]
    np.testing.assert_array_equal(part.days, whole.days)
    assert whole.between(np.int32([0, 0]), np.int32([sixth, sixth])) is whole
    assert np.isfinite(whole.values).all(), "the series itself is not changed"


def test_only_the_named_channels_and_ndvi_are_kept() -> None:
    whole = series(2)
    part = whole.only(["VV", "B04"])
    assert part.shown == ("B04", "NDVI", "VV")
    np.testing.assert_array_equal(part.values[..., channel("VV")], whole.values[..., channel("VV")])
    assert part.only(["VV", "B04"]) is part
    assert len(whole.shown) == len(CHANNELS)


def test_clear_dates_are_those_with_an_ndvi_and_the_last_row_counts_even_if_unseen() -> None:
    part = series(3)
    part.values[1, 1] = np.nan
    assert part.clear_count().tolist() == [2, 1, 2]
    assert part.last_days.tolist() == [to_day(date(2022, 5, 6))] * 3


def test_a_series_whose_parts_do_not_fit_cannot_be_made() -> None:
    whole = series(2)
    with pytest.raises(ValueError, match="do not fit"):
        Series(ids=whole.ids[:1], days=whole.days, values=whole.values)
    with pytest.raises(ValueError, match="do not fit"):
        Series(ids=whole.ids, days=whole.days, values=whole.values[:, :, :3])


def test_masks_that_were_used_are_counted_by_scene() -> None:
    masks = (("a", "SCL"), ("b", "none"), ("a", "SCL"), ("c", ""))
    scenes = [SceneRecord(scene_id=name, time="", mask=mask) for name, mask in masks]
    assert masks_used(scenes) == "SCL (1 scene), none (1 scene)"
    assert masks_used(scenes[:1]) == "SCL"
    assert masks_used(scenes[3:]) == ""
    done = preparation_done({"cloud_mask": "scene", "classes": [1]}, scenes[:1])
    assert done == {"cloud_mask": "SCL", "classes": [1]}
    assert preparation_done({"cloud_mask": "scene"}, []) == {"cloud_mask": "scene"}


class Stored(BackendArray):
    """Bands on a disk, (C, T, Y, X), that count how often they are read."""

    def __init__(self, pixels: Floats) -> None:
        self._pixels, self.shape, self.dtype = pixels, pixels.shape, pixels.dtype
        self.reads: list[tuple[int, ...]] = []

    def __getitem__(self, key: indexing.ExplicitIndexer) -> Floats:
        return indexing.explicit_indexing_adapter(key, self.shape, indexing.IndexingSupport.BASIC, self._get)

    def _get(self, key: tuple[int | slice, ...]) -> Floats:
        found = self._pixels[key]
        self.reads.append(found.shape)
        return found


def stored_cube(stored: Stored) -> Cube:
    whole, data = indexing.LazilyIndexedArray(stored), cube().data
    bands = {b: whole[indexing.BasicIndexer((n, *[slice(None)] * 3))] for n, b in enumerate(("B04", "B08"))}
    return Cube(data=data.assign({b: (("time", "y", "x"), v) for b, v in bands.items()}), window=WINDOW, archive="test")


def test_bands_that_are_parts_of_one_array_are_read_together_whatever_part_of_them() -> None:
    stored = Stored(np.stack([cube().data[b].values for b in ("B04", "B08")]))
    lazy = stored_cube(stored)
    assert (lazy.is_in_memory, cube().is_in_memory) == (False, True)
    xr.testing.assert_identical(lazy.loaded().data, cube().data)
    assert stored.reads == [(2, 2, 2, 3)]
    part = lazy.between(Period(start=date(2022, 5, 6), end=date(2022, 5, 6))).rows(slice(1, 2))
    loaded = part.loaded()
    assert (loaded.is_in_memory, stored.reads[1:]) == (True, [(2, 1, 1, 3)])
    np.testing.assert_array_equal(loaded.data["B08"].values, cube().data["B08"].values[1:, 1:2])
    assert loaded.window == part.window


def test_bands_of_different_dates_are_read_one_by_one() -> None:
    stored = Stored(np.stack([cube().data[b].values for b in ("B04", "B08")]))
    lazy = stored_cube(stored)
    first = (("other", "y", "x"), lazy.data["B04"][:1].variable._data)
    mixed = replace(lazy, data=lazy.data.assign(B04=first))
    np.testing.assert_array_equal(mixed.loaded().data["B04"].values, cube().data["B04"].values[:1])
    np.testing.assert_array_equal(mixed.loaded().data["B08"].values, cube().data["B08"].values)
