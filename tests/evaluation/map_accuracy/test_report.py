"""The report of a map assessment as text, page, JSON and CSV."""

import io
import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import InvalidOption
from evaluation.map_accuracy.assess import MapAccuracy
from evaluation.map_accuracy.report import (
    CONDITION,
    SOURCE,
    render_csv,
    render_json,
    render_page,
    render_text,
    write_report,
)
from outputs.provenance import SIMULATED
from products.evidence import evidence_line
from tests.evaluation.map_accuracy.class_maps import assessed, codes, points, write_map


@pytest.fixture
def found(drawn_map: Path, tmp_path: Path) -> MapAccuracy:
    rng = np.random.default_rng(6)
    rows, columns = rng.integers(10, 90, 90), rng.integers(5, 70, 90)
    labels = np.where(rng.random(90) < 0.2, 7, codes()[rows, columns])
    points(rows, columns, labels).to_file(tmp_path / "points.gpkg")
    return assessed(drawn_map, tmp_path / "points.gpkg")


def test_the_text_has_the_accuracy_and_area_of_each_class_with_intervals(found: MapAccuracy) -> None:
    text, a = render_text(found), found.assessment
    assert text.startswith("map.tif (class) against 90 points of points.gpkg; strata are the classes of the map.\n")
    assert CONDITION in text
    accuracy, area = ([n for n in text.splitlines() if n.startswith("Other land")][k] for k in (0, 1))
    assert f"{a.users[2].value:.3f} ± {a.users[2].half_width:.3f}" in accuracy
    hectares = [share * found.assessed_ha for share in (a.areas[2].value, a.areas[2].half_width)]
    assert "{:.2f} ± {:.2f}".format(*hectares) in area


def test_areas_of_a_large_map_have_no_decimals(found: MapAccuracy) -> None:
    assert f" {found.classes[0].pixels:,} " in render_text(replace(found, pixel_ha=1.0))


def test_the_matrices_have_their_sums(found: MapAccuracy) -> None:
    last = [line for line in render_text(found).splitlines() if line.startswith("all ")]
    counts = found.assessment.counts.sum(axis=0)
    assert last[0].split()[1:] == [*map(str, counts), "90"]
    assert last[1].split()[-1] == "1.0000"


def test_what_the_map_rests_on_and_its_notes_stand_before_the_figures(drawn_map: Path, tmp_path: Path) -> None:
    rests_on = {"months_seen": 3, "months_read": 36, "seasons_seen": ["April to September"], "band_groups": ["NDVI"]}
    tags = {"LANDCAST_EVIDENCE": json.dumps(rests_on), "LANDCAST_NOTES": "It rests on NDVI alone.\nOne more."}
    path = write_map(tmp_path / "tagged.tif", codes(), tags)
    points(np.array([20, 30]), np.array([20, 30]), [0, 7]).to_file(tmp_path / "two.gpkg")
    found = assessed(path, tmp_path / "two.gpkg")
    page = render_page(found)
    for sentence in (evidence_line(rests_on), "It rests on NDVI alone.", "One more."):
        assert page.index(sentence) < page.index("Overall accuracy")
    content = json.loads(render_json(found))
    assert (content["map_evidence"], content["map_notes"]) == (rests_on, ["It rests on NDVI alone.", "One more."])


def test_simulated_data_are_called_simulated(found: MapAccuracy) -> None:
    for render in (render_text, render_page):
        assert SIMULATED not in render(found)
        assert SIMULATED in render(replace(found, is_simulated=True))


def test_the_page_escapes_names_and_names_its_source(drawn_map: Path, tmp_path: Path) -> None:
    points(np.array([20, 30, 40, 41]), np.array([20, 30, 40, 41]), [0, 7, 1, 0]).to_file(tmp_path / "points.gpkg")
    found = assessed(drawn_map, tmp_path / "points.gpkg", names={0: "<b>wood</b>", 1: "a, b", 7: "field"})
    page = render_page(found)
    assert "&lt;b&gt;wood" in page
    assert "<b>wood" not in page
    assert "http" not in page
    assert SOURCE.replace("'", "&#39;") in page
    table = pd.read_csv(io.StringIO(render_csv(found)))
    assert table["class"].tolist() == ["<b>wood</b>", "a, b", "field", "(whole map)"]


def test_the_csv_has_a_row_for_each_class_and_one_for_the_map(found: MapAccuracy, tmp_path: Path) -> None:
    write_report(found, tmp_path / "report.csv")
    table = pd.read_csv(tmp_path / "report.csv")
    assert len(table) == 4
    assert table["area_ha"].sum() == pytest.approx(found.assessed_ha)
    assert table["overall_accuracy"].iloc[-1] == found.assessment.overall.value
    assert table["producers_accuracy_half_width"].iloc[2] == found.assessment.producers[2].half_width


def test_the_json_has_every_figure_and_null_where_one_is_not_defined(found: MapAccuracy, tmp_path: Path) -> None:
    write_report(found, tmp_path / "report.json")
    content = json.loads((tmp_path / "report.json").read_text())
    assert content == json.loads(render_json(found))
    assert content["points"] == 90
    assert [c["code"] for c in content["classes"]] == [0, 1, 7]
    area = found.assessment.areas[0]
    assert content["classes"][0]["area_ha"]["high"] == pytest.approx(area.high * found.assessed_ha)
    assert content["error_matrix_counts"] == found.assessment.counts.tolist()
    unknown = replace(found.assessment, overall=replace(area, standard_error=float("nan")))
    overall = json.loads(render_json(replace(found, assessment=unknown)))["overall_accuracy"]
    assert overall["value"] == area.value
    assert overall["half_width"] is None


def test_another_ending_is_refused(found: MapAccuracy, tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match=r"it ends in \.json or \.html or \.csv"):
        write_report(found, tmp_path / "report.pdf")
