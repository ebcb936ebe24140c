"""A report in a real browser: no wider than a phone, and its pictures are shown. Skipped where there is no Chromium."""

import io
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from outputs.reports.page import render_page
from outputs.reports.report import Picture, Report, Section, Table

selenium = pytest.importorskip("selenium")

from selenium import webdriver  # noqa: E402 - only where it is installed

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
DRIVER = shutil.which("chromedriver")
PHONE = {"width": 390, "height": 800, "deviceScaleFactor": 2, "mobile": True}
pytestmark = pytest.mark.skipif(not (CHROMIUM and DRIVER), reason="no chromium with chromedriver on the PATH")


def png() -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (1100, 400), (20, 90, 72)).save(buffer, "png")
    return buffer.getvalue()


def wide_report() -> Report:
    """Return a report whose table, picture and facts are all wider than a phone."""
    heads = ("class", *(f"a long heading {n}" for n in range(12)))
    table = Table(title="Figures", heads=heads, rows=[("wood", *("0.123" for _ in heads[1:]))])
    picture = Picture(alt="curve", draw=png, caption="A curve.")
    return Report(
        title="Hindcast of " + "a_long_name_" * 12,
        basis=("A sentence.",),
        sections=(Section(title="All", tables=(table,), pictures=(picture,)),),
        provenance=(("sha256", "f" * 64),),
    )


@pytest.fixture
def browser(tmp_path: Path) -> Iterator[Any]:
    options = webdriver.ChromeOptions()
    options.binary_location = str(CHROMIUM)
    for flag in ("--headless", "--no-sandbox", "--disable-gpu", f"--user-data-dir={tmp_path / 'chromium'}"):
        options.add_argument(flag)
    driver = webdriver.Chrome(options=options, service=webdriver.ChromeService(str(DRIVER)))
    yield driver
    driver.quit()


def test_on_a_phone_tables_scroll_and_the_page_does_not(browser: Any, tmp_path: Path) -> None:
    page = tmp_path / "report.html"
    page.write_text(render_page(wide_report()), encoding="utf-8")
    browser.execute_cdp_cmd("Emulation.setDeviceMetricsOverride", PHONE)
    browser.get(page.as_uri())
    assert browser.execute_script("return document.documentElement.scrollWidth") <= PHONE["width"]
    assert browser.execute_script(
        "const table = document.querySelector('.wide'); return table.scrollWidth > table.clientWidth"
    )
    assert browser.execute_script("return document.querySelector('img').naturalWidth") == 1100
