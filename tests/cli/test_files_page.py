"""The page about files of other programs: made from the rules, and each row held by a test."""

import ast
import sys
from pathlib import Path

import pytest

from cli import files_page
from cli.files_page import PARTS, text
from core.bands import OPTICAL_NAMES
from ingest.rules.band_names import HLS_L30_NAMES, RADAR_AND_WEATHER, SENTINEL_2_NAMES
from ingest.rules.layouts import SECTIONS
from ingest.rules.masks import RULES
from tests.conftest import ROOT
from tests.house.pages import text_of

PAGE = "docs/reference/your-files.md"
RASTERS = "tests/ingest/rasters/test_folder.py::test_every_layout_gives_the_same_pixels"
FOREIGN = "tests/ingest/cubes/test_foreign.py::test_a_layout_gives_the_pixels_of_our_own"
HELD_BY = {
    "odc-stac": FOREIGN,
    "stackstac": FOREIGN,
    "cubo": FOREIGN,
    "sentle": FOREIGN,
    "openEO": FOREIGN,
    "EarthNet, GreenEarthNet": "tests/ingest/cubes/test_foreign.py::"
    "test_a_cube_in_degrees_is_resampled_to_utm_and_says_so",
    "xcube": "tests/ingest/cubes/test_foreign.py::test_a_cube_in_degrees_is_resampled_to_utm_and_says_so",
    "WorldCereal": FOREIGN,
    "Digital Earth Australia, Digital Earth Africa": FOREIGN,
    "EOPF": "tests/ingest/cubes/test_foreign.py::test_an_eopf_product_is_one_date_with_coarse_bands_resampled",
    "HLS S30, HLS L30 as cubes": "tests/ingest/cubes/test_foreign.py::test_hls_of_landsat_gives_the_bands_that_it_has",
    **dict.fromkeys(
        (
            "Theia (MAJA)",
            "FORCE",
            "HLS S30, HLS L30",
            "SAFE",
            "Flat files of Collection 1",
            "sen2r",
            "rslearn",
            "Earth Engine, one file a date",
            "Earth Engine, stack of dates",
            "Sentinel Hub",
            "EO Browser",
        ),
        RASTERS,
    ),
    "STAC": "tests/ingest/stac/test_folder.py::test_a_saved_item_collection_is_read_as_pystac_writes_it",
    "Long tables": "tests/ingest/table/test_any_layout.py::"
    "test_any_table_gives_the_series_of_our_own_layout_or_is_refused",
    "Wide tables": "tests/ingest/table/test_wide.py::test_bands_and_masks_of_earth_engine_are_brought_together",
    "GeoParquet": "tests/ingest/table/test_file.py::test_geoparquet_is_read_without_its_geometry",
    "Regions": "tests/ingest/test_region_file.py::test_a_file_of_any_format_and_crs_gives_the_polygon_in_wgs84",
    "Labels": "tests/training/labels/test_read_file.py::test_every_format_and_crs_gives_the_same_labels",
    "Reference points": "tests/evaluation/map_accuracy/test_reference.py::"
    "test_places_are_in_the_crs_of_the_map_and_labels_are_texts",
}
"""A test of each row: `file::function`."""
ROWS = [row.tool for rows in SECTIONS.values() for row in rows]


def test_every_row_names_a_test_that_is_there() -> None:
    assert len(set(ROWS)) == len(ROWS)
    assert set(HELD_BY) == set(ROWS)
    for place in HELD_BY.values():
        file, _, function = place.partition("::")
        tree = ast.parse((ROOT / file).read_text(encoding="utf-8"))
        assert function in {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}, place


def test_the_page_is_current_and_has_every_row_name_and_mask() -> None:
    page = text_of(PAGE)
    assert page == text(page)
    assert [tool for tool in ROWS if f"| {tool} |" not in page] == []
    names = {n for table in SENTINEL_2_NAMES.values() for n in table} | set(HLS_L30_NAMES) | set(RADAR_AND_WEATHER)
    masks = {n for rule in RULES for n in rule.names}
    assert [n for n in sorted(names | masks) if f"`{n}`" not in page] == []
    assert [b for b in OPTICAL_NAMES if f"| {b} |" not in page] == []


def test_what_stands_outside_the_marks_stays() -> None:
    page = "".join(f"Words.\n<!-- begin {n} -->\nof yesterday\n<!-- end {n} -->\n" for n in PARTS) + "The end.\n"
    found = text(page)
    assert found.count("Words.") == len(PARTS)
    assert found.endswith("The end.\n")
    assert "of yesterday" not in found
    with pytest.raises(ValueError, match="no marks around 'bands'"):
        text(page.replace("begin bands", "begin"))


def test_the_page_is_written_and_a_page_of_yesterday_is_reported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "page.md"
    page.write_text(text_of(PAGE).replace("qa60", "yesterday"))
    monkeypatch.setattr(files_page, "PATH", page)
    monkeypatch.setattr(sys, "argv", ["files_page", "--check"])
    assert files_page.main() == 1
    assert "is not current" in capsys.readouterr().err
    monkeypatch.setattr(sys, "argv", ["files_page"])
    assert files_page.main() == 0
    monkeypatch.setattr(sys, "argv", ["files_page", "--check"])
    assert files_page.main() == 0
    assert page.read_text() == text_of(PAGE)
