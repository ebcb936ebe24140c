"""Links to a result, names of jobs, base maps, live progress, and the page on paper."""

import base64
import re
from typing import Any

import httpx
import pytest

from core.read_settings import read_settings
from core.settings import Settings
from service.page import content_security_policy
from tests.service import scene
from tests.service.access.keyed import make_key
from tests.service.conftest import Front
from tests.service.page.browser import NEEDS_CHROMIUM, Page
from workers.queue.ledger import open_ledger

pytestmark = NEEDS_CHROMIUM

TITLE = "Nordacker <img src=x onerror=alert(1)>"


def test_a_share_link_shows_one_result_without_a_key(browser: Any, front: Front) -> None:
    settings = front.settings.but(keys="required")
    key = make_key(settings, "who shares", party="")
    with scene.served(settings) as client:
        page = Page(browser, str(client.base_url))
        page.one("#key").send_keys(key, "\n")
        page.open_job("canopy1")
        page.one("#share").click()
        link = page.until(lambda: page.one("#share-link").get_attribute("value"))
        assert key not in link
        page.run("sessionStorage.clear()")
        browser.get_log("browser")
        shared = Page(browser, link)
        shared.says("#view-title", "Tree canopy")
        image = shared.one(".leaflet-image-layer")
        shared.until(lambda: int(image.get_attribute("naturalWidth")) > 100)
        shared.one("#view-downloads a")
        assert shared.is_hidden("#key-dialog")
        assert shared.is_hidden(".side")
        shared.one("#pixel-centre").click()
        shared.says("#pixel-title", "Pixel at")
        file = shared.all("#view-downloads a")[0].get_attribute("href")
        assert httpx.get(file, trust_env=False).status_code == 200
        assert not [e for e in browser.get_log("browser") if e["level"] == "SEVERE"]


def test_the_address_of_the_page_names_the_job_on_show(page: Page) -> None:
    page.open_job("crop1")
    page.until(lambda: page.browser.current_url.endswith("?job=crop1"))
    for _ in range(3):  # the list and the card ask at the same time, and one picture is there whichever is first
        page.browser.refresh()
        page.says("#view-title", "Crop map")
        page.one(".job[aria-current='true']")
        page.until(lambda: page.is_hidden("#view-busy") and len(page.all(".leaflet-image-layer")) == 1)
        assert int(page.one(".leaflet-image-layer").get_attribute("naturalWidth")) > 100
    page.one("#view-close").click()
    page.until(lambda: "job=" not in page.browser.current_url)


def test_names_tell_jobs_of_one_product_apart(own: Front, browser: Any) -> None:
    scene.accepted(own.settings, "canopy", "state", title=TITLE, date="2022-06-30")
    scene.accepted(own.settings, "canopy", "change", change="2021-06-30/2022-06-30")
    page = Page(browser, str(own.client.base_url))
    page.one("[data-job='state']")
    read = {e.get_attribute("data-job"): e.text.replace("\u00a0", " ") for e in page.all(".job")}
    assert re.match(rf"{re.escape(TITLE)}\naccepted\nTree canopy · 2022-06-30 · 48\.024° N 10\.344° E\n", read["state"])
    assert re.match(r"Tree canopy\naccepted\nchange 2021-06-30 to 2022-06-30 · 48\.024° N", read["change"])
    page.open_job("state")
    page.says("#view-title", TITLE)


def test_an_estimate_comes_by_itself_and_the_title_goes_into_the_order(own: Front, browser: Any) -> None:
    page = Page(browser, str(own.client.base_url))
    page.one("#tab-orders").click()
    page.one("#option-model")
    page.one("#title").send_keys("Nordacker")
    page.one("#region").send_keys(str(scene.REGION).replace("'", '"'), "\t")
    page.says("#order-estimate", "tiles")
    page.one("#order button.main").click()
    page.says(".job-title", "Nordacker")
    assert own.client.get("/jobs").json()["jobs"][0]["title"] == "Nordacker"


def test_progress_comes_by_events(page: Page, front: Front) -> None:
    page.one("[data-job='running1']")
    streams = "return performance.getEntriesByType('resource').filter((r) => r.name.includes('/jobs?')).length"
    page.until(lambda: page.run("return performance.now()") > 1500)
    asked = page.run(streams)
    ledger = open_ledger(front.settings)
    key = ledger.tiles("running1")[0].tile_key
    try:
        ledger.heartbeat("running1", key, "w", 60.0, 0.9)
        page.until(lambda: page.one("[data-job='running1'] progress").get_attribute("value") == "15")
        assert page.run(streams) <= asked + 1  # the list was not asked for it time and again
    finally:
        ledger.heartbeat("running1", key, "w", 60.0, 0.45)


def test_a_base_map_of_the_settings_lies_below_with_its_credit(browser: Any, front: Front) -> None:
    with scene.served(front.settings) as tiles:
        template = f"{str(tiles.base_url).rstrip('/')}/page/icon.svg?tile={{z}}-{{x}}-{{y}}"
        settings = front.settings.but(base_map=template, base_map_attribution="© <b>Tiles</b>")
        with scene.served(settings) as client:
            page = Page(browser, str(client.base_url))
            page.until(lambda: page.all(".leaflet-tile-pane img.leaflet-tile-loaded"))
            page.says(".leaflet-control-attribution", "© <b>Tiles</b>")


@pytest.mark.parametrize(
    ("template", "source"),
    [
        ("", ""),
        ("https://tiles.example.org/{z}/{x}/{y}.png", " https://tiles.example.org"),
        ("https://{s}.tiles.example.org:8443/{z}/{y}/{x}?key=1", " https://*.tiles.example.org:8443"),
    ],
)
def test_the_policy_opens_pictures_of_the_base_map_alone(template: str, source: str) -> None:
    policy = content_security_policy(Settings(base_map=template))
    assert f"img-src 'self' data:{source};" in policy
    assert policy.count("example") == bool(source)


@pytest.mark.parametrize(
    "template", ["https://a.org/x.png", "https://a.org; script-src *;/{z}/{x}/{y}", "/{z}/{x}/{y}"]
)
def test_a_base_map_that_is_no_template_is_refused(monkeypatch: pytest.MonkeyPatch, template: str) -> None:
    monkeypatch.setenv("LANDCAST_BASE_MAP", template)
    with pytest.raises(Exception, match="LANDCAST_BASE_MAP"):
        read_settings()


def test_the_page_prints_a_map_with_its_legend(page: Page) -> None:
    page.open_job("canopy1")
    page.one("#legend li")
    printed = page.browser.execute_cdp_cmd("Page.printToPDF", {"printBackground": True})
    assert len(base64.b64decode(printed["data"])) > 10_000
    page.emulate(1280, 800, media="print")
    try:
        assert page.is_hidden(".side")
        assert page.is_hidden("#pixel-centre")
        assert page.one("#legend li").text == "No tree canopy"
        width = page.run("return document.getElementById('map').getBoundingClientRect().width")
        assert width == pytest.approx(680, abs=3)  # 180 mm
    finally:
        page.emulate(1280, 800)
