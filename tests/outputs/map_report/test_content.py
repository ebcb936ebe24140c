"""Texts and tables of reports on maps of all kinds."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from outputs.map_report.content import MapReport, compose
from outputs.map_report.facts import read_facts
from tests.outputs.map_report.maps import CREDIT, SOUTH, TINY, finished, many_classes


def report(folder: Path, product: str, title: str = "", **given: Any) -> MapReport:
    return compose(read_facts(finished(folder, product, **given)), title=title)


def test_a_class_map_says_how_much_how_sure_where_not_and_where_from(tmp_path: Path) -> None:
    notes = tuple(f"Note {n}." for n in range(5))
    found = report(tmp_path, "canopy", date="2022-09-30", has_gap=True, notes=notes)
    assert (found.title, found.when, found.caution) == ("Tree canopy", "Map of 2022-09-30", "")
    assert found.where.startswith("1.3")
    assert "km², centre 50.5379° N 10.4218° E, UTM zone 32N (EPSG:32632)" in found.where
    assert [row[0].text for row in found.amounts.cells] == [
        "No tree canopy",
        "Conifer",
        "Broadleaf",
        "all that was mapped",
    ]
    assert " to " in found.amounts.cells[1][3].text
    assert [part.heading for part in found.sure] == ["Probability of the mapped class", "Clear observations of a pixel"]
    assert "22 of 36 months" in found.sure_notes[0]
    assert found.missing == (
        "1 part of the region could not be made (hatched): the archive did not answer.",
        "3.3 % of the region has no data: it was not seen clearly, or was left out.",
        "99.8 % of the reads of scenes succeeded.",
        "Note 0.",
        "Note 1.",
        "Note 2.",
        "2 further notes are in the file.",
    )
    assert "214 scenes of the archive 'earth-search', 2019-01-01 to 2022-10-31" in found.sources[0]
    assert found.sources[1].endswith(CREDIT)
    known = dict(found.provenance)
    assert known["model"] == "canopy 2026-11-20"
    assert known["weights sha256"] == "ab" * 32
    assert len(known["file sha256"]) == 64
    assert known["ordered"] == "2022-11-02T09:30:00Z"


def test_a_change_has_its_two_dates_and_an_own_title_keeps_the_name_of_the_product(tmp_path: Path) -> None:
    found = report(tmp_path, "canopy", title="  Bark \n beetle ", change="2021-10-31/2022-10-31")
    assert found.title == "Bark beetle"
    assert found.when == "Tree canopy: change from 2021-10-31 to 2022-10-31"
    rows = {row[0].text: [cell.text for cell in row[1:]] for row in found.amounts.cells}
    assert rows["Stable canopy"][1:] == ["–", "–"]
    assert " to " in rows["Loss"][2]
    assert found.missing[0] == "Each part of the region that the archive covers was made."


def test_a_forecast_has_its_issue_date_and_values_by_date(tmp_path: Path) -> None:
    found = report(tmp_path, "ndvi-forecast", horizon="150d", step="5d", issue_date="2022-09-15")
    assert found.when == "Forecast issued on 2022-09-15 for 2022-09-19 to 2023-02-11"
    dates = [row[0].text for row in found.amounts.cells]
    assert 6 <= len(dates) <= 8
    assert (dates[0], dates[-1]) == ("2022-09-19", "2023-02-11")
    assert found.amounts.heads == ("date", "median", "90 % interval")
    assert len(found.layers) == 3
    assert dict(found.provenance)["issue date"] == "2022-09-15"


def test_a_forecast_of_medians_alone_has_no_interval(tmp_path: Path) -> None:
    given = {"horizon": "20d", "step": "10d", "issue_date": "2022-09-15", "quantiles": "0.5"}
    found = report(tmp_path, "ndvi-forecast", **given)
    assert [row[2].text for row in found.amounts.cells] == ["–", "–"]
    assert not [part for part in found.sure if "interval" in part.heading]


def test_an_anomaly_has_shares_below_and_above(tmp_path: Path) -> None:
    found = report(tmp_path, "ndvi-anomaly")
    assert [row[1].text for row in found.amounts.cells] == ["1 %", "99 %", "0 %"]


@pytest.mark.parametrize(
    ("given", "texts"),
    [
        ({"window": SOUTH}, ("° S", "° W", "UTM zone 23S (EPSG:32723)", " ha, ")),
        ({"window": TINY}, ("0.01 ha, ", "° N")),
    ],
)
def test_places_in_the_south_and_of_one_pixel_have_a_size_and_a_centre(
    tmp_path: Path, given: dict[str, Any], texts: tuple[str, ...]
) -> None:
    where = report(tmp_path, "crop", **given).where
    assert [text for text in texts if text not in where] == []


def test_a_map_of_which_nothing_was_seen_says_so(tmp_path: Path) -> None:
    assert "100.0 % of the region has no data" in report(tmp_path, "canopy", is_unseen=True).missing[1]
    bare = report(tmp_path, "ndvi-forecast", is_unseen=True, horizon="10d", step="10d")
    assert bare.amounts.cells[0][1].text == "–"
    (tmp_path / "ndvi-forecast.json").unlink()
    assert "No pixel has data" in compose(read_facts(tmp_path / "ndvi-forecast.tif")).missing[1]


def test_a_licence_that_names_itself_is_not_named_twice_and_a_whole_map_says_so(tmp_path: Path) -> None:
    facts = read_facts(finished(tmp_path, "canopy"))
    found = compose(replace(facts, attribution="Licence: CC0-1.0", seen_share=1.0))
    assert found.sources[1] == "Licence: CC0-1.0"
    assert "All of the region has data." in found.missing


def test_many_classes_of_a_users_own_are_cut(tmp_path: Path) -> None:
    found = compose(read_facts(many_classes(tmp_path, [f"class {n}" for n in range(30)])))
    assert [row[0].text for row in found.amounts.cells[-2:]] == ["18 further classes", "all that was mapped"]
    assert found.when == "Map from observations of 2019-01-01 to 2022-10-31"
