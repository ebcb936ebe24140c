"""Samples of class maps: which points are drawn, how many, and what is refused."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import InvalidOption
from evaluation.map_accuracy.estimators import Z95, class_size, expected_overall
from evaluation.map_accuracy.sample import SampleOptions, draw_sample, render_plan
from outputs.provenance import SIMULATED
from tests.evaluation.map_accuracy import class_maps
from tests.evaluation.map_accuracy.class_maps import (
    NAMES,
    NODATA,
    OPTIONS,
    assessed,
    codes,
    drawn,
    quiet,
    write_map,
)


def erring(truth: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return a map of a truth, wrong in a tenth of its pixels."""
    found = np.where(rng.random(truth.shape) < 0.1, rng.choice([0, 1, 7], truth.shape), truth).astype(np.uint8)
    found[truth == NODATA] = NODATA
    return found


def test_a_sample_has_random_pixels_of_each_class_and_does_not_give_the_class_away(
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
    other = drawn(drawn_map, tmp_path / "c.gpkg", SampleOptions(**vars(OPTIONS) | {"seed": 1}))[1]
    assert first.geometry.equals(again.geometry)
    assert not first.geometry.equals(other.geometry)


def test_a_sample_labelled_with_the_truth_gives_the_true_area_within_its_interval(tmp_path: Path) -> None:
    rng, truth = np.random.default_rng(8), codes((300, 200))
    path = write_map(tmp_path / "map.tif", erring(truth, rng))
    held = []
    for seed in range(15):
        options = SampleOptions(**vars(OPTIONS) | {"seed": seed, "size": 300, "per_class_min": 60})
        table = drawn(path, tmp_path / "sample.gpkg", options)[1]
        row = ((class_maps.NORTH - table.geometry.y) // 10).astype(int)
        table["class"] = [NAMES[c] for c in truth[row, ((table.geometry.x - class_maps.WEST) // 10).astype(int)]]
        table.to_file(tmp_path / "sample.gpkg", layer="sample")
        found = assessed(path, tmp_path / "sample.gpkg")
        areas = [(truth == code).sum() / (truth != NODATA).sum() for code in NAMES]
        held += [e.low <= area <= e.high for e, area in zip(found.assessment.areas, areas, strict=True)]
        assert not found.are_strata_classes
    assert np.mean(held) > 0.85


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"size": 40}, "3 classes of at least 20 points need 60"),
        ({"size": 10_000}, "the map has 6,250 pixels"),
        ({"expected": {"wheat": 0.9}}, "the classes of the map are Stable forest"),
    ],
)
def test_samples_that_cannot_be_drawn_are_refused(
    drawn_map: Path, tmp_path: Path, change: dict[str, object], sentence: str
) -> None:
    with pytest.raises(InvalidOption, match=sentence):
        draw_sample(drawn_map, tmp_path / "sample.gpkg", SampleOptions(**vars(OPTIONS) | change), quiet)
    assert not (tmp_path / "sample.gpkg").exists()


def test_the_text_of_a_plan_has_the_size_and_the_interval_of_each_class(drawn_map: Path, tmp_path: Path) -> None:
    plan, _ = drawn(drawn_map, tmp_path / "sample.gpkg", SampleOptions(**vars(OPTIONS) | {"size": 150}))
    text = render_plan(plan)
    assert "map.tif: 6,250 pixels with a class; 150 points drawn." in text
    reach = Z95 * expected_overall(plan.pixels, plan.expected, plan.points)
    assert f"The points drawn are expected to give ± {reach:.3f}." in text
    row = next(line for line in text.splitlines() if line.startswith("Forest loss"))
    assert row.split()[2:] == ["1", "5.47", "%", "0.9", "20", "0.135", str(class_size(0.9, 0.05))]


def test_a_class_of_which_all_pixels_are_drawn_and_simulated_data_are_pointed_out(tmp_path: Path) -> None:
    pixels = codes()
    pixels[pixels == 1] = 0
    pixels[20, 30:33] = 1
    path = write_map(tmp_path / "map.tif", pixels, {"LANDCAST_SIMULATED": "yes"})
    text = render_plan(drawn(path, tmp_path / "sample.gpkg")[0])
    assert "Forest loss: all of its pixels are drawn." in text
    assert text.endswith(SIMULATED)
