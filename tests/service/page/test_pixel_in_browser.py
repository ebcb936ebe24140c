"""What the page says of one pixel, of areas and completeness, and two maps under a slider."""

from itertools import pairwise
from typing import Any

import pytest
from sqlalchemy import update

from tests.service import scene
from tests.service.conftest import Front
from tests.service.page.browser import NEEDS_CHROMIUM, Page
from workers.queue.ledger import open_ledger
from workers.queue.schema import tiles

selenium = pytest.importorskip("selenium")

from selenium.webdriver.common.keys import Keys  # noqa: E402 - only where it is installed
from selenium.webdriver.support.ui import Select  # noqa: E402

pytestmark = NEEDS_CHROMIUM


def open_pixel(page: Page, job_id: str) -> None:
    """Open the pixel at the middle of a job's map, and wait for its observations."""
    page.open_job(job_id)
    page.one("#view-result")
    page.look_at(48.0239, 10.3440)
    page.one("#pixel-centre").click()
    page.says("#pixel-evidence", "clear observations on")


def test_a_pixel_of_a_class_map_has_its_class_probabilities_and_history(page: Page) -> None:
    open_pixel(page, "canopy1")
    page.says("#pixel-title", "Pixel at 48.0239")
    assert page.one(".pixel-class strong").text == "Conifer"
    bars = page.all(".bars meter")
    assert [bar.get_attribute("aria-label") for bar in bars] == [
        "Probability of no tree canopy",
        "Probability of conifer",
        "Probability of broadleaf",
    ]
    dots = page.all("#pixel-chart circle.seen")
    assert page.one("#pixel-evidence").text.startswith(f"{len(dots)} clear observations")
    assert "NDVI in time" in page.one("#pixel-chart svg").get_attribute("aria-label")


def test_a_pixel_of_a_forecast_has_its_bands_in_a_chart_and_in_numbers(page: Page) -> None:
    open_pixel(page, "forecast1")
    for part in ("polygon.band-90", "polygon.band-50", "polyline.median", "line.issue"):
        page.until(lambda part=part: page.all(f"#pixel-chart {part}"))
    keys = [key.text for key in page.all("#pixel-chart-legend .key") if key.is_displayed()]
    assert keys == ["clear observation", "median", "50 %", "90 %", "usual"]
    page.one("#pixel-table summary").click()
    rows = [row.text for row in page.all("#pixel-table details tbody tr")]
    assert len(rows) == 2
    point = page.run("return fetch('jobs/forecast1/point?lon=10.3440&lat=48.0239').then((answer) => answer.json())")
    medians = [f"{v['value']:.2f}" for v in point["values"] if v["quantile"] == 0.5]
    assert [row.split()[1] for row in rows] == medians
    history = page.run(
        "return fetch('jobs/forecast1/point/history?lon=10.3440&lat=48.0239').then((answer) => answer.json())"
    )
    assert [row.split()[-1] for row in rows] == [f"{one['ndvi']:.2f}" for one in history["usual"]]


def test_a_pixel_is_picked_with_a_click_and_with_the_keyboard_and_closed(page: Page) -> None:
    page.open_job("crop1")
    page.one("#legend li")
    page.click_map(-120, 0)
    page.one("#pixel")
    page.one("#pixel-close").click()
    page.until(lambda: page.is_hidden("#pixel") and not page.all(".pixel-mark"))
    page.one("#map").send_keys(Keys.ENTER)
    page.one("#pixel")


def test_a_click_beside_the_map_of_a_result_says_so(page: Page) -> None:
    page.open_job("crop1")
    page.one("#legend li")
    page.look_at(10, 10)
    page.one("#pixel-centre").click()
    page.says("#pixel-unseen", "Outside the map")


def test_the_table_of_areas_stands_below_the_legend_with_its_intervals(page: Page, front: Front) -> None:
    page.open_job("canopy1")
    page.one("#legend li")
    assert page.is_hidden("#view-areas")  # the made-up item states none
    script = "const { showAreas } = await import('./page/areas.js'); showAreas(arguments[0]);"
    row = {
        "label": "Conifer <i>",
        "codes": [1],
        "mapped_ha": 12.25,
        "expected_ha": 11.0,
        "low_ha": 9.5,
        "high_ha": 13.0,
    }
    unknown = {**row, "label": "Gain", "expected_ha": None, "low_ha": None, "high_ha": None}
    areas = {"total_ha": 1234.5, "method": "mapped: pixels", "classes": [row, unknown]}
    page.run(f"return (async (...arguments) => {{ {script} }})(arguments[0])", areas)
    assert [tr.text for tr in page.all("#view-areas tbody tr")] == [
        "Conifer <i> 12.3 11.0 9.50–13.0",
        "Gain 12.3",
        "All that was seen 1,235",
    ]


def test_a_map_says_how_complete_it_is(page: Page) -> None:
    page.open_job("canopy1")
    page.says("#view-complete", "91.1 % of the region was seen clear. No tile is missing.")
    assert page.is_hidden("#view-retry")


def test_missing_tiles_are_listed_with_reasons_and_tried_again(own: Front, browser: Any) -> None:
    scene.finished(own.settings, "crop", "gappy")
    ledger = open_ledger(own.settings)
    lost = ledger.tiles("gappy")[:2]
    with ledger.engine.begin() as connection:
        here = (tiles.c.job_id == "gappy", tiles.c.tile_key.in_([t.tile_key for t in lost]))
        connection.execute(update(tiles).where(*here).values(state="failed", error="<b>the disk</b> broke"))
    page = Page(browser, str(own.client.base_url))
    page.says(".job-meta", f"{len(lost)} of {len(ledger.tiles('gappy'))} tiles missing")
    page.open_job("gappy")
    page.says("#view-complete", f"{len(lost)} tiles of {len(ledger.tiles('gappy'))} are missing")
    assert [e.text for e in page.all("#view-gaps li")] == ["<b>the disk</b> broke"]
    page.one("#view-retry").click()
    page.says("#view-facts", "%")
    assert own.client.get("/jobs/gappy").json()["status"] in ("accepted", "running")


def test_two_dates_lie_side_by_side_under_a_slider(page: Page) -> None:
    page.open_job("forecast1")
    page.one("#legend .gradient")
    dates = [o.text for o in Select(page.one("#view-date")).options]
    Select(page.one("#compare")).select_by_visible_text(dates[1])
    page.says("#compare-right", dates[1])
    page.says("#compare-left", dates[0])
    sources = [image.get_attribute("src") for image in page.all(".leaflet-image-layer")]
    assert [next(d for d in dates if d in source) for source in sources] == dates
    before = clips(page)
    page.one("#compare-slider").send_keys(Keys.HOME)
    page.until(lambda: clips(page) != before)
    Select(page.one("#compare")).select_by_index(0)
    page.until(lambda: page.is_hidden("#compare-bar") and len(page.all(".leaflet-image-layer")) == 1)
    assert clips(page) == ["none", "none"]


def clips(page: Page) -> list[str]:
    panes = page.all(".leaflet-pictures-pane, .leaflet-compared-pane")
    return [pane.value_of_css_property("clip-path") for pane in panes]


def test_another_result_can_be_compared(page: Page) -> None:
    page.one("[data-job='crop1']")
    page.open_job("canopy1")
    page.one("#legend li")
    options = [o.get_attribute("value") for o in Select(page.one("#compare")).options]
    assert options == ["", "job crop1", "job forecast1"] or set(options) == {"", "job crop1", "job forecast1"}
    Select(page.one("#compare")).select_by_value("job crop1")
    page.says("#compare-right", "Crop map")
    assert {i.get_attribute("src").split("/jobs/")[1].split("/")[0] for i in page.all(".leaflet-image-layer")} == {
        "canopy1",
        "crop1",
    }


@pytest.mark.parametrize("width", [390, 700, 1280])
def test_the_degrees_of_meridians_do_not_run_into_each_other(page: Page, width: int) -> None:
    page.emulate(width, 844)
    page.look_at(48.0239, 10.3440)
    boxes = page.run(
        "return [...document.querySelectorAll('.graticule-label')].filter((e) => /[EW]$/.test(e.textContent))"
        ".map((e) => e.getBoundingClientRect()).map(({ left, right }) => [left, right])"
    )
    assert boxes
    assert all(right < left for (_, right), (left, _) in pairwise(sorted(boxes)))
