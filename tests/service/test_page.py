"""The landing page and the files of the map page."""

import re
from urllib.parse import urljoin

import httpx
import pytest

from service.page import PAGE

BROWSER = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8"


@pytest.mark.parametrize(
    ("query", "accept", "kind"),
    [
        ("", "*/*", "application/json"),
        ("", "application/json", "application/json"),
        ("", BROWSER, "text/html"),
        ("?f=json", BROWSER, "application/json"),
        ("?f=html", "*/*", "text/html"),
    ],
)
def test_browsers_get_the_page_and_programs_get_links(client: httpx.Client, query: str, accept: str, kind: str) -> None:
    answer = client.get(f"/{query}", headers={"Accept": accept})
    assert answer.headers["content-type"].split(";")[0] == kind
    assert answer.headers["vary"].split(", ")[0] == "Accept"


def test_every_link_of_the_landing_page_leads_somewhere(client: httpx.Client) -> None:
    for link in client.get("/").json()["links"]:
        answer = client.get(link["href"])
        assert answer.status_code == 200
        assert answer.headers["content-type"].removesuffix("; charset=utf-8") == link["type"]


def test_conformance_names_processes_and_stac(client: httpx.Client) -> None:
    classes = client.get("/conformance").json()["conformsTo"]
    assert "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/core" in classes
    assert "http://www.opengis.net/spec/ogcapi-processes-1/1.0/conf/dismiss" in classes
    assert "https://api.stacspec.org/v1.0.0/core" in classes


def test_everything_the_page_asks_for_is_served_from_here(client: httpx.Client) -> None:
    html = (PAGE / "index.html").read_text()
    wanted = re.findall(r'(?:src|href)="([^"#?]+)"', html)
    scripts = [p for p in wanted if p.endswith("main.js")]
    for script in scripts:
        text = client.get(f"/{script}").text
        wanted += [urljoin(script, found) for found in re.findall(r'from "(\./[^"]+)"', text)]
    assert "page/leaflet/leaflet.js" in wanted
    for path in wanted:
        assert not path.startswith(("http:", "https:", "//", "/"))
        assert client.get(f"/{path}").status_code == 200


@pytest.mark.parametrize("path", sorted(PAGE.iterdir()), ids=lambda p: p.name)
def test_no_file_of_the_page_names_another_host(path: object) -> None:
    text = PAGE.joinpath(str(path)).read_text().replace("http://www.w3.org/2000/svg", "")
    assert "http:" not in text
    assert "https:" not in text


def test_the_page_may_load_nothing_from_elsewhere(client: httpx.Client) -> None:
    policy = client.get("/?f=html").headers["content-security-policy"]
    assert "default-src 'self'" in policy
    assert "unsafe-inline" not in policy
