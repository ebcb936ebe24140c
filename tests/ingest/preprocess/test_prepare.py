"""Preparation: checked, masked and filtered, the same whatever the archive and however an area is cut."""

from dataclasses import replace
from datetime import UTC, datetime

import numpy as np
import pytest
from affine import Affine
from hypothesis import given, settings
from hypothesis import strategies as st

from core.bands import Floats
from core.errors import InvalidOption, ReadFailed
from core.grid import Window
from core.settings import Settings
from ingest.archive import TOA_BANDS, Reading, Scene
from ingest.preprocess.clouds import CLOUDLESS_REACH
from ingest.preprocess.prepare import SCL_CLASSES, Preparation, margin_pixels, prepare
from ingest.preprocess.radar import lee_filter
from ingest.rules.numbers import SCL_CLEAR

S2 = Scene(scene_id="S2B_1", time=datetime(2022, 6, 7, tzinfo=UTC), sensor="s2", baseline="05.10")
S1 = replace(S2, scene_id="S1A_1", sensor="s1", baseline="")
SHAPE = (20, 30)
LAND = (0.12, 0.09, 0.06, 0.10, 0.30, 0.32, 0.10, 0.002, 0.20, 0.10)
CLOUD = (0.60, 0.60, 0.60, 0.62, 0.65, 0.65, 0.30, 0.020, 0.40, 0.30)


def window(shape_yx: tuple[int, int] = SHAPE, resolution_m: float = 10) -> Window:
    lattice = Affine(resolution_m, 0, 600_000, 0, -resolution_m, 5_600_000)
    return Window(crs="EPSG:32632", transform=lattice, shape_yx=shape_yx)


def optical(shape_yx: tuple[int, int] = SHAPE) -> dict[str, Floats]:
    y, x = np.indices(shape_yx)
    return {b: (base + 1e-4 * y + 1e-5 * x).astype(np.float32) for b, base in (("B04", 0.05), ("B08", 0.3))}


def scl(shape_yx: tuple[int, int] = SHAPE, **classes: tuple[slice, slice]) -> np.ndarray:
    codes = np.full(shape_yx, 4, np.uint8)
    for name, place in classes.items():
        codes[place] = int(name.removeprefix("class_"))
    return codes


def hidden(reading: Reading, preparation: Preparation | None = None, resolution_m: float = 10) -> np.ndarray:
    """Return (Y, X), True where nothing is left of the red band."""
    shape_yx = next(iter(reading.values.values())).shape
    where = window((shape_yx[0], shape_yx[1]), resolution_m)
    return np.isnan(prepare(S2, reading, where, preparation or Preparation()).values["B04"])


def test_the_default_classes_are_those_that_are_not_clear() -> None:
    assert set(Preparation().classes) == set(SCL_CLASSES) - set(SCL_CLEAR)


def test_the_settings_and_the_defaults_agree(settings: Settings) -> None:
    assert Preparation.from_settings(settings) == Preparation()


@pytest.mark.parametrize("text", ["4 twelve", "12", "-1", "3,8"])
def test_classes_that_do_not_exist_are_refused(text: str) -> None:
    with pytest.raises(InvalidOption, match="LANDCAST_CLOUD_CLASSES"):
        Preparation.from_settings(Settings(cloud_classes=text))


def test_an_even_speckle_window_is_refused() -> None:
    with pytest.raises(InvalidOption, match="LANDCAST_SPECKLE_WINDOW"):
        Preparation.from_settings(Settings(speckle_window=4))
    assert Preparation.from_settings(Settings(speckle_window=5)).speckle_window == 5


def test_no_classes_at_all_mask_nothing_but_missing_data() -> None:
    preparation = Preparation.from_settings(Settings(cloud_classes=""))
    mask = scl(class_9=np.s_[2:5, 2:5], class_0=np.s_[0:1, :])
    np.testing.assert_array_equal(hidden(Reading(values=optical(), mask=mask, mask_kind="SCL"), preparation), mask == 0)


@pytest.mark.parametrize(
    "other",
    [
        Preparation(cloud_mask="none"),
        Preparation(classes=(8, 9)),
        Preparation(dilation_m=30),
        Preparation(speckle_window=5),
    ],
)
def test_every_choice_changes_the_key(other: Preparation) -> None:
    assert other.key() != Preparation().key()
    assert set(other.key()) == {"version", "cloud_mask", "classes", "dilation_m", "speckle_window"}


def test_a_cloud_is_hidden_with_20_m_around_it() -> None:
    mask = scl(class_9=np.s_[10:11, 15:16])
    found = hidden(Reading(values=optical(), mask=mask, mask_kind="SCL"))
    y, x = np.indices(SHAPE)
    np.testing.assert_array_equal(found, (y - 10) ** 2 + (x - 15) ** 2 <= 4)


def test_dilation_is_in_metres_whatever_the_pixel() -> None:
    mask = scl(class_9=np.s_[10:11, 15:16])
    reading = Reading(values=optical(), mask=mask, mask_kind="SCL")
    assert hidden(reading, resolution_m=20).sum() == 5
    assert hidden(reading, resolution_m=60).sum() == 1
    assert hidden(reading, resolution_m=10.000001).sum() == 13


def test_missing_data_is_hidden_and_not_grown() -> None:
    mask = scl(class_0=np.s_[:, :7], class_255=np.s_[:, 25:])
    found = hidden(Reading(values=optical(), mask=mask, mask_kind="SCL"))
    np.testing.assert_array_equal(found, (mask == 0) | (mask == 255))


def test_all_bands_are_hidden_together() -> None:
    mask = scl(class_8=np.s_[3:6, 3:6])
    found = prepare(S2, Reading(values=optical(), mask=mask, mask_kind="SCL"), window(), Preparation()).values
    np.testing.assert_array_equal(np.isnan(found["B04"]), np.isnan(found["B08"]))


def test_what_is_not_hidden_keeps_its_value() -> None:
    mask = scl(class_8=np.s_[3:6, 3:6])
    values = optical()
    found = prepare(S2, Reading(values=values, mask=mask, mask_kind="SCL"), window(), Preparation()).values
    for band in values:
        seen = np.isfinite(found[band])
        np.testing.assert_array_equal(found[band][seen], values[band][seen])
        assert found[band].dtype == np.float32


def test_a_scene_without_a_mask_is_treated_as_clear_with_a_note() -> None:
    found = prepare(S2, Reading(values=optical()), window(), Preparation())
    assert np.isfinite(found.values["B04"]).all()
    assert found.notes == ("it has no cloud mask and was treated as clear",)


@pytest.mark.parametrize("kind", ["masked already", "no mask wanted"])
def test_no_doubt_is_raised_where_no_mask_is_needed(kind: str) -> None:
    is_masked = kind == "masked already"
    preparation = Preparation() if is_masked else Preparation(cloud_mask="none")
    assert prepare(S2, Reading(values=optical(), is_masked=is_masked), window(), preparation).notes == ()


def test_the_notes_of_the_reading_are_kept_in_front() -> None:
    found = prepare(S2, Reading(values=optical(), notes=("it lies on another lattice",)), window(), Preparation())
    assert found.notes[0] == "it lies on another lattice"
    assert len(found.notes) == 2


def test_red_and_near_infrared_without_light_are_unseen() -> None:
    values = optical()
    values["B04"][0], values["B08"][0] = 0, -0.01
    values["B04"][1] = 0
    found = hidden(Reading(values=values, is_masked=True), Preparation(cloud_mask="none"))
    np.testing.assert_array_equal(found.any(axis=1), np.arange(SHAPE[0]) == 0)


def test_an_index_alone_is_masked_and_not_judged_as_reflectance() -> None:
    index = np.full(SHAPE, -0.4, np.float32)
    mask = scl(class_0=np.s_[:, :3])
    found = prepare(S2, Reading(values={"NDVI": index}, mask=mask, mask_kind="SCL"), window(), Preparation())
    np.testing.assert_array_equal(np.isnan(found.values["NDVI"]), mask == 0)
    np.testing.assert_array_equal(found.values["NDVI"][:, 3:], index[:, 3:])


def test_reflectance_that_no_sensor_gives_is_hidden() -> None:
    values = optical()
    values["B04"][4, 4] = -0.3
    assert hidden(Reading(values=values, is_masked=True)).sum() == 1


def test_an_offset_applied_twice_is_refused_on_clear_pixels_even_of_dark_water() -> None:
    values = {b: np.full((60, 60), -0.08, np.float32) for b in ("B04", "B08")}
    with pytest.raises(ReadFailed, match="had been applied before"):
        prepare(S2, Reading(values=values, is_masked=True, offset=-0.1), window((60, 60)), Preparation())


@pytest.mark.parametrize(("dark", "is_refused"), [(-0.08, True), (0.03, False)])
def test_of_a_small_window_the_whole_scene_is_judged(dark: float, is_refused: bool) -> None:
    whole = Reading(
        values={"B04": np.full((60, 60), dark, np.float32)}, mask=scl((60, 60), class_9=np.s_[:5]), mask_kind="SCL"
    )
    few = {b: np.full((4, 4), v, np.float32) for b, v in (("B04", 0.05), ("B08", 0.3))}
    reading = Reading(values=few, is_masked=True, offset=-0.1, whole=lambda: whole)
    if is_refused:
        with pytest.raises(ReadFailed, match="had been applied before"):
            prepare(S2, reading, window((4, 4)), Preparation())
    else:
        assert prepare(S2, reading, window((4, 4)), Preparation()).notes == ()


def test_the_whole_scene_is_not_read_where_the_window_tells_or_nothing_is_clear() -> None:
    def whole() -> Reading:
        raise AssertionError

    many = {b: np.full((60, 60), 0.04, np.float32) for b in ("B04", "B08")}
    prepare(S2, Reading(values=many, is_masked=True, offset=-0.1, whole=whole), window((60, 60)), Preparation())
    few = {b: np.full((4, 4), 0.04, np.float32) for b in ("B04", "B08")}
    prepare(S2, Reading(values=few, is_masked=True, whole=whole), window((4, 4)), Preparation())
    cloudy = Reading(values=few, mask=scl((4, 4), class_9=np.s_[:]), mask_kind="SCL", offset=-0.1, whole=whole)
    prepare(S2, cloudy, window((4, 4)), Preparation())


def test_clouds_do_not_hide_an_offset_left_in_nor_look_like_one() -> None:
    values = {b: np.full((60, 120), 0.13, np.float32) for b in ("B02", "B04", "B08")}
    mask = scl((60, 120), class_9=np.s_[:, 60:])
    values["B04"][:, 60:] = 0.01
    reading = Reading(values=values, mask=mask, mask_kind="SCL")
    assert "left in" in prepare(S2, reading, window((60, 120)), Preparation()).notes[0]
    swapped = replace(reading, mask=mask[:, ::-1])
    assert prepare(S2, swapped, window((60, 120)), Preparation()).notes == ()


def test_radar_is_filtered_where_requested_and_otherwise_left_as_it_is() -> None:
    power = np.random.default_rng(0).gamma(4, 0.01, SHAPE).astype(np.float32)
    reading = Reading(values={"VV": power}, notes=("n",))
    plain = prepare(S1, reading, window(), Preparation())
    np.testing.assert_array_equal(plain.values["VV"], power)
    assert plain.notes == ("n",)
    filtered = prepare(S1, reading, window(), Preparation(speckle_window=5)).values["VV"]
    np.testing.assert_array_equal(filtered, lee_filter(power, 5))


def test_weather_passes_through() -> None:
    values = {"temperature_2m": np.full(SHAPE, 281, np.float32)}
    assert prepare(replace(S2, sensor="weather"), Reading(values=values), window(), Preparation()).values is values


def test_level_1c_is_requested_for_optical_scenes_and_s2cloudless_alone() -> None:
    requested = Preparation(cloud_mask="s2cloudless")
    assert requested.extra_bands(S2) == TOA_BANDS
    assert requested.extra_bands(S1) == Preparation().extra_bands(S2) == ()


def cloudy(**classes: tuple[slice, slice]) -> Reading:
    """Return a reading with a cloud at rows 5 to 12, columns 5 to 15 that its own mask does not know."""
    pixels = np.broadcast_to(np.array(LAND, np.float32), (40, 50, 10)).copy()
    pixels[5:12, 5:15] = CLOUD
    top = {b: pixels[..., i] for i, b in enumerate(TOA_BANDS)}
    return Reading(values={**optical((40, 50)), **top}, mask=scl((40, 50), **classes), mask_kind="SCL")


def test_s2cloudless_decides_on_clouds_and_the_scene_classes_on_the_rest() -> None:
    found = hidden(
        cloudy(class_9=np.s_[25:28, 30:33], class_3=np.s_[30:31, 5:6]), Preparation(cloud_mask="s2cloudless")
    )
    assert found[5:12, 5:15].all()
    assert not found[25:28, 30:33].any()
    assert found[28:33, 5].all()


def test_what_s2cloudless_could_not_look_at_is_hidden_and_not_grown() -> None:
    reading = cloudy()
    reading.values["TOA_B10"][:, 45:] = np.nan
    found = hidden(reading, Preparation(cloud_mask="s2cloudless"))
    assert found[:, 45:].all()
    assert not found[20:, :45].any()


def test_level_1c_is_not_part_of_what_is_kept() -> None:
    assert set(prepare(S2, cloudy(), window((40, 50)), Preparation(cloud_mask="s2cloudless")).values) == {"B04", "B08"}


def test_s2cloudless_on_an_archive_without_level_1c_is_refused() -> None:
    with pytest.raises(InvalidOption, match="Level-1C"):
        prepare(S2, Reading(values=optical()), window(), Preparation(cloud_mask="s2cloudless"))


def test_the_margin_is_as_wide_as_the_widest_reach() -> None:
    assert margin_pixels(Preparation(), 10) == 2
    assert margin_pixels(Preparation(), 10.000001) == 2
    assert margin_pixels(Preparation(), 60) == 0
    assert margin_pixels(Preparation(speckle_window=9), 10) == 4
    assert margin_pixels(Preparation(cloud_mask="none"), 10) == 0
    assert margin_pixels(Preparation(cloud_mask="s2cloudless"), 10) == 2 + CLOUDLESS_REACH


@settings(max_examples=50)
@given(st.integers(0, 2**32 - 1), st.floats(0, 65), st.sampled_from([0, 3, 7]), st.integers(0, 11), st.integers(0, 17))
def test_a_part_read_with_the_margin_equals_the_whole(
    seed: int, dilation_m: float, speckle_window: int, row: int, column: int
) -> None:
    preparation = Preparation(dilation_m=dilation_m, speckle_window=speckle_window)
    margin = margin_pixels(preparation, 10)
    mask = np.random.default_rng(seed).choice(np.array([4, 4, 4, 4, 5, 6, 9, 3, 0], np.uint8), (40, 50))
    values = optical((40, 50))
    power = np.random.default_rng(seed).gamma(4, 0.01, (40, 50)).astype(np.float32)
    part = np.s_[max(row - margin, 0) : row + 10 + margin, max(column - margin, 0) : column + 10 + margin]
    inner = np.s_[min(row, margin) : min(row, margin) + 10, min(column, margin) : min(column, margin) + 10]
    shape_yx = (mask[part].shape[0], mask[part].shape[1])

    whole = prepare(S2, Reading(values=values, mask=mask, mask_kind="SCL"), window((40, 50)), preparation)
    cut = Reading(values={b: v[part] for b, v in values.items()}, mask=mask[part], mask_kind="SCL")
    found = prepare(S2, cut, window(shape_yx), preparation)
    here = np.s_[row : row + 10, column : column + 10]
    np.testing.assert_array_equal(found.values["B04"][inner], whole.values["B04"][here])

    whole = prepare(S1, Reading(values={"VV": power}), window((40, 50)), preparation)
    found = prepare(S1, Reading(values={"VV": power[part]}), window(shape_yx), preparation)
    np.testing.assert_allclose(found.values["VV"][inner], whole.values["VV"][here], rtol=1e-5)


@pytest.mark.parametrize(
    ("reading", "cloud_mask", "used"),
    [
        ({"mask": scl(), "mask_kind": "SCL"}, "scene", "SCL"),
        ({"mask": scl(), "mask_kind": "CLM"}, "scene", "CLM"),
        ({}, "scene", "none"),
        ({"mask": scl(), "mask_kind": "SCL"}, "none", "none"),
        ({"is_masked": True, "masked_by": "QA60"}, "scene", "QA60"),
        ({"is_masked": True, "masked_by": "none"}, "scene", "none"),
        ({"is_masked": True}, "none", "that of the archive"),
    ],
)
def test_the_mask_that_was_used_is_stated(reading: dict[str, object], cloud_mask: str, used: str) -> None:
    preparation = Preparation(cloud_mask=cloud_mask)  # type: ignore[arg-type]
    given = Reading(values=optical(), **reading)  # type: ignore[arg-type]
    assert prepare(S2, given, window(), preparation).mask == used


def test_radar_has_no_cloud_mask() -> None:
    power = np.full(SHAPE, 0.1, np.float32)
    assert prepare(S1, Reading(values={"VV": power}), window(), Preparation()).mask == ""
