"""nginx before the service, with a prefix: every link that a document names answers below the public URL."""

import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import httpx

from tests.chaos.parts import free_port
from tests.conformance.clients.report import Different, Report, Service, expect, run
from tests.conformance.site import served

PREFIX = "/eo/maps"
CONFIGURATION = """
daemon off; pid {folder}/nginx.pid; error_log {folder}/error.log;
events {{ }}
http {{
  access_log off; client_max_body_size 8m;
  client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy; fastcgi_temp_path {folder}/fastcgi;
  uwsgi_temp_path {folder}/uwsgi; scgi_temp_path {folder}/scgi;
  server {{
    listen 127.0.0.1:{port};
    location {prefix}/ {{ proxy_pass {inner}/; proxy_set_header Host $host:$server_port; }}
  }}
}}
"""
NOT_OURS = ("http://www.opengis.net", "http://www.w3.org")


def examine(service: Service, report: Report) -> None:
    """Start a service and nginx before it, and look through nginx only."""
    inner, outer = free_port(), free_port()
    public = f"http://127.0.0.1:{outer}{PREFIX}"
    with served(Path(sys.argv[2]), public_url=public, port=inner) as url, proxy(url, outer) as version:
        report.version = version
        with httpx.Client(trust_env=False, timeout=60) as client:
            look(client, public, service, report)


@contextmanager
def proxy(inner: str, port: int) -> Iterator[str]:
    """Run nginx; give its version."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        text = CONFIGURATION.format(folder=folder, port=port, prefix=PREFIX, inner=inner)
        (folder / "nginx.conf").write_text(text)
        process = subprocess.Popen(["nginx", "-c", str(folder / "nginx.conf"), "-e", str(folder / "error.log")])
        try:
            time.sleep(1)
            told = subprocess.run(["nginx", "-v"], capture_output=True, text=True, check=True).stderr
            yield re.findall(r"[\d.]+", told)[0]
        finally:
            process.terminate()
            process.wait(10)


def look(client: httpx.Client, public: str, service: Service, report: Report) -> None:
    """Carry out all checks."""
    crop = service.result("crop")
    paths = [
        "/",
        "/stac",
        "/stac/collections",
        "/stac/search?limit=2",
        "/processes",
        "/processes/crop",
        "/jobs?limit=2",
    ]
    paths += [f"/jobs/{crop.id}{end}" for end in ("", "/results", "/tilejson.json", "/wmts")]
    paths += [f"/stac/collections/crop/items/{crop.id}"]
    for path in paths:
        report.check(f"links of {path.replace(crop.id, 'JOB')}", lambda path=path: links(client, public, path))
    for path in ("/jobs/", "/stac/search/?limit=1"):
        report.check(f"redirect of {path}", lambda path=path: redirect(client, public, path))
    report.check("servers", lambda: servers(client, public))
    report.check("map page", lambda: page(client, public))
    report.check("ranges", lambda: ranges(client, f"{public}/files/{crop.id}/crop.tif", crop.tif))
    report.check("order", lambda: order(client, public, service))


def links(client: httpx.Client, public: str, path: str) -> None:
    """Follow all links of a document."""
    answer = client.get(public + path).raise_for_status()
    found = set(re.findall(r'http://[^"\s<>]+', answer.text))
    ours = {x for x in found if not x.startswith(NOT_OURS)}
    outside = {x for x in ours if not x.startswith(public)}
    expect(outside, set(), "links outside the prefix")
    if path != "/jobs?limit=2":
        expect(bool(ours), True, "links")
    for href in ours:
        if "{" not in href and not href.endswith(("/execution", "/estimate")):
            expect(client.get(href, follow_redirects=False).status_code, 200, href)


def redirect(client: httpx.Client, public: str, path: str) -> None:
    """Check where a trailing slash leads."""
    answer = client.get(public + path, follow_redirects=False)
    expect(answer.status_code, 307, "the status")
    expect(answer.headers["location"], public + path.replace("/?", "?").rstrip("/"), "Location")


def servers(client: httpx.Client, public: str) -> None:
    """Check the description of the API."""
    for version in ("3.0", "3.1"):
        found = client.get(f"{public}/openapi.json?version={version}").json()
        expect(found["servers"], [{"url": public}], "servers")


def page(client: httpx.Client, public: str) -> None:
    """Fetch the map page and all that it loads."""
    text = client.get(f"{public}/", headers={"Accept": "text/html"}).raise_for_status().text
    parts = re.findall(r'(?:src|href)="([^"#:]+)"', text)
    expect(len(parts) > 3, True, "parts of the page")
    for part in parts:
        if part.startswith("/"):
            raise Different(f"'{part}' would leave the prefix")
        expect(client.get(f"{public}/{part}").status_code, 200, part)


def ranges(client: httpx.Client, href: str, copy: Path) -> None:
    """Read a part of a file."""
    answer = client.get(href, headers={"Range": "bytes=100-199"})
    expect((answer.status_code, answer.content == copy.read_bytes()[100:200]), (206, True), "the part")


def order(client: httpx.Client, public: str, service: Service) -> None:
    """Order and dismiss a map."""
    body: dict[str, Any] = {"inputs": {"region": service.region}}
    answer = client.post(f"{public}/processes/crop/execution", json=body)
    expect(answer.headers["location"].startswith(f"{public}/jobs/"), True, "Location below the prefix")
    expect(client.delete(answer.headers["location"]).json()["status"], "dismissed", "the state")


if __name__ == "__main__":
    run("nginx", examine)
