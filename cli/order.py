"""`landcast order`: the same products as a job on a running service. What is asked is checked there, not here."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.client import Client, JobStatus
from cli.progress import new_line
from cli.region_file import read_region_file
from core.errors import InvalidOption
from core.read_settings import read_settings
from core.text_table import text_table
from service.process.address import running_service


def order(
    product: Annotated[str | None, typer.Argument(help="ndvi-forecast, canopy or crop.", show_default=False)] = None,
    region: Annotated[
        Path | None, typer.Option(help="File with the polygon(s) to map: GeoJSON, GeoPackage, Shapefile, KML.")
    ] = None,
    archive: Annotated[str | None, typer.Option(help="Archive to read; default: the service's own.")] = None,
    period: Annotated[str | None, typer.Option(help="Observations to read, START/END.")] = None,
    date: Annotated[str | None, typer.Option(help="Canopy: the day that the map speaks of.")] = None,
    change: Annotated[
        str | None, typer.Option(metavar="D1/D2", help="Canopy: map the change between two dates.")
    ] = None,
    significance: Annotated[
        float | None, typer.Option(help="Canopy, with --change: probability from which a change is mapped.")
    ] = None,
    mmu: Annotated[
        float | None, typer.Option(metavar="HECTARES", help="Canopy: give smaller patches away; 0 keeps every pixel.")
    ] = None,
    sets: Annotated[
        bool, typer.Option("--sets", help="Canopy, crop: add the classes that a pixel may be, as a bit mask.")
    ] = False,
    applicability: Annotated[
        bool, typer.Option("--applicability", help="Canopy, crop: add how unlike the training data a pixel is.")
    ] = False,
    threshold: Annotated[
        float | None, typer.Option(help="Crop, of two classes: probability from which the second is mapped.")
    ] = None,
    dates: Annotated[str | None, typer.Option(help="Forecast: target dates, separated by commas.")] = None,
    horizon: Annotated[str | None, typer.Option(help="Forecast: how far, e.g. 150d.")] = None,
    step: Annotated[str | None, typer.Option(help="Forecast: days between target dates, e.g. 5d.")] = None,
    issue_date: Annotated[
        str | None, typer.Option(help="Forecast: only observations before this day are used.")
    ] = None,
    variables: Annotated[
        str | None, typer.Option(help="Forecast: what else beside NDVI, separated by commas: EVI2,B04.")
    ] = None,
    blend: Annotated[
        Path | None,
        typer.Option(help="Forecast: mix with simple baselines as 'landcast evaluate forecast --fit' found."),
    ] = None,
    model: Annotated[str | None, typer.Option(help="Name of a model; default: the product's own.")] = None,
    job: Annotated[str | None, typer.Option(help="Come back to an earlier job (id) in place of PRODUCT.")] = None,
    server: Annotated[str | None, typer.Option(help="Address of the service; default: the one running here.")] = None,
    out: Annotated[
        Path | None, typer.Option("-o", "--out", help="Folder for the files; default: results/PRODUCT/JOB.")
    ] = None,
    estimate: Annotated[bool, typer.Option("--estimate", help="Only say what the order would cost.")] = False,
) -> None:
    """Order PRODUCT from a running service, follow the job and download its files.

    A download that was interrupted is continued by --job with the id that was printed.
    """
    settings = read_settings()
    inputs = _inputs(
        archive=archive,
        period=period,
        date=date,
        change=change,
        significance=significance,
        mmu=mmu,
        sets=sets or None,
        applicability=applicability or None,
        threshold=threshold,
        dates=_split(dates),
        horizon=horizon,
        step=step,
        issue_date=issue_date,
        variables=_split(variables),
        blend=_content(blend),
        model=model,
    )
    with Client(server or running_service(settings)) as client:
        if estimate:
            _print_estimate(client.estimate(_needed(product), inputs | _region(region)))
            return
        job_url = f"{client.server}jobs/{job}" if job else client.submit(_needed(product), inputs | _region(region))
        print(f"Job {job_url}")
        _fetch(client, job_url, out)


def _needed(product: str | None) -> str:
    if product is None:
        raise InvalidOption("PRODUCT", "", "name a product (ndvi-forecast, canopy or crop) or give --job")
    return product


def _region(path: Path | None) -> dict[str, Any]:
    """Read the polygon here, so that a wrong file is named before anything is sent."""
    if path is None:
        raise InvalidOption(
            "--region", "", "a file with the polygon to map is needed (GeoJSON, GeoPackage, Shapefile, KML)"
        )
    return {"region": read_region_file(path)}


def _inputs(**given: Any) -> dict[str, Any]:
    return {name: value for name, value in given.items() if value is not None}


def _content(blend: Path | None) -> dict[str, Any] | None:
    """Read a blend file here, so that a wrong one is named before anything is sent."""
    from models.baselines.blend import parse_blend, read_content

    if blend is None:
        return None
    content: dict[str, Any] = read_content(blend)
    parse_blend(content, blend)
    return content


def _split(names: str | None) -> list[str] | None:
    return None if names is None else [name.strip() for name in names.split(",") if name.strip()]


def _print_estimate(facts: dict[str, Any]) -> None:
    rows = [(name, f"{value:,.1f}" if isinstance(value, float) else str(value)) for name, value in facts.items()]
    print(text_table(rows, left=2))


def _fetch(client: Client, job_url: str, out: Path | None) -> None:
    status = _follow(client, job_url)
    folder = out or Path("results") / (status.process_id or "job") / status.id
    folder.mkdir(parents=True, exist_ok=True)
    for link in client.results(job_url):
        print(client.download(link, folder / link.file_name))


def _follow(client: Client, job_url: str) -> JobStatus:
    line = new_line("order")
    try:
        return client.follow(job_url, lambda status: line.advance(status.share, status.message))
    finally:
        line.close()
