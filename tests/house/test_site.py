"""`make docs` builds the site of the pages: no warning, no broken link, nothing from elsewhere."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT

LOADED = re.compile(r'<(?:script|img|link)\b[^>]*?\b(?:src|href)="(https?://[^"]+)"[^>]*>')


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--quiet", "--strict", "--site-dir", str(folder)]
    run = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stdout + run.stderr
    return folder


def test_every_page_is_on_the_site(site: Path) -> None:
    pages = [p.relative_to(ROOT / "docs").with_suffix(".html") for p in (ROOT / "docs").rglob("*.md")]
    notebooks = [p.relative_to(ROOT / "docs").with_suffix(".html") for p in (ROOT / "docs").rglob("*.ipynb")]
    outside = [Path("overview.html"), Path("contributing.html"), Path("changelog.html")]
    assert [str(p) for p in [*pages, *notebooks, *outside] if not (site / p).exists()] == []


def test_a_page_loads_nothing_from_elsewhere(site: Path) -> None:
    found = {url for p in site.rglob("*.html") for url in LOADED.findall(p.read_text(encoding="utf-8"))}
    assert found == set()


def test_the_readme_on_the_site_links_to_pages_and_pictures_of_the_site(site: Path) -> None:
    text = (site / "overview.html").read_text(encoding="utf-8")
    links = [t for t in re.findall(r'(?:href|src)="([^"#]+)', text) if "://" not in t and not t.startswith("data:")]
    assert "reference/glossary.html" in links
    assert [t for t in links if not (site / t).exists()] == []
