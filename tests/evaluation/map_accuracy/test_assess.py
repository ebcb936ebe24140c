"""Class maps and reference points of every kind: read, counted, assessed, sampled."""

from pathlib import Path

import geopandas
import numpy as np
import pandas as pd
import pytest
import rasterio
from affine import Affine

from core.errors import InvalidOption
from evaluation.map_accuracy import class_map
from evaluation.map_accuracy.assess import MapAccuracy, assess_map
from evaluation.map_accuracy.class_map import classes_at, count_classes, locate, open_class_map
from evaluation.map_accuracy.estimators import assess, by_map_class
from evaluation.map_accuracy.report import findings, render_csv, render_page, render_text
from evaluation.map_accuracy.sample import SamplePlan, Wish, draw_sample
from tests.evaluation.map_accuracy import class_maps
from tests.evaluation.map_accuracy.class_maps import NODATA, codes, points, write_map, write_plain

NAMES = {0: "Stable forest", 1: "Forest loss", 7: "Other land"}
WISH = Wish(half_width=0.05, size=None, expected={}, expected_of_others=0.9, per_class_min=20, seed=0)


def quiet(_share: float) -> None:
    pass


def assessed(path: Path, reference: Path, **more: object) -> MapAccuracy:
    return assess_map(path, reference, quiet, **more)


def drawn(path: Path, out: Path, wish: Wish = WISH) -> tuple[SamplePlan, geopandas.GeoDataFrame]:
    plan = draw_sample(path, out, wish, quiet)
    return plan, geopandas.read_file(out, layer="sample")


def erring(truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a map of a truth, wrong in a tenth of its pixels."""
    found = np.where(rng.random(truth.shape) < 0.1, rng.choice([0, 1, 7], truth.shape), truth).astype(np.uint8)
    found[truth == NODATA] = NODATA
    return found


@pytest.fixture
def drawn_map(tmp_path: Path) -> Path:
    return write_map(tmp_path / "map.tif", codes())


def test_names_and_area_of_pixels_are_those_of_our_own_files(drawn_map: Path) -> None:
    found = open_class_map(drawn_map)
    assert (found.band_name, dict(found.names)) == ("class", NAMES)
    assert found.pixel_ha == pytest.approx(0.01)


def test_classes_are_counted_the_same_whatever_the_windows(
    drawn_map: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    big = write_map(tmp_path / "big.tif", codes((1100, 600)))
    values, counts = np.unique(codes((1100, 600)), return_counts=True)
    for most in (2048 * 2048, 512 * 512):
        monkeypatch.setattr(class_map, "WINDOW_PIXELS", most)
        census = count_classes(open_class_map(big), quiet)
        assert census.codes.tolist() == values[:3].tolist()
        assert census.pixels.tolist() == counts[:3].tolist()
        assert census.nodata == counts[3] == 50
    assert len(census.counts) > 1


def test_striped_rasters_are_read_by_windows_of_whole_rows(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_map, "WINDOW_PIXELS", 70 * 16)
    plain = write_plain(tmp_path / "plain.tif", codes(), nodata=NODATA, blockysize=4)
    census = count_classes(open_class_map(plain), quiet)
    assert len(census.counts) == 6
    rows, columns = np.nonzero(codes() != 254)
    found, is_valid = classes_at(open_class_map(plain), rows, columns)
    assert np.array_equal(np.where(is_valid, found, NODATA), codes()[rows, columns])


def test_a_point_is_given_the_class_of_the_pixel_it_lies_in_whatever_its_crs(drawn_map: Path, tmp_path: Path) -> None:
    rows, columns = (part.astype(np.int64) for part in np.nonzero(codes() != NODATA))
    labels = [NAMES[code] for code in codes()[rows, columns]]
    table = points(rows[::7], columns[::7], labels[::7])
    table.to_crs("EPSG:3035").to_file(tmp_path / "points.gpkg")
    table.to_crs("EPSG:4326").to_parquet(tmp_path / "points.parquet")
    table.to_crs("EPSG:4326").to_file(tmp_path / "points.geojson")
    lonlat = table.to_crs("EPSG:4326")
    plain = pd.DataFrame({"lon": lonlat.geometry.x, "lat": lonlat.geometry.y, "label": codes()[rows, columns][::7]})
    plain.to_csv(tmp_path / "points.csv", index=False)
    plain.to_parquet(tmp_path / "table.parquet")
    for name, column in [(f"points.{e}", "class") for e in ("gpkg", "parquet", "geojson")] + [
        ("points.csv", "label"),
        ("table.parquet", "label"),
    ]:
        found = assessed(drawn_map, tmp_path / name, column=column)
        assert found.points == len(table)
        assert found.assessment.overall.value == 1, name


def test_figures_are_those_of_the_estimator_for_the_matrix_of_the_points(drawn_map: Path, tmp_path: Path) -> None:
    rng = np.random.default_rng(2)
    rows, columns = rng.integers(10, 90, 400), rng.integers(5, 70, 400)
    mapped, truth = codes()[rows, columns], rng.choice([0, 1, 7], 400)
    points(rows, columns, truth).to_file(tmp_path / "points.gpkg")
    found = assessed(drawn_map, tmp_path / "points.gpkg")
    matrix = np.array([[((mapped == i) & (truth == j)).sum() for j in NAMES] for i in NAMES])
    pixels = np.array([(codes() == code).sum() for code in NAMES])
    assert np.array_equal(found.assessment.counts, matrix)
    assert found.assessment.areas == assess(by_map_class(matrix), pixels / pixels.sum()).areas
    assert found.mapped_ha == pytest.approx(pixels.sum() * 0.01)
    assert [c.name for c in found.classes] == list(NAMES.values())


def test_points_that_cannot_be_used_are_counted_by_reason(drawn_map: Path, tmp_path: Path) -> None:
    rows, columns = np.array([0, 3, 20, 30, 40, -1, 50, 50]), np.array([0, 4, 20, 30, 40, 7, 70, 8])
    points(rows, columns, [0, 1, 7, None, " ", 7, 7, "1"]).to_file(tmp_path / "points.gpkg")
    found = assessed(drawn_map, tmp_path / "points.gpkg")
    assert found.points == 2
    assert found.left_out == {"outside the map": 2, "on pixels of nodata": 2, "without a label": 2}
    assert "2 points on pixels of nodata are left out." in render_text(found)


def test_the_class_none_in_a_csv_is_a_class_and_short_names_of_our_products_are_known(tmp_path: Path) -> None:
    canopy = write_map(tmp_path / "canopy.tif", codes() % 7, {"LANDCAST_PRODUCT": "canopy"})
    lonlat = points(np.array([20, 20]), np.array([8, 9]), ["", ""]).to_crs("EPSG:4326").geometry
    table = pd.DataFrame({"lon": lonlat.x, "lat": lonlat.y, "class": ["None", "CONIFER"]})
    table.to_csv(tmp_path / "points.csv", index=False)
    found = assessed(canopy, tmp_path / "points.csv")
    assert found.left_out == {}
    assert found.assessment.counts.sum(axis=0)[:2].tolist() == [1, 1]


def test_a_map_without_a_legend_has_codes_for_names_or_those_that_are_given(tmp_path: Path) -> None:
    plain = write_plain(tmp_path / "plain.tif", codes().astype(np.float32), nodata=NODATA)
    points(np.array([20, 30, 40]), np.array([20, 30, 40]), [0, 7, 9]).to_file(tmp_path / "points.gpkg")
    found = assessed(plain, tmp_path / "points.gpkg")
    assert [c.name for c in found.classes] == ["0", "1", "7", "9"]
    assert found.classes[3].pixels == 0
    assert any(f.startswith("9: user's accuracy is not defined, no pixel is mapped as it") for f in findings(found))
    points(np.array([20, 30]), np.array([20, 30]), ["wood", "field"]).to_file(tmp_path / "named.gpkg")
    with pytest.raises(InvalidOption, match="give codes, or names with --classes"):
        assessed(plain, tmp_path / "named.gpkg")
    named = assessed(plain, tmp_path / "named.gpkg", names={0: "wood", 1: "loss", 7: "field"})
    assert [c.name for c in named.classes] == ["wood", "loss", "field"]


def test_the_float_form_of_our_maps_tells_its_classes_too(tmp_path: Path) -> None:
    path = write_plain(tmp_path / "crop.tif", codes().astype(np.float32) % 7, nodata=np.nan)
    with rasterio.open(path, "r+") as raster:
        raster.set_band_description(1, "class")
        raster.update_tags(1, DESCRIPTION="Most probable class: 0 non-crop; 1 temporary crop")
    assert open_class_map(path).names == {0: "Non-crop", 1: "Temporary crop"}


def test_the_band_of_a_map_of_ours_is_found_by_what_it_states_not_by_its_name(tmp_path: Path) -> None:
    path = write_map(tmp_path / "change.tif", codes())
    with rasterio.open(path, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as raster:
        raster.update_tags(1, LANDCAST_VARIABLE="probability", LANDCAST_CLASS_NAME="gain")
        raster.update_tags(2, LANDCAST_VARIABLE="change")
    assert open_class_map(path).band == 2
    with rasterio.open(path, "r+", IGNORE_COG_LAYOUT_BREAK="YES") as raster:
        raster.update_tags(1, LANDCAST_VARIABLE="")
        raster.update_tags(2, LANDCAST_VARIABLE="")
    assert open_class_map(path).band_name == "class"


def test_a_class_with_one_point_or_none_has_no_interval_and_the_report_says_so(drawn_map: Path, tmp_path: Path) -> None:
    there = [np.argwhere(codes() == code)[5:][:n] for code, n in ((0, 30), (1, 1), (7, 30))]
    rows, columns = np.concatenate(there).T
    points(rows, columns, codes()[rows, columns]).to_file(tmp_path / "points.gpkg")
    told = render_text(assessed(drawn_map, tmp_path / "points.gpkg"))
    assert "The stratum Forest loss has 1 point, so no interval is defined" in told
    assert "1.000 ± not defined" in told
    points(rows[:30], columns[:30], codes()[rows, columns][:30]).to_file(tmp_path / "points.gpkg")
    found = assessed(drawn_map, tmp_path / "points.gpkg")
    share = (codes() == 0).sum() / (codes() != NODATA).sum()
    assert found.assessment.covered == pytest.approx(share)
    told = findings(found)
    assert told[0].startswith(f"All figures are of {share:.2%} of the mapped area")
    assert "Forest loss, Other land: no point in it" in told[0]
    assert any("all 30 points on it agree" in f and "0.88" in f for f in told)


def test_a_sample_has_random_pixels_of_each_class_and_does_not_tell_the_interpreter_the_class(
    drawn_map: Path, tmp_path: Path
) -> None:
    plan, table = drawn(drawn_map, tmp_path / "sample.gpkg")
    assert list(table.columns) == ["id", "stratum", "stratum_weight", "class", "confidence", "comment", "geometry"]
    assert table.crs == class_maps.CRS
    assert table[["class", "confidence", "comment"]].isna().all(axis=None)
    column, row = (table.geometry.x - class_maps.WEST) / 10 - 0.5, (class_maps.NORTH - table.geometry.y) / 10 - 0.5
    assert np.allclose(row, row.round())
    assert not pd.DataFrame({"row": row.round(), "column": column.round()}).duplicated().any()
    assert np.array_equal(codes()[row.round().astype(int), column.round().astype(int)], table["stratum"])
    assert table.groupby("stratum").size().tolist() == plan.points.tolist()
    assert table.groupby("stratum")["stratum_weight"].first().tolist() == pytest.approx(plan.weights.tolist())
    assert table["id"].tolist() == list(range(1, len(table) + 1))
    assert (np.diff(table["stratum"]) != 0).sum() > 20  # the order is random


def test_the_same_seed_draws_the_same_points_and_another_does_not(drawn_map: Path, tmp_path: Path) -> None:
    first, again = (drawn(drawn_map, tmp_path / f"{n}.gpkg")[1] for n in "ab")
    other = drawn(drawn_map, tmp_path / "c.gpkg", Wish(**vars(WISH) | {"seed": 1}))[1]
    assert first.geometry.equals(again.geometry)
    assert not first.geometry.equals(other.geometry)


def test_every_pixel_of_a_class_has_one_number_to_be_drawn_by(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(class_map, "WINDOW_PIXELS", 70 * 16)
    found = open_class_map(write_plain(tmp_path / "plain.tif", codes(), nodata=NODATA, blockysize=4))
    census = count_classes(found, quiet)
    for number, code in enumerate(NAMES):
        rows, columns = locate(found, census, np.arange(census.pixels[number]), number)
        assert np.array_equal(np.stack([rows, columns], axis=1), np.argwhere(codes() == code))
        some = np.array([0, 3, census.pixels[number] - 1])
        assert np.array_equal(locate(found, census, some, number)[0], rows[some])


def test_a_sample_labelled_with_the_truth_gives_the_true_area_within_its_interval(tmp_path: Path) -> None:
    rng, truth = np.random.default_rng(8), codes((300, 200))
    path = write_map(tmp_path / "map.tif", erring(truth, rng))
    held = []
    for seed in range(15):
        wish = Wish(**vars(WISH) | {"seed": seed, "size": 300, "per_class_min": 60})
        table = drawn(path, tmp_path / "sample.gpkg", wish)[1]
        row = ((class_maps.NORTH - table.geometry.y) // 10).astype(int)
        table["class"] = [NAMES[c] for c in truth[row, ((table.geometry.x - class_maps.WEST) // 10).astype(int)]]
        table.to_file(tmp_path / "sample.gpkg", layer="sample")
        found = assessed(path, tmp_path / "sample.gpkg")
        areas = [(truth == code).sum() / (truth != NODATA).sum() for code in NAMES]
        held += [e.low <= area <= e.high for e, area in zip(found.assessment.areas, areas, strict=True)]
        assert not found.are_strata_classes
    assert np.mean(held) > 0.85


def test_a_sample_of_one_map_assesses_another_by_the_strata_in_the_file(drawn_map: Path, tmp_path: Path) -> None:
    table = drawn(drawn_map, tmp_path / "sample.gpkg")[1]
    table["class"] = "Stable forest"
    table.to_file(tmp_path / "sample.gpkg", layer="sample")
    other = write_map(tmp_path / "other.tif", np.where(codes() == NODATA, NODATA, 0).astype(np.uint8))
    found = assessed(other, tmp_path / "sample.gpkg")
    assert [s.name for s in found.strata] == list(NAMES.values())
    assert found.assessment.overall.value == pytest.approx(1)
    assert [c.name for c in found.classes] == ["Stable forest"]


def test_the_page_and_the_csv_hold_the_figures_and_names_are_escaped(drawn_map: Path, tmp_path: Path) -> None:
    points(np.array([20, 30, 40, 41]), np.array([20, 30, 40, 41]), [0, 7, 1, 0]).to_file(tmp_path / "points.gpkg")
    found = assessed(drawn_map, tmp_path / "points.gpkg", names={0: "<b>wood</b>", 1: "a, b", 7: "field"})
    page = render_page(found)
    assert "&lt;b&gt;wood" in page
    assert "<b>wood" not in page
    assert "http" not in page.replace("https://doi.org", "")
    (tmp_path / "report.csv").write_text(render_csv(found))
    table = pd.read_csv(tmp_path / "report.csv")
    assert table["class"].tolist() == ["<b>wood</b>", "a, b", "field", "(whole map)"]
    assert table["area_ha"].sum() == pytest.approx(found.assessed_ha)
    assert table["overall_accuracy"].iloc[-1] == found.assessment.overall.value


@pytest.mark.parametrize(
    ("profile", "told"),
    [
        ({"crs": "EPSG:4326", "transform": Affine(1e-4, 0, 10, 0, -1e-4, 50)}, "in degrees"),
        ({"crs": "EPSG:3857", "transform": Affine(10, 0, 1e6, 0, -10, 6.5e6)}, "areas in its CRS"),
        ({"crs": None}, "does not state its CRS"),
        ({"nodata": 3}, "all of its pixels are nodata"),
    ],
)
def test_maps_whose_areas_cannot_be_told_are_refused(tmp_path: Path, profile: dict[str, object], told: str) -> None:
    path = write_plain(tmp_path / "map.tif", np.full((40, 30), 3, np.uint8), **profile)
    with pytest.raises(InvalidOption, match=told):
        count_classes(open_class_map(path), quiet)


@pytest.mark.parametrize(("dtype", "told"), [(np.float32, "whole numbers"), (np.int16, "more than 255 values")])
def test_rasters_that_hold_no_classes_are_refused(tmp_path: Path, dtype: type[np.generic], told: str) -> None:
    scale = 1000 if dtype is np.int16 else 0.7
    pixels = (np.arange(1200).reshape(40, 30) * scale / 30).astype(dtype)
    with pytest.raises(InvalidOption, match=told):
        count_classes(open_class_map(write_plain(tmp_path / "map.tif", pixels)), quiet)


def test_feet_become_hectares(tmp_path: Path) -> None:
    path = write_plain(
        tmp_path / "map.tif", codes(), crs="EPSG:2263", transform=Affine(30, 0, 984_000, 0, -30, 210_000)
    )
    assert open_class_map(path).pixel_ha == pytest.approx((30 * 1200 / 3937) ** 2 / 10_000)


STRATA = {"stratum": ["a", "a", "b"], "stratum_weight": [0.4, 0.4, 0.6]}


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"stratum_weight": [0.4, 0.3, 0.6]}, "differs within"),
        ({"stratum_weight": [0.7, 0.7, 0.6]}, "sum to 1.3"),
        ({"stratum_weight": [0.4, 0.4, 0.0]}, "not above 0"),
        ({"stratum": ["a", "a", None]}, "empty"),
        ({"stratum_weight": None}, "strata need both"),
        ({"class": ["wheat"] * 3}, "its label 'wheat' is no class of 'map.tif' .classes are 0 Stable forest, "),
        ({"class": [None] * 3}, "none of its points can be used: 3 without a label"),
        ({"class": None}, "the columns of"),
    ],
)
def test_reference_points_that_do_not_fit_are_refused(
    drawn_map: Path, tmp_path: Path, change: dict[str, object], told: str
) -> None:
    columns = {"class": [0, 1, 7]} | STRATA | change
    table = points(np.array([20, 30, 40]), np.array([20, 30, 40]), columns["class"], **STRATA | change)
    table = table.drop(columns=[name for name, values in columns.items() if values is None])
    table.to_parquet(tmp_path / "points.parquet")
    with pytest.raises(InvalidOption, match=told):
        assessed(drawn_map, tmp_path / "points.parquet")


def test_files_that_are_no_points_are_refused(drawn_map: Path, tmp_path: Path) -> None:
    table = points(np.array([20, 30]), np.array([20, 30]), [0, 1])
    table.assign(geometry=table.buffer(5)).to_file(tmp_path / "areas.gpkg")
    table.set_crs(None, allow_override=True).to_parquet(tmp_path / "nowhere.parquet")
    table.to_file(tmp_path / "two.gpkg", layer="first")
    table.to_file(tmp_path / "two.gpkg", layer="second")
    (tmp_path / "points.csv").write_text("lon,lat,class\n10,95,0\n")
    (tmp_path / "xy.csv").write_text("x,y,class\n10,50,0\n")
    pd.DataFrame({"x": [10], "class": [0]}).to_parquet(tmp_path / "plain.parquet")
    (tmp_path / "broken.parquet").write_text("no table")
    (tmp_path / "broken.gpkg").write_text("not a database")
    for name, told in {
        "areas.gpkg": "feature 1 is not a point",
        "nowhere.parquet": "does not state its CRS",
        "two.gpkg": "it has first, second",
        "points.csv": "row 1 are not degrees",
        "xy.csv": "needs the columns lon and lat",
        "plain.parquet": "needs the columns lon and lat",
        "broken.parquet": "cannot be read",
        "broken.gpkg": "cannot be read",
        "points.shp": "no such file",
    }.items():
        with pytest.raises(InvalidOption, match=told):
            assessed(drawn_map, tmp_path / name)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ({"size": 40}, "3 classes of at least 20 points take 60"),
        ({"size": 10_000}, "the map has 6,250 pixels"),
        ({"expected": {"wheat": 0.9}}, "the classes of the map are Stable forest"),
    ],
)
def test_samples_that_cannot_be_drawn_are_refused(
    drawn_map: Path, tmp_path: Path, change: dict[str, object], told: str
) -> None:
    with pytest.raises(InvalidOption, match=told):
        draw_sample(drawn_map, tmp_path / "sample.gpkg", Wish(**vars(WISH) | change), quiet)
    assert not (tmp_path / "sample.gpkg").exists()
