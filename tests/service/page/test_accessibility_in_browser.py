"""Accessibility of the page by axe-core, in every state of it, light and dark, and at the width of a telephone."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.service import scene
from tests.service.access.keyed import make_key
from tests.service.conftest import Front
from tests.service.page.browser import NEEDS_CHROMIUM, Page

axe = pytest.importorskip("axe_core_python", reason="axe-core-python is not installed")

pytestmark = NEEDS_CHROMIUM

AXE = Path(axe.__file__).with_name("axe.min.js")
RULES = {"resultTypes": ["violations"], "runOnly": ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "best-practice"]}
RUN = "const done = arguments[1]; axe.run(document, arguments[0]).then(done, (e) => done({error: String(e)}))"


def violations(page: Page) -> list[str]:
    """Return what axe-core finds wrong, with the first element of each rule."""
    if not page.run("return 'axe' in window"):
        page.run(AXE.read_text(encoding="utf-8"))
    found = page.browser.execute_async_script(RUN, RULES)
    assert "error" not in found, found
    return [f"{v['id']}: {v['help']} ({v['nodes'][0]['html'][:120]})" for v in found["violations"]]


def a_list(page: Page) -> None:
    page.one("[data-job='crop1']")


def a_class_map(page: Page) -> None:
    page.open_job("canopy1")
    page.one("#legend li")


def a_forecast(page: Page) -> None:
    page.open_job("forecast1")
    page.one("#legend .gradient")


def a_failed_job(page: Page) -> None:
    page.open_job("failed1")
    page.one("#view-error")


def a_job_that_runs(page: Page) -> None:
    page.open_job("running1")
    page.one("#view-downloads button")


def the_order_form(page: Page) -> None:
    page.one("#tab-orders").click()
    page.one("#option-model")
    page.one("#order button.main").click()
    page.one("#order-error")


def a_pixel(page: Page) -> None:
    a_forecast(page)
    page.one("#pixel-centre").click()
    page.one("#pixel-chart svg")
    page.until(lambda: page.is_hidden("#pixel-busy"))


def a_comparison(page: Page) -> None:
    a_forecast(page)
    page.run("const s = document.getElementById('compare'); s.selectedIndex = 2; s.dispatchEvent(new Event('change'))")
    page.one("#compare-bar p")


def the_share_dialog(page: Page) -> None:
    a_class_map(page)
    page.one("#share").click()
    page.until(lambda: page.one("#share-link").get_attribute("value"))


STATES = (
    a_list,
    a_class_map,
    a_forecast,
    a_failed_job,
    a_job_that_runs,
    the_order_form,
    a_pixel,
    a_comparison,
    the_share_dialog,
)


@pytest.fixture(params=["light", "dark", "narrow"])
def look(request: pytest.FixtureRequest, page: Page) -> Iterator[Page]:
    """The page in light and dark colours, and 390 pixels wide."""
    scheme = "dark" if request.param == "dark" else "light"
    width, height = (390, 844) if request.param == "narrow" else (1280, 800)
    page.emulate(width, height, scheme=scheme)
    yield page
    page.emulate(1280, 800)


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_axe_finds_nothing_wrong(look: Page, state: Callable[[Page], Any]) -> None:
    state(look)
    assert violations(look) == []


@pytest.mark.parametrize("state", STATES, ids=lambda state: state.__name__)
def test_nothing_scrolls_sideways_on_a_telephone(page: Page, state: Callable[[Page], Any]) -> None:
    page.emulate(390, 844)
    try:
        state(page)
        assert page.run("return document.documentElement.scrollWidth") <= 390
    finally:
        page.emulate(1280, 800)


def test_axe_finds_nothing_wrong_where_a_key_is_asked_for(browser: Any, front: Front) -> None:
    settings = front.settings.but(keys="required")
    make_key(settings, "who has none", party="")
    with scene.served(settings) as client:
        page = Page(browser, str(client.base_url))
        page.one("#key")
        assert violations(page) == []
    browser.get_log("browser")


def test_axe_would_find_what_is_wrong(page: Page) -> None:
    a_list(page)
    page.run("document.getElementById('tab-orders').textContent = ''; document.documentElement.removeAttribute('lang')")
    assert {found.split(":")[0] for found in violations(page)} >= {"button-name", "html-has-lang"}
