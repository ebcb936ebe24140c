"""`landcast doctor`: check that this machine has everything that landcast needs.

It leaves no file behind except the sample archive, which is generated when it is first opened. Each check has
its own imports, so that a missing package ends one check and not the command.
"""

import json
import shutil
import sys
import tempfile
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from functools import partial
from importlib.metadata import PackageNotFoundError, requires, version
from typing import Annotated

import typer
from packaging.requirements import Requirement

from cli.doctor.archive import NOTE, describe, parse_point
from cli.own_archive import OwnArchive
from core.errors import InternalError, InvalidOption, LandcastError
from core.read_settings import overridden, read_settings
from core.settings import Settings

FINE, WANTING = 0, 1
MIN_PYTHON = (3, 11)
MIN_FREE_GB = 1.0
"""Tiles, results and the sample archive of a few runs."""
GB = 1e9
DEFAULT_PRICE = 0.04
"""Euros for an hour of one core, about what clouds ask for machines of a few cores."""

Check = Callable[[Settings], Iterator[str]]
"""Yields one line for each fact; raises LandcastError with what is missing and what to do about it."""


def doctor(
    archive: OwnArchive = None,
    point: Annotated[
        str | None,
        typer.Option(
            metavar="LON,LAT", help="Place whose newest scene is looked up in the archive; default: one inside it."
        ),
    ] = None,
    is_bench: Annotated[
        bool,
        typer.Option("--bench", help="Measure seconds and cost of each product instead, on a simulated cube."),
    ] = False,
    price: Annotated[
        float | None,
        typer.Option(metavar="EUR", help=f"With --bench: euros for an hour of one core; default: {DEFAULT_PRICE}."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="With --bench: print JSON.")] = False,
) -> None:
    """Check that this machine has everything that landcast needs, and advise on what is missing.

    Also reports what the archive can do, how old its newest scene is, and what it lacks.
    """
    if is_bench:
        if archive is not None or point is not None:
            raise InvalidOption(
                "--archive" if archive is not None else "--point", "given", "it does not go with --bench"
            )
        bench(read_settings(), price=DEFAULT_PRICE if price is None else price, as_json=as_json)
        return
    if as_json or price is not None:
        raise InvalidOption("--json" if as_json else "--price", "given", "it belongs to --bench")
    place = parse_point(point) if point else None
    raise typer.Exit(examine(overridden(read_settings(), archive=archive), point=place))


def examine(settings: Settings, *, point: tuple[float, float] | None = None) -> int:
    """Print the result of every check; return 0 if all pass, else 1.

    Args:
        point: longitude and latitude of the place whose newest scene is looked up; None = a place in the archive.
    """
    failed = 0
    for topic, check in (CHECKS | {"archive": partial(archive, point=point)}).items():
        try:
            for text in check(settings):
                label = "note" if text.startswith(NOTE) else "ok"
                print(f"{label:<5} {topic:<9} {text.removeprefix(NOTE)}", flush=True)
        except LandcastError as error:
            failed += 1
            print(f"FAIL  {topic:<9} {error}", flush=True)
    print(f"\n{failed} of {len(CHECKS)} checks failed." if failed else "\nEverything is here.")
    return WANTING if failed else FINE


def bench(settings: Settings, *, price: float, as_json: bool) -> None:
    """Print what each product takes on this machine.

    Raises:
        InvalidOption: the price is no price.
    """
    from cli.doctor import speed

    speed.check_price(price)
    cube = speed.simulated_cube()
    speeds = list(speed.measure(settings, price=price, cube=cube))
    show = speed.as_json if as_json else speed.as_text
    found = show(speeds, cube, price)
    print(json.dumps(found, indent=2, ensure_ascii=False) if as_json else found)


def python(_settings: Settings) -> Iterator[str]:
    """Check the version of Python."""
    found, wanted = (".".join(map(str, v)) for v in (sys.version_info[:3], MIN_PYTHON))
    if sys.version_info < MIN_PYTHON:
        raise InternalError(f"Python {found} is too old; install {wanted} or newer.")
    yield f"{found} at {sys.executable}"


def packages(_settings: Settings) -> Iterator[str]:
    """Check that every required package is installed in a fitting version."""
    try:
        needed = [Requirement(text) for text in requires("landcast") or []]
    except PackageNotFoundError:
        raise InternalError("landcast is not installed as a package; run 'pip install -e .' or 'make run'.") from None
    mine = [r for r in needed if r.marker is None or r.marker.evaluate({"extra": ""})]
    wrong = [text for text in map(_misfit, mine) if text]
    if wrong:
        raise InternalError(f"{'; '.join(wrong)}; 'pip install -e . -c constraints.txt' installs what is missing.")
    yield f"{len(mine)} fit"
    yield ", ".join(f"{n} {version(n)}" for n in ("numpy", "xarray", "rasterio", "torch", "onnxruntime", "celery"))


def redis(settings: Settings) -> Iterator[str]:
    """Check that the Redis of the settings answers, or that a private one can be started; note queues nobody serves."""
    from service.health import ping_redis
    from workers.queue.capability.unserved import sentence
    from workers.queue.presence import unserved
    from workers.queue.redis_server import find_redis_server

    if settings.jobs.redis_url is None:
        yield f"{find_redis_server()}, started privately when needed"
    else:
        ping_redis(settings)
        yield "the one of LANDCAST_REDIS_URL answers"
        missing = unserved(settings)
        if missing:
            yield f"{NOTE}{sentence(missing)}; start one: landcast worker --queues {','.join(missing)}"


def home(settings: Settings) -> Iterator[str]:
    """Check that the home folder is writable and has space."""
    folder = settings.home.resolve()
    there = next(p for p in (folder, *folder.parents) if p.exists())
    try:
        tempfile.TemporaryFile(dir=there).close()
    except OSError as error:
        raise InternalError(
            f"{folder} cannot be written to ({error.strerror}); name another in LANDCAST_HOME."
        ) from None
    free_gb = shutil.disk_usage(there).free / GB
    if free_gb < MIN_FREE_GB:
        raise InternalError(f"{folder} has only {free_gb:.1f} GB free, and {MIN_FREE_GB:g} GB are needed.")
    yield f"{folder}, {free_gb:.1f} GB free"


def ledger(settings: Settings) -> Iterator[str]:
    """Check that the ledger of jobs answers; one that is not there yet is made by the first service."""
    from service.process.start_check import check_ledger

    url, path = settings.jobs.database_url, settings.home / "ledger.sqlite"
    if url is None and not path.exists():
        yield f"{path} will be made by the first service"
        return
    jobs = check_ledger(settings)
    yield f"{path if url is None else 'the one of LANDCAST_DATABASE_URL'} answers, {jobs} jobs"


def models(settings: Settings) -> Iterator[str]:
    """Check that each product has a model, and that all model files match their cards."""
    from models.registry import check_models_folder, find_checkpoint, list_checkpoints, list_unusable, verify
    from products.catalogue import PRODUCTS

    for product in PRODUCTS.values():
        yield f"{product.id} uses {find_checkpoint('', product.task, settings).name}"
    for checkpoint in list_checkpoints(settings):
        verify(checkpoint)
        yield f"{checkpoint.name}: sha256 {checkpoint.sha256[:12]}... as on its card"
    for error in list_unusable(settings):
        yield f"{NOTE}left out: {error}"
    try:
        check_models_folder(settings)
    except InvalidOption as error:
        yield f"{NOTE}{error}"


def archive(settings: Settings, *, point: tuple[float, float] | None = None) -> Iterator[str]:
    """Check that the archive opens and answers; report its abilities, its newest scene, and what it lacks."""
    from ingest.registry import open_archive

    today = datetime.now(UTC).date()
    yield from describe(open_archive(settings.archives.default, settings), settings, point=point, today=today)


CHECKS: dict[str, Check] = {
    "python": python,
    "packages": packages,
    "redis": redis,
    "home": home,
    "ledger": ledger,
    "models": models,
    "archive": archive,
}


def _misfit(needed: Requirement) -> str:
    try:
        found = version(needed.name)
    except PackageNotFoundError:
        return f"{needed.name} is missing"
    is_fine = needed.specifier.contains(found, prereleases=True)
    return "" if is_fine else f"{needed.name} is {found}, and {needed.specifier} is needed"
