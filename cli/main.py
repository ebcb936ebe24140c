"""The command line `landcast`: its commands, and how an error becomes one sentence and an exit code.

Each command has a file of its own beside this one, imported when it is called; the commands of products are made from
the catalogue. Exit codes: 0 done, 1 a failed run, 2 a wrong input, 130 stopped by Ctrl-C.
"""

import io
import logging
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from cli.group import Command, lazy_group
from core.errors import LandcastError, RequestError
from products.catalogue import entries
from service.process.signals import ending_unwinds

DONE, FAILED, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 130
ROOMS = (
    "core",
    "client",
    "ingest",
    "models",
    "products",
    "outputs",
    "evaluation",
    "workers",
    "training",
    "service",
    "cli",
)
DEBUG = "--debug"
EPILOG = "Every command also takes --debug, which shows the traceback of an error."
HELP = """Forecast NDVI and map tree canopy and crops from Sentinel-1 and Sentinel-2 time series.

Environment variables hold the settings (LANDCAST_HOME, LANDCAST_ARCHIVE, LANDCAST_REDIS_URL, ...).
"""


def commands() -> dict[str, Command]:
    """Return all commands by name, in the order of the help: one for each product, then the others."""
    made = {e.command: Command(place="cli.product:command", help=e.summary, arguments=(e.id,)) for e in entries()}
    return made | OTHERS


OTHERS = {
    "embed": Command(place="cli.embed:embed", help="Write the forecaster's embedding of each pixel or series."),
    "cube": Command(place="cli.cube:cube", help="Read the observations of a region into one cube file."),
    "fields": Command(place="cli.fields.command:fields", help="Answer fields: history, forecast, crop and canopy."),
    "order": Command(place="cli.order:command", help="Order a product from a running service.", arguments=()),
    "plan": Command(place="cli.sheets.plan:plan", help="Plan a region of any size: map sheets or tiles as GeoJSON."),
    "jobs": Command(place="cli.jobs.command:jobs", help="List, show, retry and dismiss jobs of a running service."),
    "watch": Command(place="cli.watch.command:watch", help="Standing orders: a product again when new scenes arrive."),
    "report": Command(place="cli.report.command:report", help="Write one page on a finished map: .html or .pdf."),
    "serve": Command(place="cli.serve.command:serve", help="Start the service: REST, STAC, map page, and its worker."),
    "worker": Command(place="cli.serve.worker:worker", help="Start a worker alone, for a service that runs elsewhere."),
    "run": Command(place="cli.run:run", help="Order all products for one region and write the files."),
    "inspect": Command(
        place="cli.inspect.command:inspect", help="Say what a file or folder is taken for, and what can be made of it."
    ),
    "doctor": Command(
        place="cli.doctor.command:doctor", help="Check that this machine has everything that landcast needs."
    ),
    "train": Command(place="cli.train:train", help="Train an EarthPT forecaster with one of the named runs."),
    "finetune": Command(
        place="cli.finetune:finetune", help="Train a canopy or crop model, on your own labels or a named run."
    ),
    "keys": Command(place="cli.keys.command:keys", help="Make, list and revoke keys of a service."),
    "models": Command(place="cli.models:models", help="List, show and import models."),
    "evaluate": Command(place="cli.evaluate.group:evaluate", help="Measure models, forecasts, maps and embeddings."),
}
SETTINGS: dict[str, Any] = {"help_option_names": ["-h", "--help"], "max_content_width": 110}


def make_app() -> typer.Typer:
    """Return the command line with all commands of the catalogue and this file."""
    app = typer.Typer(
        cls=lazy_group(commands()),
        help=HELP,
        epilog=EPILOG,
        no_args_is_help=True,
        add_completion=False,
        rich_markup_mode=None,
        pretty_exceptions_enable=False,
        context_settings=SETTINGS,
    )
    app.callback()(_global)
    return app


def main() -> None:
    """Run the console script `landcast` and exit with its code."""
    _set_up_logging(is_debug=DEBUG in sys.argv)
    if isinstance(sys.stdout, io.TextIOWrapper):
        sys.stdout.reconfigure(errors="backslashreplace")  # letters that the terminal's encoding lacks
    with ending_unwinds():
        sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: Sequence[str]) -> int:
    """Run one command; return the exit code. `--debug` may stand anywhere."""
    given = [a for a in arguments if a != DEBUG]
    try:
        return _exit_code(make_app()(args=given, prog_name="landcast", standalone_mode=False))
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - every error of any command becomes a sentence here
        if DEBUG in arguments:
            traceback.print_exc()
        print(f"Error: {_sentence(error)}", file=sys.stderr)
        return _code_of(error)


def _print_version(wanted: bool) -> None:
    from core.version import software_version  # importlib.metadata is a quarter of the modules of --help

    if wanted:
        print(f"landcast {software_version()}")
        raise typer.Exit


def _global(
    _version: Annotated[
        bool, typer.Option("--version", help="Print the version and exit.", callback=_print_version, is_eager=True)
    ] = False,
) -> None:
    pass


def _exit_code(returned: Any) -> int:
    return returned if isinstance(returned, int) else DONE


def _code_of(error: Exception) -> int:
    if isinstance(error, typer.TyperException):
        return error.exit_code
    return WRONG_INPUT if isinstance(error, RequestError) else FAILED


def _sentence(error: Exception) -> str:
    if isinstance(error, typer.TyperException):
        return _usage(error)
    if isinstance(error, LandcastError):
        return str(error)
    if isinstance(error, MemoryError):
        return "This machine has too little memory for it; try a smaller region or fewer target dates."
    facts = " ".join(str(error).split())
    return f"Unexpected {type(error).__name__}: {facts or 'no message'}; run again with {DEBUG} to see where."


def _usage(error: typer.TyperException) -> str:
    """Return one line from a usage error, with the command whose help explains more."""
    context = getattr(error, "ctx", None)
    where = getattr(context, "command_path", "landcast")
    text = " ".join(error.format_message().split())
    return f"{text.rstrip('.')} (see '{where} --help')."


def _set_up_logging(*, is_debug: bool) -> None:
    """Log our own rooms from LANDCAST_LOG_LEVEL on, other packages from WARNING on, to stderr."""
    wanted = os.environ.get("LANDCAST_LOG_LEVEL", "INFO").upper()
    level = wanted if wanted in logging.getLevelNamesMapping() else "INFO"
    logging.captureWarnings(True)
    logging.basicConfig(stream=sys.stderr, format="%(levelname)s %(name)s: %(message)s", level=logging.WARNING)
    if os.environ.get("LANDCAST_LOG") == "json":
        from workers.logs.json_lines import use_json_lines  # nothing of it is needed for plain lines

        use_json_lines()
    logging.getLogger("py.warnings").setLevel(logging.WARNING if is_debug else logging.ERROR)
    for room in ROOMS:
        logging.getLogger(room).setLevel("DEBUG" if is_debug else level)


if __name__ == "__main__":
    main()
