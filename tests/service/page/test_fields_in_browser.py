"""Jobs of fields on the map page: ordered from a file, listed with the others, shown with a table and their files."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service import scene
from tests.service.conftest import Front
from tests.service.page.browser import NEEDS_CHROMIUM, Page
from tests.service.page.test_accessibility_in_browser import violations
from tests.workers.fields.jobs import FIELDS, carried_out, collection, feature, ordered, settings_for, square
from workers.queue.ledger import open_ledger

pytestmark = NEEDS_CHROMIUM
GIVEN = collection([*FIELDS["features"], feature(None, plot="lost", name="=cmd", id=7)])


@pytest.fixture(scope="module")
def shop(tmp_path_factory: pytest.TempPathFactory, redis_url: str) -> Iterator[tuple[str, Front]]:
    settings = settings_for(tmp_path_factory.mktemp("fields"), redis_url=redis_url)
    job = ordered(settings, GIVEN, title="Five fields", id="plot")
    assert carried_out(settings, open_ledger(settings).job(job.id)).message == "done"
    with scene.served(settings) as client:
        yield job.id, Front(settings, client)


@pytest.fixture
def page(browser: Any, shop: tuple[str, Front]) -> Iterator[Page]:
    browser.get_log("browser")
    yield Page(browser, str(shop[1].client.base_url))
    assert [e["message"] for e in browser.get_log("browser") if e["level"] == "SEVERE"] == []


def rows(page: Page) -> list[list[str]]:
    script = "return [...document.querySelectorAll('#fields-table tbody tr')].map((r) => [...r.children].map(TEXT))"
    found: list[list[str]] = page.run(script.replace("TEXT", "(c) => c.textContent"))
    return found


def test_a_job_of_fields_is_shown_with_its_files(page: Page, shop: tuple[str, Front]) -> None:
    page.says(f"[data-job='{shop[0]}']", "Five fields")
    page.open_job(shop[0])
    page.says("#view-facts", "5 fields")
    page.says("#view-simulated", "Simulated data")
    page.says("#fields-note", "5 fields, 1 with something to know first.")
    page.until(lambda: len(page.all("#view-downloads a")) == 6)
    assert [a.text for a in page.all("#view-downloads a")][:3] == ["CSV", "GeoParquet", "GeoJSON"]
    assert page.is_hidden("#view-layers")
    assert page.is_hidden("#view-error")
    page.until(lambda: len(page.all(".leaflet-overlay-pane path, .leaflet-pane path")) >= 4)


def test_the_table_of_the_answers_sorts_and_is_exported(page: Page, shop: tuple[str, Front]) -> None:
    page.open_job(shop[0])
    page.one("#fields-open").click()
    page.one("#fields-table table")
    assert [r[0] for r in rows(page)] == ["field 0", "field 1", "field 2", "field 3", "lost"]
    assert rows(page)[0][1] == "No. 0"
    heads = [b.text for b in page.all("#fields-table th button")]
    at = heads.index("Newest NDVI")
    page.all("#fields-table th button")[at].click()
    page.until(lambda: page.all("#fields-table th")[at].get_attribute("aria-sort") == "ascending")
    values = [r[at] for r in rows(page)]
    assert [float(v) for v in values[:4]] == sorted(float(v) for v in values[:4])
    assert values[4] == ""
    page.all("#fields-table th button")[at].click()
    page.until(lambda: page.all("#fields-table th")[at].get_attribute("aria-sort") == "descending")
    assert [r[0] for r in rows(page)] == ["field 3", "field 2", "field 1", "field 0", "lost"]
    assert rows(page)[4][-1] == "not measured: it has no geometry"
    assert violations(page) == []
    page.run("URL.createObjectURL = (blob) => { blob.text().then((text) => { window.saved = text; }); return '#'; };")
    page.one("#fields-save").click()
    saved = page.until(lambda: page.run("return window.saved"))
    assert saved.splitlines()[0].startswith("plot,name,Newest NDVI,Seen on,Forecast")
    assert saved.splitlines()[1].startswith("field 3,No. 3,0.")
    assert len(saved.splitlines()) == 6


@pytest.mark.parametrize("width", [1280, 390])
def test_the_table_fits_its_dialog_at_every_width(page: Page, shop: tuple[str, Front], width: int) -> None:
    page.emulate(width, 844)
    try:
        page.open_job(shop[0])
        page.one("#fields-open").click()
        page.one("#fields-table table")
        assert page.run("return document.documentElement.scrollWidth") <= width
        assert page.run("return document.querySelector('#fields-dialog').getBoundingClientRect().width") <= width
    finally:
        page.emulate(1280, 800)


def test_fields_are_ordered_from_a_file(page: Page, shop: tuple[str, Front], tmp_path: Path) -> None:
    path = tmp_path / "plots.geojson"
    path.write_text(json.dumps(collection([feature(square(3, 3), plot="a"), feature(square(20, 3), plot="b")])))
    page.one("#tab-orders").click()
    page.until(lambda: len(page.all("#product option")) == 6)
    page.run("const p = document.querySelector('#product'); p.value = 'fields'; p.dispatchEvent(new Event('change'));")
    page.says("#region-hint", "a feature for each field")
    page.one("#option-id").send_keys("plot")
    page.one("#option-products").send_keys("ndvi-forecast")
    page.one("#upload").send_keys(str(path))
    page.says("#order-estimate", "km²")
    page.one("#order button[type=submit]").click()
    page.says("#view-title", "Fields")
    ledger = open_ledger(shop[1].settings)
    job = ledger.job(ledger.jobs()[0].id)
    assert (job.order.product, job.order.params["fields"]["count"], job.order.params["id"]) == ("fields", 2, "plot")


def test_a_share_link_of_fields_shows_their_table(browser: Any, shop: tuple[str, Front]) -> None:
    job_id, front = shop
    query = front.client.post(f"/jobs/{job_id}/share", json={}).json()["query"]
    page = Page(browser, f"{front.client.base_url}/?job={job_id}&{query}")
    page.says("#view-title", "5 fields")
    page.until(lambda: len(page.all("#view-downloads a")) == 5)
    page.says("#simulated-banner", "no satellite")
    page.one("#fields-open").click()
    page.until(lambda: len(rows(page)) == 5)
    browser.get_log("browser")  # that there are no layers
