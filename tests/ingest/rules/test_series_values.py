"""Numbers of series: read in one way where it is the only one, else refused."""

from collections.abc import Callable

import numpy as np
import pytest

from ingest.rules.refusal import Refused
from ingest.rules.series_values import (
    FILLS,
    Owners,
    judge_backscatter,
    judge_ndvi,
    judge_precipitation,
    judge_reflectance,
    judge_temperature,
    without_empty_rows,
    without_fills,
)

RED = np.array([0.03, 0.05, 0.08, 0.04, 0.06, 0.02])
NIR = np.array([0.31, 0.35, 0.28, 0.41, 0.3, 0.37])
ROWS = Owners(series=np.array([0, 0, 0, 1, 1, 1]), ids=["a", "b"])
NAMES = {"B04": "red", "B08": "nir"}
SECOND = ROWS.series == 1


def reflectance(red: np.ndarray, nir: np.ndarray, offset: float = 0.0) -> tuple[np.ndarray, str]:
    found, taken, remarks = judge_reflectance({"B04": red, "B08": nir}, NAMES, ROWS, offset=offset)
    return np.stack([found["B04"], found["B08"]]), " ".join((*taken, *remarks))


@pytest.mark.parametrize("fill", [*FILLS, np.inf, -np.inf, 1e20, -3.4e38])
def test_fills_count_as_missing_and_are_counted(fill: float) -> None:
    found, remark = without_fills(
        {"B04": np.array([0.03, fill]), "VV": np.array([-9.0, -8.0])}, {"B04": "red", "VV": "VV"}
    )
    assert np.isnan(found["B04"]).tolist() == [False, True]
    assert remark.startswith("1 number means no data")
    assert remark.endswith("in red.")
    assert without_fills({"B04": RED}, NAMES) == ({"B04": RED}, "")


def test_rows_with_zero_in_red_and_near_infrared_have_no_data() -> None:
    found, remark = without_empty_rows({"B04": RED * [0, 1, 0, 1, 1, 1], "B08": NIR * [0, 0, 1, 1, 1, 1], "B11": NIR})
    assert np.isnan(found["B11"]).tolist() == [True] + [False] * 5
    assert remark == "1 row holds zero in red and near infrared and is left out."
    assert without_empty_rows({"B04": RED})[1] == ""


@pytest.mark.parametrize(
    ("factor", "remark"),
    [
        (1.0, ""),
        (1e4, "scale of red, nir: 0.0001, by the size of their numbers"),
        (np.where(SECOND, 1e4, 1.0), "1 of 2 series has digital numbers in red, nir, multiplied by 0.0001."),
        (1e2, "All series have percent in red, nir, multiplied by 0.01."),
    ],
)
def test_reflectance_is_scaled_series_by_series(factor: np.ndarray, remark: str) -> None:
    noise = 1 + 1e-3 * np.arange(6) if np.all(factor == 1e2) else 1.0
    found, said = reflectance(RED * noise * factor, NIR * noise * factor)
    np.testing.assert_allclose(found, np.stack([RED, NIR]) * noise, rtol=1e-5)
    assert said == remark


def test_dark_digital_numbers_are_told_by_the_other_series() -> None:
    water = np.where(SECOND, 40, 1.0)
    found, _ = reflectance(np.where(SECOND, water, RED * 1e4), np.where(SECOND, 30, NIR * 1e4))
    np.testing.assert_allclose(found[:, 3:], [[0.004] * 3, [0.003] * 3], rtol=1e-5)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        (
            lambda r, n: (r * [1, 1, 1e4, 1, 1, 1], n * [1, 1, 1e4, 1, 1, 1]),
            "series 'a' holds reflectance 0..1 in 2 rows",
        ),
        (lambda r, n: (r, n * 1e4), "column 'red' is in 0..1"),
        (
            lambda r, n: (r * 1e4, 1.523 + 0.1 * n.round(2)),
            "'nir' has points between thousands, such as 1.554 for 1554",
        ),
        (lambda r, n: (r * 0 + 4, n * 0 + 30), "divide percent by 100"),
        (lambda r, n: (r * np.where(SECOND, 100.1, 1), n * np.where(SECOND, 100.1, 1)), "divide percent by 100"),
        (lambda r, n: (r + 0.001, n * 0 + 3.3), "not reflectance"),
    ],
)
def test_reflectance_without_a_scale_that_can_be_told_is_refused(
    change: Callable[..., tuple[np.ndarray, np.ndarray]], reason: str
) -> None:
    with pytest.raises(Refused, match=reason):
        reflectance(*change(RED, NIR))


def test_impossible_reflectance_is_left_out_and_counted() -> None:
    found, remark = reflectance(RED - [0.2, 0, 0, 0, 0, 0], NIR)
    assert np.isnan(found).sum() == 1
    assert "1 value of column 'red' is outside reflectance 0..1 or 0..10000 (such as -0.17)" in remark


@pytest.mark.parametrize("factor", [1.0, 1e4])
def test_a_stated_offset_is_in_digital_numbers_whatever_the_scale(factor: float) -> None:
    found, _ = reflectance((RED + 0.1) * factor, (NIR + 0.1) * factor, offset=-1000)
    np.testing.assert_allclose(found, np.stack([RED, NIR]), atol=1e-6)


INDEX = np.array([0.31, 0.75, -0.08, 0.62, 0.44, 0.87])


@pytest.mark.parametrize("factor", [1.0, 1e4, np.where(SECOND, 1e4, 1.0)])
def test_ndvi_is_scaled_series_by_series(factor: np.ndarray) -> None:
    found, taken, remarks = judge_ndvi(INDEX * factor, "ndvi", ROWS)
    np.testing.assert_allclose(found, INDEX, rtol=1e-5)
    assert (bool(taken), bool(remarks)) == (np.all(factor == 1e4), np.ndim(factor) > 0)


@pytest.mark.parametrize("factor", [100, 1000, 127])
def test_ndvi_in_another_scale_is_refused_with_its_column(factor: float) -> None:
    with pytest.raises(Refused, match=r"column 'ndvi' is not in -1..1 or -10000..10000 .*divide it"):
        judge_ndvi(np.rint(np.abs(INDEX) * factor), "ndvi", ROWS)


def test_ndvi_in_two_scales_of_one_series_is_refused() -> None:
    with pytest.raises(Refused, match="in series 'a'; give it one scale"):
        judge_ndvi(INDEX * [1, 1e4, 1, 1, 1, 1], "ndvi", ROWS)


def test_ndvi_beyond_one_is_left_out_and_counted() -> None:
    found, _, remarks = judge_ndvi(np.where(np.arange(6) == 1, 1.4, INDEX), "ndvi", ROWS)
    assert np.isnan(found).tolist() == [False, True, False, False, False, False]
    assert remarks == ("1 value of column 'ndvi' is outside -1..1 (such as 1.4) and left out.",)


DB = np.array([-9.2, -11.4, -8.1, -15.0, -12.3, -10.8])


@pytest.mark.parametrize(
    ("values", "words"),
    [
        (DB, ""),
        (10 ** (DB / 10), "All series have in column 'vv' linear backscatter"),
        (np.where(SECOND, 10 ** (DB / 10), DB), "1 of 2 series has in column 'vv' linear backscatter"),
        (np.rint(10 ** ((DB + 83) / 20)), "digital numbers of amplitude"),
    ],
)
def test_backscatter_becomes_db(values: np.ndarray, words: str) -> None:
    found, remarks = judge_backscatter(values, "VV", "vv", ROWS)
    np.testing.assert_allclose(found, DB, atol=0.02)
    assert words in " ".join(remarks)
    assert bool(remarks) == bool(words)


@pytest.mark.parametrize("values", [DB * -1, DB * 100, np.full(6, 40.5)])
def test_backscatter_of_another_unit_is_refused(values: np.ndarray) -> None:
    with pytest.raises(Refused, match="column 'vv' is neither dB nor linear backscatter in series 'a'"):
        judge_backscatter(values, "VV", "vv", ROWS)


def test_temperature_is_kelvin_or_celsius() -> None:
    kelvin = np.array([271.4, 285.2, 290.0])
    np.testing.assert_allclose(judge_temperature(kelvin, "t")[0], kelvin, rtol=1e-6)
    read, remarks = judge_temperature(kelvin - 273.15, "t")
    np.testing.assert_allclose(read, kelvin, rtol=1e-6)
    assert "degrees Celsius" in remarks[0]
    with pytest.raises(Refused, match="neither in kelvin nor"):
        judge_temperature(kelvin * 100, "t")


def test_precipitation_is_metres_or_millimetres() -> None:
    metres = np.array([0.0, 0.004, 0.021])
    assert judge_precipitation(metres, "p")[1] == ()
    read, remarks = judge_precipitation(metres * 1000, "p")
    np.testing.assert_allclose(read, metres, rtol=1e-6)
    assert "millimetres" in remarks[0]
    with pytest.raises(Refused, match="neither in metres nor"):
        judge_precipitation(metres - 0.1, "p")


def test_a_bright_town_among_series_in_db_is_in_db() -> None:
    rows = Owners(series=np.array([0, 0, 1, 1, 2, 2]), ids=["a", "b", "c"])
    values = np.array([-11.0, -12.0, 2.1, 2.6, -9.0, -8.0])
    found, remarks = judge_backscatter(values, "VV", "VV", rows)
    np.testing.assert_allclose(found, values, rtol=1e-6)
    assert remarks == ()
