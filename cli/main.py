"""The command line `landcast`: its rim, where every error becomes one sentence and an exit code.

The commands live in service/cli_*.py.
Exit codes: 0 done, 1 a failed run, 2 a wrong input, 130 stopped by Ctrl-C.
"""

import logging
import os
import sys
import traceback
from collections.abc import Sequence
from typing import Annotated, Any

import typer

from cli.cube import cube
from cli.embed import embed
from cli.evaluate.model import evaluate
from cli.order import order
from cli.products import canopy, crop, forecast
from cli.service import doctor, models, run, serve, worker
from cli.train import finetune, train
from core.errors import LandcastError, RequestError
from core.version import software_version
from service.process.signals import ending_unwinds

DONE, FAILED, WRONG_INPUT, INTERRUPTED = 0, 1, 2, 130
ROOMS = ("core", "ingest", "models", "products", "outputs", "evaluation", "workers", "training", "service", "cli")
DEBUG = "--debug"
EPILOG = "Every command also takes --debug, which shows the traceback of an error."
HELP = """Forecast NDVI and map tree canopy and crops from Sentinel-1 and Sentinel-2 time series.

Settings are read from the environment (LANDCAST_HOME, LANDCAST_ARCHIVE, LANDCAST_REDIS_URL, ...).
"""

app = typer.Typer(
    help=HELP,
    epilog=EPILOG,
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 110},
)
for command in (forecast, canopy, crop, embed, cube, order, serve, worker, run, doctor, train, finetune):
    app.command(epilog=EPILOG)(command)
app.add_typer(models, name="models", epilog=EPILOG)
app.add_typer(evaluate, name="evaluate", epilog=EPILOG)


def main() -> None:
    """Run the console script `landcast` and exit with its code."""
    _set_up_logging(is_debug=DEBUG in sys.argv)
    with ending_unwinds():
        sys.exit(run_command(sys.argv[1:]))


def run_command(arguments: Sequence[str]) -> int:
    """Run one command; return the exit code. `--debug` may stand anywhere."""
    try:
        return _exit_code(app(args=[a for a in arguments if a != DEBUG], prog_name="landcast", standalone_mode=False))
    except KeyboardInterrupt:
        return INTERRUPTED
    except Exception as error:  # noqa: BLE001 - the rim: whatever was not caught becomes a sentence here
        if DEBUG in arguments:
            traceback.print_exc()
        print(f"Error: {_sentence(error)}", file=sys.stderr)
        return _code_of(error)


def _print_version(wanted: bool) -> None:
    if wanted:
        print(f"landcast {software_version()}")
        raise typer.Exit


@app.callback()
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
        return "The memory of this machine does not suffice; try a smaller region or fewer target dates."
    facts = " ".join(str(error).split())
    return f"Unexpected {type(error).__name__}: {facts or 'no message'}; run again with {DEBUG} to see where."


def _usage(error: typer.TyperException) -> str:
    """Return one line from a usage error, with the command whose help tells more."""
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
    logging.getLogger("py.warnings").setLevel(logging.WARNING if is_debug else logging.ERROR)
    for room in ROOMS:
        logging.getLogger(room).setLevel("DEBUG" if is_debug else level)


if __name__ == "__main__":
    main()
