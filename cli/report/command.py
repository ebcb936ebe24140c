"""`landcast report`: one page on a finished map, of a job on a service or of a file on this machine."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer

from cli.arguments import check_out
from cli.jobs.connect import KeyText, Server, connect
from client import Job
from core.errors import InvalidOption
from core.job import FIELDS
from outputs.map_report.facts import find_result, read_facts
from outputs.map_report.write import ENDINGS, write_map_report

MAP = "geotiff"
"""Key of the raster among the results of a job."""

JobOrFile = Annotated[
    str,
    typer.Argument(
        metavar="JOB",
        help="Id of a finished job of a service; or a result's .tif on this machine, its STAC item, or its folder.",
    ),
]
Out = Annotated[Path, typer.Option("-o", "--out", metavar="FILE", help="The report: .html or .pdf.")]
Title = Annotated[str, typer.Option(help="Title of the page; default: that of the job, else of the product.")]


def report(job: JobOrFile, out: Out, title: Title = "", server: Server = None, key: KeyText = None) -> None:
    """Write one page on a finished map: map, areas, how sure it is, what is missing, sources, provenance."""
    check_out("--out", out, ENDINGS, None)
    with _result(job, server, key) as (path, own_title):
        write_map_report(read_facts(path), out, title=title or own_title)
    print(out)


@contextmanager
def _result(name: str, server: str | None, key: str | None) -> Iterator[tuple[Path, str]]:
    """Yield the GeoTIFF, with its STAC item beside it, and the title of the job; what was downloaded is removed."""
    if _is_path(name):
        yield find_result(Path(name)), ""
        return
    with connect(server, key) as client, TemporaryDirectory(prefix="landcast-") as folder:
        job = client.job(name)
        yield _download(job, Path(folder)), str(job.known.get("title") or "")


def _is_path(name: str) -> bool:
    """Tell whether a text names a file or folder rather than a job."""
    return Path(name).exists() or "/" in name or name.endswith((".tif", ".tiff", ".json"))


def _download(job: Job, folder: Path) -> Path:
    """Fetch the raster and the item of a job that has a result.

    Raises:
        RequestError: it has none yet; the sentence is that of the service.
        InvalidOption: it is one of fields.
    """
    job.files()
    if job.refresh()["processID"] == FIELDS:
        raise InvalidOption("JOB", job.id, "it answers fields; its own report is fields.html among its files")
    path = job.download(folder, [MAP])[MAP]
    path.with_suffix(".json").write_text(json.dumps(job.item), encoding="utf-8")
    return path
