"""Jobs of fields on the map page: listed with the others, shown with their files, and without layers."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.service import scene
from tests.service.conftest import Front
from tests.service.page.browser import NEEDS_CHROMIUM, Page
from tests.workers.fields.jobs import FIELDS, carried_out, ordered, settings_for
from workers.queue.ledger import open_ledger

pytestmark = NEEDS_CHROMIUM


@pytest.fixture
def answered(browser: Any, tmp_path: Any, redis_url: str) -> Iterator[tuple[Page, str, Front]]:
    settings = settings_for(tmp_path, redis_url=redis_url)
    job = ordered(settings, FIELDS, title="Four fields")
    assert carried_out(settings, open_ledger(settings).job(job.id)).message == "done"
    browser.get_log("browser")
    with scene.served(settings) as client:
        yield Page(browser, str(client.base_url)), job.id, Front(settings, client)


def complaints(page: Page) -> list[str]:
    return [e["message"] for e in page.browser.get_log("browser") if e["level"] == "SEVERE"]


def test_a_job_of_fields_is_shown_with_its_files(answered: tuple[Page, str, Front]) -> None:
    page, job_id, _ = answered
    page.says(f"[data-job='{job_id}']", "Four fields")
    page.open_job(job_id)
    page.says("#view-facts", "4 fields")
    page.until(lambda: len(page.all("#view-downloads a")) == 6)
    assert [a.text for a in page.all("#view-downloads a")][:3] == ["CSV", "GeoParquet", "GeoJSON"]
    assert page.is_hidden("#view-layers")
    assert page.is_hidden("#view-error")
    assert complaints(page) == []


def test_the_order_form_has_products_of_regions_alone(answered: tuple[Page, str, Front]) -> None:
    page, _, _ = answered
    page.one("#tab-orders").click()
    page.until(lambda: len(page.all("#product option")) == 5)
    assert "fields" not in [o.get_attribute("value") for o in page.all("#product option")]


def test_a_share_link_of_fields_shows_their_files(browser: Any, answered: tuple[Page, str, Front]) -> None:
    _, job_id, front = answered
    query = front.client.post(f"/jobs/{job_id}/share", json={}).json()["query"]
    page = Page(browser, f"{front.client.base_url}/?job={job_id}&{query}")
    page.says("#view-title", "4 fields")
    page.until(lambda: len(page.all("#view-downloads a")) == 5)
    page.says("#simulated-banner", "no satellite")
    browser.get_log("browser")  # that there are no layers
