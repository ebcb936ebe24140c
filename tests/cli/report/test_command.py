"""`landcast report` on jobs of a real service and on files."""

from collections.abc import Callable
from pathlib import Path

import httpx
import pytest

from cli.report.command import _download
from client import Job
from client.connection import Connection
from core.errors import InvalidOption
from tests.outputs.map_report.maps import finished
from tests.service.conftest import Front

Run = Callable[..., str]


def server(front: Front) -> tuple[str, str]:
    return "--server", str(front.client.base_url)


@pytest.mark.parametrize(("job", "text"), [("canopy1", "Tree canopy"), ("forecast1", "NDVI forecast")])
def test_a_job_of_a_service_is_reported_and_its_files_are_removed(
    front: Front, run: Run, folder: Path, monkeypatch: pytest.MonkeyPatch, job: str, text: str
) -> None:
    (folder / "tmp").mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(folder / "tmp"))
    assert run("report", job, "-o", "report.html", *server(front)).strip() == "report.html"
    page = (folder / "report.html").read_text()
    assert text in page
    assert "Simulated data" in page
    assert job in page
    assert list((folder / "tmp").iterdir()) == []


def test_a_file_and_a_folder_are_reported_without_a_service(run: Run, folder: Path) -> None:
    (folder / "result").mkdir()
    path = finished(folder / "result", "canopy")
    run("report", path, "-o", "file.html", "--title", "Our forest")
    run("report", folder / "result", "-o", "folder.pdf")
    assert "<title>Our forest</title>" in (folder / "file.html").read_text()
    assert (folder / "folder.pdf").read_bytes().startswith(b"%PDF-")


@pytest.mark.parametrize(
    ("job", "out", "sentence"),
    [
        ("canopy1", "report.docx", "it ends in .html, .pdf"),
        ("nobody", "report.pdf", "no job 'nobody'"),
        ("running1", "report.pdf", "'running1' is running; its results exist once it is successful"),
        ("nowhere/map.tif", "report.pdf", "give the id of a job, or a result's .tif"),
        ("map.tif", "report.pdf", "give the id of a job, or a result's .tif"),
    ],
)
def test_what_cannot_be_reported_is_refused_in_one_sentence(
    front: Front, refused: Run, job: str, out: str, sentence: str
) -> None:
    assert sentence in refused("report", job, "-o", out, *server(front))


def test_a_job_of_fields_has_a_report_of_its_own(folder: Path) -> None:
    def answer(request: httpx.Request) -> httpx.Response:
        return httpx.Response(200, json={} if request.url.path.endswith("results") else {"processID": "fields"})

    http = httpx.Client(transport=httpx.MockTransport(answer))
    with pytest.raises(InvalidOption, match=r"its own report is fields\.html"):
        _download(Job(Connection("http://server:8000", "", http), "a"), folder)
