"""Clouds: what a mask hides, how far it is grown, and s2cloudless with its own model."""

from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as npst
from numpy.typing import NDArray

from core.bands import Floats
from core.errors import InvalidOption
from ingest.archive import TOA_BANDS
from ingest.preprocess.clouds import CLOUDLESS_REACH, Mask, check_installed, cloudless, dilate, hidden_by, no_toa
from ingest.rules.numbers import is_clear

CLASSES = (0, 1, 3, 8, 9, 10, 11)
SHAPES = npst.array_shapes(min_dims=2, max_dims=2, max_side=14)
MASKS = npst.arrays(bool, SHAPES)
CODES = npst.arrays(np.uint8, SHAPES, elements=st.sampled_from([*range(12), 255]))
RADII = st.floats(0, 6)

LAND = (0.12, 0.09, 0.06, 0.10, 0.30, 0.32, 0.10, 0.002, 0.20, 0.10)
"""Top-of-atmosphere reflectance of a green field, in the order of TOA_BANDS."""
CLOUD = (0.60, 0.60, 0.60, 0.62, 0.65, 0.65, 0.30, 0.020, 0.40, 0.30)


def near(hidden: Mask, radius: float) -> Mask:
    """Return what `dilate` promises, one pair of pixels at a time."""
    y, x = np.nonzero(hidden)
    rows, columns = np.indices(hidden.shape)
    far = (rows[..., None] - y) ** 2 + (columns[..., None] - x) ** 2
    return np.asarray((far <= max(radius, 0.5) ** 2).any(axis=-1))


def top_of_atmosphere(is_cloud: Mask) -> dict[str, Floats]:
    noise = np.random.default_rng(3).normal(1, 0.03, (*is_cloud.shape, 10))
    pixels = (np.where(is_cloud[..., None], CLOUD, LAND) * noise).astype(np.float32)
    return {b: pixels[..., i] for i, b in enumerate(TOA_BANDS)}


@given(MASKS, RADII)
def test_dilation_hides_exactly_what_lies_within_the_radius(hidden: Mask, radius: float) -> None:
    np.testing.assert_array_equal(dilate(hidden, radius), near(hidden, radius))


@given(MASKS, RADII)
def test_dilation_never_shrinks(hidden: Mask, radius: float) -> None:
    assert (dilate(hidden, radius) >= hidden).all()


@given(MASKS, RADII, RADII)
def test_dilation_grows_with_its_radius(hidden: Mask, one: float, other: float) -> None:
    assert (dilate(hidden, max(one, other)) >= dilate(hidden, min(one, other))).all()


@given(MASKS, RADII, st.data())
def test_dilation_grows_with_what_is_hidden(hidden: Mask, radius: float, data: st.DataObject) -> None:
    more = hidden | data.draw(npst.arrays(bool, hidden.shape))
    assert (dilate(more, radius) >= dilate(hidden, radius)).all()


@given(MASKS, RADII, st.integers(0, 5), st.integers(0, 5))
def test_dilation_moves_with_its_mask(hidden: Mask, radius: float, down: int, right: int) -> None:
    margin = 6
    there = dilate(np.pad(hidden, ((margin + down, margin), (margin + right, margin))), radius)
    here = dilate(np.pad(hidden, margin), radius)
    np.testing.assert_array_equal(there[down:, right:], here)


@given(MASKS, RADII, st.integers(0, 13))
def test_a_part_with_a_margin_is_dilated_as_the_whole(hidden: Mask, radius: float, row: int) -> None:
    margin = int(radius)
    first = min(row, hidden.shape[0] - 1)
    top = max(first - margin, 0)
    part = dilate(hidden[top : first + 1 + margin], radius)[first - top]
    np.testing.assert_array_equal(part, dilate(hidden, radius)[first])


def test_a_part_without_a_margin_does_not_see_the_clouds_beside_it() -> None:
    hidden = np.zeros((4, 4), bool)
    hidden[0] = True
    assert dilate(hidden, 2)[1:].any()
    assert not dilate(hidden[1:], 2).any()


@given(CODES)
def test_scene_classes_hide_what_is_not_clear(codes: NDArray[np.uint8]) -> None:
    np.testing.assert_array_equal(hidden_by(codes, "SCL", CLASSES)[0], ~is_clear(codes, "SCL"))


@given(CODES, st.sampled_from(["SCL", "CLM", "clear"]), st.sets(st.integers(0, 11)))
def test_what_is_grown_is_hidden_and_has_data(codes: NDArray[np.uint8], kind: str, classes: set[int]) -> None:
    hidden, grown = hidden_by(codes, kind, classes)
    assert (grown <= hidden).all()
    assert not grown[codes == 255].any()
    assert hidden[codes == 255].all()
    assert kind != "SCL" or (hidden[codes == 0].all() and not grown[codes == 0].any())


@given(CODES, st.sets(st.integers(0, 11)), st.sets(st.integers(0, 11)))
def test_more_classes_hide_more(codes: NDArray[np.uint8], some: set[int], more: set[int]) -> None:
    assert (hidden_by(codes, "SCL", some | more)[0] >= hidden_by(codes, "SCL", some)[0]).all()


def test_a_clear_mask_is_not_grown_and_a_cloud_mask_is() -> None:
    assert not hidden_by(np.array([[0, 1, 255]], np.uint8), "clear", ())[1].any()
    np.testing.assert_array_equal(hidden_by(np.array([[0, 1, 255]], np.uint8), "CLM", ())[1], [[False, True, False]])


def test_a_mask_of_another_kind_is_refused() -> None:
    with pytest.raises(ValueError, match="FMASK"):
        hidden_by(np.zeros((2, 2), np.uint8), "FMASK", ())


def test_s2cloudless_finds_the_cloud_and_only_its_surroundings() -> None:
    is_cloud = np.zeros((40, 50), bool)
    is_cloud[5:20, 8:30] = True
    found = cloudless(top_of_atmosphere(is_cloud))
    assert found[is_cloud].mean() > 0.95
    assert not found[~dilate(is_cloud, CLOUDLESS_REACH)].any()


def test_s2cloudless_sees_no_cloud_where_there_is_no_data_and_one_up_to_its_edge() -> None:
    is_cloud = np.ones((30, 30), bool)
    values = top_of_atmosphere(is_cloud)
    values["TOA_B09"][:, 12:] = np.nan
    found = cloudless(values)
    np.testing.assert_array_equal(no_toa(values)[0], np.arange(30) >= 12)
    assert found[:, :12].all()
    assert not found[:, 12:].any()


def test_s2cloudless_sees_nothing_where_nothing_was_recorded() -> None:
    assert not cloudless({b: np.full((5, 4), np.nan, np.float32) for b in TOA_BANDS}).any()


def test_s2cloudless_with_a_margin_finds_the_same_as_in_the_whole() -> None:
    is_cloud = np.zeros((60, 40), bool)
    is_cloud[18:31, 5:30] = True
    values = top_of_atmosphere(is_cloud)
    part = cloudless({b: v[20 - CLOUDLESS_REACH : 40 + CLOUDLESS_REACH] for b, v in values.items()})
    np.testing.assert_array_equal(part[CLOUDLESS_REACH:-CLOUDLESS_REACH], cloudless(values)[20:40])


def test_s2cloudless_without_level_1c_is_refused_with_a_way_out() -> None:
    with pytest.raises(InvalidOption, match="needs Level-1C bands, and the archive has none; use 'scene'"):
        cloudless({"B04": np.ones((3, 3), np.float32)})


def test_s2cloudless_without_one_band_names_it() -> None:
    values = top_of_atmosphere(np.zeros((3, 3), bool))
    del values["TOA_B10"]
    with pytest.raises(InvalidOption, match="does not give TOA_B10"):
        cloudless(values)


def test_a_missing_package_is_reported_with_the_command_that_installs_it() -> None:
    check_installed()
    with pytest.raises(InvalidOption, match=r"pip install landcast\[clouds\]"):
        check_installed("no_package_of_this_name")


@pytest.mark.parametrize(("scene", "date"), [(0, 2), (1, 1), (2, 4), (3, 3), (4, 0)])
def test_s2cloudless_gives_the_published_mask_of_real_scenes(real_data: Path, scene: int, date: int) -> None:
    folder = real_data / "slovenia_testeopatch"
    with xr.open_dataset(folder / "reference_scenes_5x13bands.nc") as held:
        pixels = held["reflectance_L1C"][scene].astype(np.float32).load()
    with xr.open_dataset(folder / "testeopatch.nc") as held:
        published = held["CLM_S2C"][date].values == 1
    values = {b: pixels.sel(band=b.removeprefix("TOA_")).values for b in TOA_BANDS}
    np.testing.assert_array_equal(cloudless(values), published)
