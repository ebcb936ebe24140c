"""The map page in a real browser: list, layers, legend, downloads, order form."""

from typing import Any

import pytest
from sqlalchemy import update

from tests.service import scene
from tests.service.access.keyed import make_key
from tests.service.conftest import Front
from tests.service.page.browser import NEEDS_CHROMIUM, Page
from workers.queue.ledger import open_ledger
from workers.queue.schema import tiles

selenium = pytest.importorskip("selenium")

from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402 - only where it is installed
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.common.keys import Keys  # noqa: E402
from selenium.webdriver.support.ui import Select  # noqa: E402

pytestmark = NEEDS_CHROMIUM


def test_jobs_are_listed_with_their_states(page: Page) -> None:
    page.one("[data-job='crop1']")
    states = {e.get_attribute("data-job"): e.find_element(By.CSS_SELECTOR, ".state").text for e in page.all(".job")}
    assert states == {
        "running1": "running",
        "canopy1": "successful",
        "failed1": "failed",
        "forecast1": "successful",
        "crop1": "successful",
    }
    assert page.one("[data-job='running1'] progress").get_attribute("value") == "8"


def test_a_class_map_is_laid_over_the_map_with_its_legend(page: Page) -> None:
    page.open_job("canopy1")
    image = page.one(".leaflet-image-layer")
    page.until(lambda: int(image.get_attribute("naturalWidth")) > 100)
    assert [e.text for e in page.all("#legend li")] == ["No tree canopy", "Conifer", "Broadleaf"]
    colour = page.one("#legend .swatch").value_of_css_property("background-color")
    assert colour == "rgba(238, 226, 196, 1)"
    page.says("#view-simulated", "Simulated data")
    page.says("#simulated-banner", "no satellite")


def test_a_class_map_says_what_it_rests_on_below_its_legend(page: Page) -> None:
    page.open_job("canopy1")
    page.says("#view-evidence", "14 of 36 months seen (median of the pixels), in April to September")
    assert [e.text for e in page.all("#view-notes li")] == [scene.NOTE]
    page.open_job("crop1")
    page.until(lambda: page.is_hidden("#view-evidence") and page.is_hidden("#view-notes"))


def test_another_layer_has_another_picture_and_legend(page: Page) -> None:
    page.open_job("canopy1")
    page.one("#legend li")
    Select(page.one("#view-layer")).select_by_visible_text("Probability of conifer")
    page.one("#legend .gradient")
    page.until(lambda: "layer=p_conifer" in page.one(".leaflet-image-layer").get_attribute("src"))
    assert [e.text for e in page.all("#legend .ticks span")] == ["0 %", "25 %", "50 %", "75 %", "100 %"]


def test_the_opacity_slider_works_by_keyboard(page: Page) -> None:
    page.open_job("canopy1")
    image = page.one(".leaflet-image-layer")
    slider = page.one("#view-opacity")
    slider.send_keys(Keys.HOME)
    page.until(lambda: float(image.value_of_css_property("opacity")) == 0)
    slider.send_keys(Keys.END)
    page.until(lambda: float(image.value_of_css_property("opacity")) == 1)
    assert page.one("#view-opacity-out").text == "100 %"


def test_a_forecast_steps_through_its_dates_and_shows_its_plot(page: Page) -> None:
    page.open_job("forecast1")
    page.one("#legend .gradient")
    dates = [o.text for o in Select(page.one("#view-date")).options]
    assert len(dates) == 2
    assert not page.one("#date-back").is_enabled()
    page.one("#date-on").click()
    page.until(lambda: dates[1] in page.one(".leaflet-image-layer").get_attribute("src"))
    assert not page.one("#date-on").is_enabled()
    page.one("#view-plot").click()
    page.until(lambda: int(page.one("#plot-large").get_attribute("naturalWidth")) == 600)
    page.one("#plot-dialog button").click()


def test_downloads_lead_to_the_files(page: Page, front: Front) -> None:
    page.open_job("crop1")
    page.one("#view-downloads a")
    links = {a.text: a.get_attribute("href") for a in page.all("#view-downloads a")}
    assert links.keys() == {"GeoTIFF", "STAC item", "Picture", "QGIS style", "QGIS layers", "Legend for GDAL"}
    for href in links.values():
        assert front.client.head(href).status_code == 200


def test_a_failed_job_says_why(page: Page) -> None:
    page.open_job("failed1")
    page.says("#view-error", "no clear observation")
    assert page.is_hidden("#view-layers")
    assert page.is_hidden("#simulated-banner")


def test_progress_is_live(page: Page, front: Front) -> None:
    ledger = open_ledger(front.settings)
    key = ledger.tiles("running1")[0].tile_key
    page.one("[data-job='running1']")
    try:
        ledger.heartbeat("running1", key, "w", 60.0, 0.9)
        page.until(lambda: page.one("[data-job='running1'] progress").get_attribute("value") == "15")
    finally:
        ledger.heartbeat("running1", key, "w", 60.0, 0.45)


def open_orders(page: Page) -> None:
    page.one("#tab-orders").click()
    page.one("#option-model")


def write_region(page: Page, text: str) -> None:
    field = page.one("#region")
    field.clear()
    field.send_keys(text)


def test_an_order_without_a_region_is_refused_in_one_sentence(page: Page) -> None:
    open_orders(page)
    page.one("#order button.main").click()
    page.says("#order-error", "Draw or enter a region first.")
    write_region(page, "no region")
    page.one("#order button.main").click()
    page.says("#order-error", "not GeoJSON")


def test_the_services_refusal_is_shown(page: Page) -> None:
    open_orders(page)
    write_region(page, str(scene.ELSEWHERE).replace("'", '"'))
    page.one("#order button.main").click()
    page.says("#order-error", "outside the archive")


def test_the_form_follows_the_product(page: Page) -> None:
    open_orders(page)
    Select(page.one("#product")).select_by_value("ndvi-forecast")
    page.one("#option-horizon")
    Select(page.one("#product")).select_by_value("canopy")
    assert page.one("#option-date").get_attribute("type") == "date"
    page.until(lambda: page.is_hidden("#option-horizon"))


def test_every_control_has_a_name_for_assistive_technology(page: Page) -> None:
    open_orders(page)
    nameless = [
        e.get_attribute("outerHTML")[:80]
        for e in page.all("button, select, input, textarea")
        if e.is_displayed() and not e.accessible_name
    ]
    assert nameless == []


def test_the_tabs_work_by_keyboard(page: Page) -> None:
    page.one("#tab-results").send_keys(Keys.ARROW_RIGHT)
    page.one("#order")
    assert page.browser.switch_to.active_element.get_attribute("id") == "tab-orders"


def test_a_polygon_is_drawn_estimated_and_ordered(own: Front, browser: Any) -> None:
    page = Page(browser, str(own.client.base_url))
    open_orders(page)
    page.says("#archive-hint", "Simulated observations.")
    page.one("#draw").click()
    area = page.one("#map")
    for dx, dy in [(-250, -40), (-150, -50), (-160, 40)]:
        ActionChains(browser).move_to_element_with_offset(area, dx, dy).click().perform()
    page.one("#draw").click()
    page.until(lambda: '"Polygon"' in page.one("#region").get_attribute("value"))
    Select(page.one("#product")).select_by_value("crop")
    page.one("#estimate").click()
    page.says("#order-estimate", "km²")
    page.one("#order button.main").click()
    page.says(".job .state", "accepted")
    page.says("#view-title", "Crop")
    [job] = own.client.get("/jobs").json()["jobs"]
    assert job["processID"] == "crop"
    page.one("#view-downloads button").click()
    page.says(".job .state", "dismissed")


def test_gaps_of_a_map_are_drawn_with_their_reasons(own: Front, browser: Any) -> None:
    scene.finished(own.settings, "crop", "gappy")
    ledger = open_ledger(own.settings)
    lost = ledger.tiles("gappy")[:2]
    with ledger.engine.begin() as connection:
        here = (tiles.c.job_id == "gappy", tiles.c.tile_key.in_([t.tile_key for t in lost]))
        connection.execute(update(tiles).where(*here).values(state="failed", error="<b>the disk</b> broke"))
    page = Page(browser, str(own.client.base_url))
    page.open_job("gappy")
    page.until(lambda: len(page.all("path.gap")) == len(lost))
    ActionChains(browser).move_to_element(page.all("path.gap")[0]).perform()
    page.says(".leaflet-tooltip", "Gap: <b>the disk</b> broke")
    page.one("#view-close").click()
    page.until(lambda: not page.all("path.gap"))


def test_the_page_works_below_the_path_of_a_proxy(front: Front, browser: Any) -> None:
    with scene.served(front.settings, prefix="/landcast") as client:
        page = Page(browser, f"{client.base_url}".rstrip("/") + "/landcast/")
        page.open_job("crop1")
        image = page.one(".leaflet-image-layer")
        page.until(lambda: int(image.get_attribute("naturalWidth")) > 100)
        assert "/landcast/jobs/crop1/preview.png" in image.get_attribute("src")


def test_nothing_of_the_page_overflows_its_window(page: Page) -> None:
    page.open_job("forecast1")
    page.one("#legend .gradient")
    script = (
        "return [document.documentElement.scrollWidth, innerWidth, document.documentElement.scrollHeight, innerHeight]"
    )
    width, inner_width, height, inner_height = page.browser.execute_script(script)
    assert width <= inner_width
    assert height <= inner_height


def test_a_service_that_needs_a_key_asks_for_it_and_shows_the_jobs_of_its_party(browser: Any, front: Front) -> None:
    settings = front.settings.but(keys="required")
    key = make_key(settings, "of the page", party="")
    with scene.served(settings) as client:
        page = Page(browser, str(client.base_url))
        page.one("#key").send_keys("landcast_wrong", Keys.ENTER)
        page.says("#key-error", "not known here")
        page.one("#key").send_keys(key, Keys.ENTER)
        page.until(lambda: page.is_hidden("#key-dialog"))
        page.open_job("crop1")
        image = page.one(".leaflet-image-layer")
        page.until(lambda: int(image.get_attribute("naturalWidth")) > 100)
        link = next(e for e in page.all("#view-downloads a") if e.text == "GeoTIFF").get_attribute("href")
        assert client.get(link).status_code == 200
        assert key not in link + image.get_attribute("src")
        assert key not in browser.page_source
        browser.execute_script("sessionStorage.clear()")
        browser.get_log("browser")  # the refusals that this test is about
