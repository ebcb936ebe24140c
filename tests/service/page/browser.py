"""The map page as a user has it before them, in a real Chromium. Skipped where there is none, with a word on it."""

import shutil
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

selenium = pytest.importorskip("selenium")

from selenium import webdriver  # noqa: E402 - only where it is installed
from selenium.common.exceptions import StaleElementReferenceException  # noqa: E402
from selenium.webdriver.common.action_chains import ActionChains  # noqa: E402
from selenium.webdriver.common.by import By  # noqa: E402
from selenium.webdriver.support.ui import WebDriverWait  # noqa: E402

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--window-size=1280,800",
)
LOOK_AT = """
const [lat, lon] = arguments;
return import("./page/map.js").then(({ map }) => { map.setView([lat, lon], 17, { animate: false }); });
"""
NEEDS_CHROMIUM = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no chromium with chromedriver on the PATH")


class Page:
    """The page as a user has it before them."""

    def __init__(self, browser: Any, url: str) -> None:
        self.browser = browser
        browser.get(url)

    def one(self, css: str) -> Any:
        """Return the element, once it can be seen."""
        return self.until(lambda: next((e for e in self.all(css) if e.is_displayed()), None))

    def all(self, css: str) -> list[Any]:
        return list(self.browser.find_elements(By.CSS_SELECTOR, css))

    def until(self, condition: Callable[[], Any]) -> Any:
        """Wait for a condition; elements that were replaced meanwhile are looked for again."""
        wait = WebDriverWait(self.browser, 30, 0.05, ignored_exceptions=[StaleElementReferenceException])
        return wait.until(lambda _: condition())

    def says(self, css: str, part: str) -> None:
        """Wait for a text."""
        self.until(lambda: any(part in e.text for e in self.all(css)))

    def is_hidden(self, css: str) -> bool:
        return not any(e.is_displayed() for e in self.all(css))

    def open_job(self, job_id: str) -> None:
        self.one(f"[data-job='{job_id}']").click()
        self.one("#view")

    def look_at(self, lat: float, lon: float) -> None:
        """Centre the map there, at zoom 17, again while a movement of the map undoes it."""

        def is_there() -> bool:
            self.run(LOOK_AT, lat, lon)
            time.sleep(0.4)  # longer than the map's movements
            here = self.run("return import('./page/map.js').then(({ map }) => map.getCenter())")
            return abs(here["lat"] - lat) < 1e-4 and abs(here["lng"] - lon) < 1e-4

        self.until(is_there)

    def click_map(self, dx: int, dy: int) -> None:
        """Click the map so many pixels right of and below its middle."""
        ActionChains(self.browser).move_to_element_with_offset(self.one("#map"), dx, dy).click().perform()

    def emulate(self, width: int, height: int, *, scheme: str = "light", media: str = "") -> None:
        """Show the page in a window of a size, in a colour scheme, and as on paper if `media` is `print`."""
        size = {"width": width, "height": height, "deviceScaleFactor": 1, "mobile": False}
        self.browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", size)
        features = [{"name": "prefers-color-scheme", "value": scheme}]
        self.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features, "media": media})

    def run(self, script: str, *given: Any) -> Any:
        """Return what a script gives."""
        return self.browser.execute_script(script, *given)


def start_chromium(folder: Path) -> Any:
    """Return a browser of 1280 x 800 whose profile lies in a folder."""
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in (*FLAGS, f"--user-data-dir={folder}"):
        options.add_argument(flag)
    options.set_capability("goog:loggingPrefs", {"browser": "ALL"})
    return webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
