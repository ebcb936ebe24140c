"""One browser for all tests of the page, and the page that it shows."""

from collections.abc import Iterator
from typing import Any

import pytest

from tests.service.conftest import Front
from tests.service.page.browser import Page, start_chromium


@pytest.fixture(scope="package")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Any]:
    """A browser without a window."""
    driver = start_chromium(tmp_path_factory.mktemp("chromium"))
    yield driver
    driver.quit()


@pytest.fixture
def page(browser: Any, front: Front) -> Iterator[Page]:
    """The page of the common service, which must not complain in the browser's log."""
    browser.get_log("browser")
    yield Page(browser, str(front.client.base_url))
    complaints = [entry["message"] for entry in browser.get_log("browser") if entry["level"] == "SEVERE"]
    assert not [c for c in complaints if "400 (Bad Request)" not in c], complaints
