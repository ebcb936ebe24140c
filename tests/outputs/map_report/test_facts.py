"""Facts of finished maps, with and without a STAC item, and what is no map."""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
import rasterio

from core.errors import InvalidOption
from outputs.map_report.facts import find_result, read_facts
from tests.outputs.map_report.maps import CREDIT, finished


def test_a_result_of_a_service_states_everything(tmp_path: Path) -> None:
    path = finished(tmp_path, "canopy", date="2022-09-30", has_gap=True, notes=("One note.",))
    found = read_facts(path)
    assert (found.title, found.product, found.period) == ("Tree canopy", "canopy", "2019-01-01/2022-10-31")
    assert (found.model, found.model_version, found.version) == ("canopy", "2026-11-20", "0.1.0")
    assert (found.archive, found.attribution, found.is_simulated) == ("earth-search", CREDIT, False)
    assert (found.scenes, found.gap_count, found.notes) == (214, 1, ("One note.",))
    assert found.completeness == pytest.approx(427 / 428, abs=1e-5)
    assert found.seen_share == pytest.approx(1 - 1 / 30, abs=0.001)
    assert found.region
    assert found.created == "2022-11-02T09:30:00Z"
    assert found.sha256 == hashlib.sha256(path.read_bytes()).hexdigest()
    assert [row["label"] for row in found.areas["classes"]] == ["No tree canopy", "Conifer", "Broadleaf"]


def test_a_file_of_a_command_states_the_same_but_for_region_and_gaps(tmp_path: Path) -> None:
    (tmp_path / "with").mkdir()
    with_item = read_facts(finished(tmp_path / "with", "canopy", has_gap=True, notes=("One.", "Two.")))
    bare = read_facts(finished(tmp_path, "canopy", has_gap=True, has_item=False, notes=("One.", "Two.")))
    for name in ("title", "product", "period", "model", "model_sha256", "scenes", "areas", "evidence", "gap_count"):
        assert getattr(bare, name) == getattr(with_item, name), name
    assert bare.notes == with_item.notes == ("One.", "Two.")
    assert bare.completeness == pytest.approx(with_item.completeness, abs=1e-4)
    assert (bare.region, bare.gaps, bare.seen_share, bare.job_id) == (None, (), None, "")


def test_a_forecast_has_its_issue_date(tmp_path: Path) -> None:
    found = read_facts(finished(tmp_path, "ndvi-forecast", horizon="20d", step="10d", issue_date="2022-09-15"))
    assert found.issue_date == "2022-09-15"
    assert found.title == "NDVI forecast"


def test_a_result_is_found_by_its_file_its_item_or_its_folder(tmp_path: Path) -> None:
    path = finished(tmp_path, "canopy")
    assert find_result(path) == find_result(path.with_suffix(".json")) == find_result(tmp_path) == path
    (tmp_path / "other.tif").touch()
    with pytest.raises(InvalidOption, match="has 2 files"):
        find_result(tmp_path)
    with pytest.raises(InvalidOption, match="id of a job"):
        find_result(tmp_path / "nothing.tif")


def test_what_is_no_result_is_refused_in_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "text.tif").write_text("no raster")
    with pytest.raises(InvalidOption, match="cannot be read as a GeoTIFF"):
        read_facts(tmp_path / "text.tif")
    place = {"crs": 32632, "transform": rasterio.Affine(10, 0, 600_000, 0, -10, 5_600_000)}
    with rasterio.open(
        tmp_path / "other.tif", "w", driver="GTiff", width=4, height=3, count=1, dtype="uint8", **place
    ) as out:
        out.write(np.zeros((1, 3, 4), np.uint8))
    with pytest.raises(InvalidOption, match="not a result of landcast"):
        read_facts(tmp_path / "other.tif")
    path = finished(tmp_path, "canopy")
    path.with_suffix(".json").write_text("{")
    with pytest.raises(InvalidOption, match="no JSON"):
        read_facts(path)
    path.with_suffix(".json").write_text(json.dumps([1]))
    assert read_facts(path).region is None, "a file of the same name that is no item is left alone"
