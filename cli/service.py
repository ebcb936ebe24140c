"""`landcast serve`, `worker`, `run`, `doctor` and `models`: options only. The work is done elsewhere."""

import json
import os
from pathlib import Path
from typing import Annotated

import typer

from cli.import_model import import_model
from core.errors import WorkerUnavailable
from core.read_settings import environment, read_settings
from core.settings import Settings
from core.text_table import text_table

ArchiveName = Annotated[
    str | None, typer.Option("--archive", help="Archive to work on: sample, a path or an address; default: sample.")
]

models = typer.Typer(
    help="Show the models that can be named by --model, and import published ones. Those of your own lie in the folder "
    "LANDCAST_MODELS, by default in 'models' below LANDCAST_HOME.",
    no_args_is_help=True,
    rich_markup_mode=None,
)

models.command("import")(import_model)


def serve(
    port: Annotated[int | None, typer.Option(help="Port to listen on; 0 = a free one.", min=0, max=65535)] = None,
    host: Annotated[str | None, typer.Option(help="Address to listen on.")] = None,
    archive: ArchiveName = None,
    worker: Annotated[
        bool, typer.Option("--worker/--no-worker", help="Start a worker beside the API, or leave that to others.")
    ] = True,
) -> None:
    """Start the service: REST, STAC and the map page, with its worker. Ctrl-C ends it.

    Without LANDCAST_REDIS_URL it starts a private Redis too. --no-worker needs that variable, and a 'landcast worker'
    somewhere that reads the same one.
    """
    from cli.own_archive import open_own_archive
    from service.process.signals import wait_for_signal
    from service.process.supervisor import Supervisor

    settings = _with(read_settings(), port=port, host=host, archive=archive)
    if not worker:
        _require_redis(settings, "a service without a worker")
    open_own_archive(settings)
    with Supervisor(settings, with_worker=worker) as supervisor:
        print(f"landcast serves at {supervisor.url} (Ctrl-C ends it)", flush=True)
        print(f"Worker log: {supervisor.settings.home / 'logs' / 'worker.log'}", flush=True)
        wait_for_signal()


def worker() -> None:
    """Start a worker alone, for a service that runs elsewhere on the same Redis, ledger and home folder."""
    from service.process.worker_process import worker_command

    settings = read_settings()
    _require_redis(settings, "a worker alone")
    command = worker_command(f"worker-{os.getpid()}", settings)
    os.execvpe(command[0], command, os.environ | environment(settings))  # noqa: S606 - becomes the worker itself


def run(
    archive: ArchiveName = None,
    region: Annotated[
        Path | None, typer.Option(help="GeoJSON, GeoPackage, Shapefile or KML; default: the archive's own region.")
    ] = None,
    results: Annotated[Path, typer.Option(help="Folder for the files.")] = Path("results"),
) -> None:
    """Order all products for one region over REST from a service of its own, and write the files."""
    from cli.demo import run_main_job

    raise typer.Exit(run_main_job(_with(read_settings(), archive=archive), region, results))


def doctor(
    archive: ArchiveName = None,
    point: Annotated[
        str | None,
        typer.Option(metavar="LON,LAT", help="Where to look for the archive's newest scene; default: a place in it."),
    ] = None,
) -> None:
    """Check that everything landcast needs is here, and say what to do about what is not.

    Of the archive it says what it can do, how old its newest scene is, and what it lacks.
    """
    from cli.doctor import examine
    from cli.doctor_archive import parse_point

    place = parse_point(point) if point else None
    raise typer.Exit(examine(_with(read_settings(), archive=archive), point=place))


@models.command("list")
def list_models() -> None:
    """List all models with their task."""
    from models.registry import list_checkpoints

    rows = [
        (found.name, found.task, found.sha256[:12], "default" if found.card.get("default") else "")
        for found in list_checkpoints(read_settings())
    ]
    print(text_table(rows, left=4))


@models.command("show")
def show_model(name: Annotated[str, typer.Argument(help="Name of the model.")]) -> None:
    """Print the card of a model as JSON: inputs, training data and licences, accuracy, sha256, its report's place."""
    from models.registry import find_named, report_of

    found = find_named(name, read_settings())
    report = report_of(found)
    facts = dict(found.card) | ({} if report is None else {"validation_report": str(report)})
    print(json.dumps(facts, indent=2, ensure_ascii=False))


def _with(settings: Settings, **given: object) -> Settings:
    """Return the settings with what was given on the command line in place of the environment's."""
    return settings.model_copy(update={name: value for name, value in given.items() if value is not None})


def _require_redis(settings: Settings, who: str) -> None:
    if settings.redis_url is None:
        raise WorkerUnavailable(f"{who} needs LANDCAST_REDIS_URL, the Redis that it shares with the others")
