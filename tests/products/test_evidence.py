"""What a whole map rests on: months, halves of the year, bands, and the sentences about them."""

from dataclasses import replace
from datetime import date

import numpy as np
import pytest

from core.checkpoint import Checkpoint
from core.cube import Cube, Series
from core.timeline import Period, to_day
from models.network.evidence import months_seen
from products.catalogue import PRODUCTS, find_product
from products.evidence import (
    RADAR,
    RED,
    SUMMER,
    SWIR,
    VISIBLE,
    WINTER,
    MapEvidence,
    RestsOnSeries,
    SeenCounts,
    evidence_line,
    evidence_notes,
    few_caution,
    few_note,
    months_up_to,
    seen_codes,
    table_caution,
)
from tests.models.builders import wavy_series
from tests.products.cubes import small_cube

LAST = date(2018, 7, 31)
WHOLE = MapEvidence(
    months_seen=9, months_read=36, seasons_seen=("April to September", "October to March"), band_groups=("10 m bands",)
)


def with_bands(cube: Cube, *names: str) -> Cube:
    """Return a cube with further bands, seen in the first column alone."""
    data = cube.data.copy()
    for name in names:
        axis = "time_s1" if name in ("VV", "VH") else "time"
        band = data["B04"].copy().rename({"time": axis}) if axis != "time" else data["B04"].copy()
        band.values[:, :, 1:] = np.nan
        data[name] = band
    return replace(cube, data=data)


@pytest.mark.parametrize("months", [1, 7, 18, 36])
def test_months_and_halves_are_those_of_the_bands_that_the_option_adds(months: int) -> None:
    cube = small_cube()
    cube.data["B04"].values[::3, 2] = np.nan
    found, bits = seen_codes(cube, months_up_to(LAST, months))
    reference = np.full(cube.pixels, to_day(LAST) + 1, np.int32)
    counts, halves = months_seen(cube.series(), reference, months=months)
    np.testing.assert_array_equal(found.ravel(), counts)
    np.testing.assert_array_equal(bits.ravel() & (SUMMER | WINTER), halves)


def test_groups_of_bands_are_those_with_a_value_in_the_months_that_are_read() -> None:
    cube = with_bands(small_cube(), "B03", "B12", "VV")
    _, bits = seen_codes(cube, months_up_to(LAST, 36))
    assert {int(b) & (RED | VISIBLE | SWIR | RADAR) for b in bits[:, 0]} == {RED | VISIBLE | SWIR | RADAR}
    assert int(bits[0, 1]) & (VISIBLE | SWIR | RADAR) == 0
    assert bits[1, 2] == 0, "never seen"
    _, later = seen_codes(cube, Period(start=date(2030, 1, 1), end=date(2030, 2, 1)))
    assert not later.any()


def test_the_order_of_dates_changes_nothing() -> None:
    cube, days = with_bands(small_cube(), "B03", "VV"), months_up_to(LAST, 36)
    order = np.random.default_rng(0).permutation(cube.data.sizes["time"])
    np.testing.assert_array_equal(
        seen_codes(replace(cube, data=cube.data.isel(time=order)), days), seen_codes(cube, days)
    )


def test_parts_add_up_to_the_evidence_of_the_whole() -> None:
    codes, days = seen_codes(with_bands(small_cube(), "B02"), months_up_to(LAST, 36)), months_up_to(LAST, 36)
    mapped = codes[0] > 0
    whole = SeenCounts().plus(codes, mapped).evidence(days)
    parts = SeenCounts().plus(codes[:, :3], mapped[:3]).plus(codes[:, 3:], mapped[3:]).evidence(days)
    assert whole == parts
    assert whole is not None
    assert (whole.months_seen, whole.months_read) == (np.median(codes[0][mapped]), 36)
    assert whole.band_groups == ("red and near infrared",), "blue was seen of a fifth of the pixels"
    assert SeenCounts().evidence(days) is None


def test_class_maps_of_one_date_state_their_evidence_and_no_other_product_does() -> None:
    stating = {name for name, product in PRODUCTS.items() if isinstance(product, RestsOnSeries)}
    assert stating == {"canopy", "crop"}
    canopy = find_product("canopy")
    assert isinstance(canopy, RestsOnSeries)
    assert canopy.read_days(canopy.options.read({"change": "2018-01-01/2018-07-01"})) is None


def test_a_map_that_rests_on_enough_has_no_note() -> None:
    assert evidence_notes(WHOLE, 6, is_calibrated=True) == ()


def test_few_observations_say_what_that_means_for_the_model() -> None:
    (note,) = evidence_notes(WHOLE, 3, is_calibrated=True)
    assert note.startswith(
        "The map rests on few observations (3 clear ones a pixel, the median): its probabilities allow"
    )
    (other,) = evidence_notes(WHOLE, 3, is_calibrated=False)
    assert other.endswith("the probabilities of this model do not account for that, so they may be too sure.")


@pytest.mark.parametrize(
    ("seen", "missing"), [("April to September", "October to March"), ("October to March", "April to September")]
)
def test_one_half_of_the_year_is_named_with_the_one_that_is_missing(seen: str, missing: str) -> None:
    (note,) = evidence_notes(replace(WHOLE, seasons_seen=(seen,)), 20, is_calibrated=True)
    assert note == f"Most pixels were seen in {seen} only: do not rely on classes that differ in {missing} only."


@pytest.mark.parametrize("bands", ["NDVI", "red and near infrared"])
def test_ndvi_or_red_and_near_infrared_alone_are_named(bands: str) -> None:
    (note,) = evidence_notes(replace(WHOLE, band_groups=(bands,)), 20, is_calibrated=True)
    assert note.startswith(f"The map rests on {bands} alone: ")
    assert evidence_notes(replace(WHOLE, band_groups=(bands, "radar")), 20, is_calibrated=True) == ()


def test_a_line_says_all_of_it() -> None:
    assert evidence_line(WHOLE.to_json()) == (
        "The map rests on 9 of 36 months seen (median of the pixels), in April to September and October to March; "
        "bands: 10 m bands."
    )
    assert evidence_line({}) == ""


def test_a_map_of_a_date_long_after_the_last_clear_one_says_so() -> None:
    assert evidence_notes(WHOLE, 20, is_calibrated=True) == ()
    (note,) = evidence_notes(replace(WHOLE, is_recent=False), 20, is_calibrated=True)
    assert "more than half a year before the date of the map" in note
    cube = small_cube()
    for last, is_recent in ((LAST, True), (date(2019, 3, 31), False)):
        days = months_up_to(last, 36)
        codes = seen_codes(cube, days)
        found = SeenCounts().plus(codes, codes[0] > 0).evidence(days)
        assert found is not None
        assert found.is_recent is is_recent


def test_class_maps_south_of_the_tropics_carry_a_note_of_their_own() -> None:
    canopy, crop = (find_product(name) for name in ("canopy", "crop"))
    assert isinstance(canopy, RestsOnSeries)
    assert isinstance(crop, RestsOnSeries)
    assert "has learned of no trees" in canopy.place_note(-33.0)
    assert "hardly any label" in crop.place_note(-33.0)
    assert canopy.place_note(-10.0) == canopy.place_note(50.0) == crop.place_note(-10.0) == crop.place_note(50.0) == ""


def test_other_results_say_how_few_observations_they_rest_on() -> None:
    assert "(1 clear ones a pixel, the median)" in few_note(1.0)
    assert few_note(6.0) == few_note(float("nan")) == ""
    series = wavy_series(3)
    values = series.values.copy()
    values[1, 4:] = np.nan
    told = few_caution(Series(ids=series.ids, days=series.days, values=values))
    assert told.startswith("1 of 3 series have fewer than 6 clear observations (median of all: ")
    assert few_caution(series) == ""


def test_a_table_of_classes_says_how_many_series_rest_on_little() -> None:
    series = wavy_series(3)
    values = series.values.copy()
    values[1, 4:] = np.nan
    short = Series(ids=series.ids, days=series.days, values=values)
    plain = Checkpoint(name="x", task="crop", folder="", sha256="", card={"calibration": {"temperature": 1.0}})
    told = table_caution(short, plain)
    assert told.startswith("1 of 3 series have fewer than 6 clear observations")
    assert "too sure" in told
    assert table_caution(series, plain) == ""
