"""Training sets: each loader on files of its own format, tiny ones, and on the real collection where it lies."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xarray as xr

from core.bands import CHANNELS, channel
from core.errors import InvalidTable
from core.timeline import to_days
from tests.cli.cubes import write_cube
from training import datasets
from training.datasets import LOADERS, NOT_CONIFER, load_sets

NDVI = channel("NDVI")


def load(name: str, data: Path):
    return load_sets({name: 1.0}, data)[name]


def test_a_set_that_is_unknown_or_missing_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidTable, match="no such training set; there are hrvpp_s2_sites"):
        load("moon", tmp_path)
    with pytest.raises(InvalidTable, match="give the data collection by --data"):
        load("modis_flux_sites", tmp_path)


def test_rows_of_a_long_table_become_series_by_sorted_key_padded_with_unseen_dates(tmp_path: Path) -> None:
    rows = [
        ("b", "2020-03-01", 0.4, 0),
        ("b", "2020-01-01", 0.2, 1),
        ("a", "2020-02-01", 0.7, 0),
        ("b", "2020-02-01", 0.3, 2),
    ]
    table = pd.DataFrame(rows, columns=["site", "date", "NDVI", "SummaryQA"])
    (tmp_path / "modis_flux_sites").mkdir()
    table.assign(date=pd.to_datetime(table.date)).to_parquet(tmp_path / "modis_flux_sites" / "mod13a1_10sites.parquet")
    found = load("modis_flux_sites", tmp_path)
    assert found.series.ids.tolist() == found.places.tolist() == ["a", "b"]
    days = to_days(np.array(["2020-01-01", "2020-02-01", "2020-03-01"], "datetime64[ns]"))
    assert found.series.days.tolist() == [[days[1]] * 3, days.tolist()]
    np.testing.assert_array_equal(found.series.values[0, :, NDVI], np.float32([0.7, np.nan, np.nan]))
    np.testing.assert_array_equal(found.series.values[1, :, NDVI], np.float32([0.2, np.nan, 0.4]), "2 is a cloud")
    assert np.isnan(np.delete(found.series.values, NDVI, axis=-1)).all()


def write_stack(path: Path, dates: int, shape_yx: tuple[int, int], **more: np.ndarray) -> np.ndarray:
    ndvi = np.random.default_rng(dates).uniform(0.1, 0.9, (dates, *shape_yx)).astype(np.float32)
    times = pd.date_range("2010-01-01", periods=dates, freq="16D")
    data = {"NDVI": (("time", "y", "x"), ndvi)} | {n: (("time", "y", "x"), v) for n, v in more.items()}
    xr.Dataset(data, {"time": times}).to_netcdf(path)
    return ndvi


def test_stacks_of_different_lengths_are_joined_and_each_is_a_place(tmp_path: Path) -> None:
    folder = tmp_path / "modis_brazil_longstacks"
    folder.mkdir()
    first, second = write_stack(folder / "a_ndvi.nc", 5, (2, 3)), write_stack(folder / "b_ndvi.nc", 3, (1, 2))
    found = load("modis_brazil_longstacks", tmp_path)
    assert found.places.tolist() == ["sinop0"] * 6 + ["sinop1"] * 2
    np.testing.assert_array_equal(found.series.values[4, :, NDVI], first[:, 1, 1])
    np.testing.assert_array_equal(found.series.values[7, :3, NDVI], second[:, 0, 1])
    assert np.isnan(found.series.values[7, 3:]).all()
    assert (found.series.days[7, 3:] == found.series.days[7, 2]).all()


def test_cloudy_pixels_of_a_patch_are_unseen(tmp_path: Path) -> None:
    (tmp_path / "slovenia_testeopatch").mkdir()
    clouds = np.zeros((4, 2, 2), np.uint8)
    clouds[1, 0, 1] = clouds[3, 1, 0] = 1
    ndvi = write_stack(tmp_path / "slovenia_testeopatch" / "testeopatch.nc", 4, (2, 2), CLM=clouds)
    found = load("slovenia_testeopatch", tmp_path)
    expected = np.where(clouds == 0, ndvi, np.nan).reshape(4, 4).T
    np.testing.assert_array_equal(found.series.values[..., NDVI], expected)
    assert set(found.places) == {"slovenia"}


def test_labels_of_rondonia_are_forest_none_or_unknown_and_bright_dates_are_unseen(tmp_path: Path) -> None:
    folder = tmp_path / "rondonia_s2_points"
    folder.mkdir()
    names = ["Forest", "Pasture", "Water"]
    samples = pd.DataFrame({"id": [1, 2, 3], "label": names, "lat": [-9.1, -9.4, -9.1], "lon": [-63.0, -63.0, -63.1]})
    samples.to_parquet(folder / "samples.parquet")
    dates = pd.date_range("2020-01-01", periods=3)
    rows = [(str(i), d, 0.3 if (i, d.day) == (2, 1) else 0.04, 0.05, 0.4) for i in (1, 2, 3) for d in dates]
    pd.DataFrame(rows, columns=["id", "date", "B02", "B04", "B08"]).to_parquet(folder / "timeseries_raw.parquet")
    found = load("rondonia_s2_points", tmp_path)
    assert found.labels["canopy"].tolist() == [2, 0, -1]
    assert found.labels["crop"].tolist() == [0, 0, 0]
    assert np.isnan(found.series.values[1, 0]).all()
    assert np.isfinite(found.series.values[..., channel("B08")]).sum() == 8
    assert found.places[0] == found.places[2] != found.places[1], "places are cells of a quarter of a degree"


def test_digital_numbers_of_the_points_become_reflectance_decibel_kelvin_and_metres() -> None:
    raw = pd.DataFrame(
        {"sample_id": ["a", "a"], "date": ["2021-01-01"] * 2, "VV": [1000, 65535], "VH": [100, 0]}
        | {band: [1500, 65535 if band == "B05" else 2000] for band in CHANNELS if band.startswith("B")}
        | {"temp": [28512, 65535], "prec": [4200, 65535]}
    )
    found = datasets._physical(raw)
    assert found.B04[0] == pytest.approx(0.15)
    assert np.isnan(found.B05[1])
    assert (found.VV[0], found.VH[0]) == (pytest.approx(-23.0), pytest.approx(-43.0))
    assert found[["VV", "VH"]].iloc[1].isna().all()
    assert found.temperature_2m[0] == pytest.approx(285.12)
    assert found.total_precipitation[0] == pytest.approx(0.042)


def test_only_the_west_half_of_the_stand_is_labelled_and_learned_from(tmp_path: Path) -> None:
    folder = tmp_path / "fordead_conifer_cube"
    folder.mkdir()
    path = write_cube(folder / "cube.nc", shape_yx=(12, 8), dates=5)
    conifer = np.zeros((12, 8), np.uint8)
    conifer[3, 1] = conifer[4, 6] = 1
    with xr.open_dataset(path) as data:
        labelled = data.load().assign(conifer_mask=(("y", "x"), conifer))
    labelled.to_netcdf(path)
    found = load("fordead_conifer_cube", tmp_path)
    assert len(found.series) == 12 * 4
    assert found.labels["canopy"].tolist().count(1) == 1
    assert set(found.labels["canopy"]) == {1, NOT_CONIFER}
    assert set(found.places) == {"0_0", "1_0"}, "blocks of ten pixels"
    whole = load("fordead_conifer_cube:whole", tmp_path)
    assert len(whole.series) == 32
    assert whole.labels == {}


def test_simulated_sets_are_called_so_and_come_from_the_seed_alone(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(datasets, "SIMULATED_COUNT", 12)
    first, again = load("simulated", tmp_path), load("simulated", tmp_path)
    assert first.is_simulated
    assert set(first.labels) == {"crop", "canopy"}
    np.testing.assert_array_equal(first.series.values, again.series.values)
    canopy = load("simulated_canopy", tmp_path)
    assert canopy.is_simulated
    assert canopy.changed_on is not None
    assert set(canopy.labels_before) == set(canopy.labels) == {"canopy"}
    other = load_sets({"simulated": 1.0}, tmp_path, seed=5)["simulated"]
    assert not np.array_equal(first.series.values, other.series.values, equal_nan=True)


@pytest.mark.slow
@pytest.mark.real_data
@pytest.mark.parametrize("name", [n for n in LOADERS if not n.startswith("simulated")])
def test_every_real_set_has_a_licence_places_and_plausible_ndvi(name: str, real_data: Path) -> None:
    found = load(name, real_data)
    assert found.licence
    assert not found.is_simulated
    assert len(found.places) == len(found.series) > 0
    assert (np.diff(found.series.days, axis=1) >= 0).all()
    ndvi = found.series.values[..., NDVI]
    assert 0.05 < np.nanmedian(ndvi) < 0.95
    assert np.nanmax(np.abs(ndvi)) <= 1
    for codes in found.labels.values():
        assert -4 <= codes.min() <= codes.max() <= 2
