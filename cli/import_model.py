"""`landcast models import`: options only. Files are read and converted in models/published/convert.py."""

from pathlib import Path
from typing import Annotated

import typer

from cli.progress import show_progress
from core.errors import InvalidCheckpoint, InvalidOption
from core.read_settings import read_settings
from models.published.convert import TOLERANCE, Published, compare, read_published
from models.published.golden import read_golden
from models.published.save import check_bands, check_name, save_imported
from models.registry import models_folder


def import_model(
    file: Annotated[
        Path,
        typer.Argument(metavar="FILE", help="A published EarthPT file (.pt); code in it is never run.", dir_okay=False),
    ],
    check: Annotated[
        Path | None,
        typer.Option(
            metavar="OUT.npz",
            help="Known outputs: the model is imported only if it reproduces them to 1e-5.",
            exists=True,
        ),
    ] = None,
    bands: Annotated[
        str | None,
        typer.Option(
            metavar="BAND,...", help="Bands of its columns in order, - for an empty one; forecasts need them."
        ),
    ] = None,
    name: Annotated[
        str | None, typer.Option(metavar="NAME", help="Name of the model; default: that of the file.")
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            metavar="FOLDER",
            help="Folder for models; default: the one where --model looks.",
            file_okay=False,
        ),
    ] = None,
) -> None:
    """Import a published EarthPT file as a model with a name of its own; the weights stay as they are.

    The files do not state which band is in which column: without --bands the model is listed, but cannot forecast.
    """
    columns = [part.strip() for part in (bands or "").split(",") if part.strip()]
    folder = check_name(name or file.stem, out or models_folder(read_settings()))
    with show_progress("import") as progress:
        found = _read(file)
        check_bands(columns, found.network.config.channels)
        if check:
            _compare(found, file, check)
        progress(0.5)
        card = save_imported(found, folder, bands=columns)
        progress(1.0)
    print(card)


def _read(file: Path) -> Published:
    try:
        return read_published(file)
    except InvalidCheckpoint as error:  # the caller chose the file
        raise InvalidOption("FILE", file, error.reason) from None


def _compare(found: Published, file: Path, check: Path) -> None:
    """Print the largest difference of each known output.

    Raises:
        InvalidCheckpoint: one is above the tolerance.
    """
    differences = compare(found.network, read_golden(check, found.network.config))
    for output, difference in differences.items():
        print(f"{output}: largest difference {difference:.1e}", flush=True)
    worst = [output for output, difference in differences.items() if not difference <= TOLERANCE]
    if worst:
        raise InvalidCheckpoint(
            file, f"{' and '.join(worst)} differ by more than {TOLERANCE:g} from '{check}', so it was not imported"
        )
