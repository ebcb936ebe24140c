"""`landcast train` and `finetune`: options only. The work is done in training/runner.py; own labels: cli_labels.py.

Both may be started by torchrun, once per GPU: the processes find each other, and rank 0 alone speaks. Own labels are
learned from by one process.
"""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from cli.finetune_labels import OwnAsk, carry_out_labels
from cli.progress import show_progress
from core.errors import InvalidOption
from core.product import Progress
from core.read_settings import read_settings

if TYPE_CHECKING:
    from training.resume import ResumePolicy

RunName = Annotated[str, typer.Argument(metavar="RUN", help="Name of the run, which becomes the model's name.")]
DataFolder = Annotated[
    Path, typer.Option("--data", help="Folder of the real data collection.", exists=True, file_okay=False)
]
OutFolder = Annotated[
    Path, typer.Option("-o", "--out", help="Folder for models; LANDCAST_MODELS names it to use them.")
]
Resume = Annotated[
    bool | None,
    typer.Option(
        "--resume/--restart",
        help="Go on from what a killed run saved in OUT/RUN, or begin anew; by default the former if it fits.",
        show_default=False,
    ),
]


def train(run: RunName, data: DataFolder, out: OutFolder, resume: Resume = None) -> None:
    """Train an EarthPT forecaster by one of the named runs; writes OUT/RUN with weights, ONNX file and model card."""
    _train(run, "forecast", data, out, resume)


def finetune(
    run: Annotated[
        str, typer.Argument(metavar="RUN", help="With --labels: canopy or crop. With --data: name of a run.")
    ],
    data: Annotated[
        Path | None,
        typer.Option("--data", help="Folder of the real data collection, for a named run.", file_okay=False),
    ] = None,
    out: Annotated[
        Path | None,
        typer.Option(
            "-o",
            "--out",
            help="Folder for models; default with --labels: the one where --model looks.",
            file_okay=False,
        ),
    ] = None,
    resume: Resume = None,
    labels: Annotated[
        Path | None,
        typer.Option("--labels", help="Your own polygons or points: .gpkg, .geojson, .parquet, .shp; any CRS."),
    ] = None,
    archive: Annotated[
        str | None,
        typer.Option(
            "--archive", help="With --labels: where pixels are read; a name, address or path; default: sample."
        ),
    ] = None,
    cube: Annotated[
        Path | None, typer.Option("--cube", help="With --labels: a cube (.nc, .zarr) in place of an archive.")
    ] = None,
    column: Annotated[str, typer.Option("--column", help="Column of the class, names or codes.")] = "class",
    date_column: Annotated[
        str, typer.Option("--date-column", metavar="NAME", help="Column of each label's date, or of its year.")
    ] = "",
    year: Annotated[int | None, typer.Option("--year", help="Year of all labels: its 31 December.")] = None,
    layer: Annotated[str, typer.Option("--layer", metavar="NAME", help="Layer of a file that has several.")] = "",
    classes: Annotated[
        str,
        typer.Option("--classes", metavar="VALUE=CLASS,...", help="Which class each value means; - leaves it out."),
    ] = "",
    block_km: Annotated[
        float, typer.Option("--block-km", help="Edge of the blocks that are tested on as a whole.", min=0.05, max=1000)
    ] = 10.0,
    max_per_polygon: Annotated[
        int, typer.Option("--max-per-polygon", help="Most pixels drawn from one polygon.", min=1, max=10_000)
    ] = 50,
    name: Annotated[
        str, typer.Option("--name", help="Name of the model; default: that of the file.", show_default=False)
    ] = "",
    tune: Annotated[
        str,
        typer.Option(
            "--tune",
            metavar="heads|low-rank|all",
            help="What is learned of the trunk beside the heads; default: nothing.",
        ),
    ] = "",
) -> None:
    """Train a canopy or crop model: from your own labels, or by one of the named runs.

    With --labels, polygons or points of your own are tested in blocks and then all learned from; the model is used by
    its name at once. With --data and the name of a run, a shipped model is made again.
    """
    if labels is None:
        _check_run(data=data, out=out, archive=archive, cube=cube, classes=classes, name=name)
        assert data is not None
        assert out is not None
        _train(run, "class", data, out, resume, tune)
        return
    _check_labels(data=data)
    carry_out_labels(
        OwnAsk(
            task=run,
            labels=labels,
            archive=archive,
            cube=cube,
            column=column,
            date_column=date_column,
            year=year,
            layer=layer,
            classes=classes,
            block_km=block_km,
            max_per_polygon=max_per_polygon,
            out=out,
            name=name,
            resume=_policy(resume),
            tune=tune,
        )
    )


def _check_labels(**others: object) -> None:
    """Refuse what does not go with own labels.

    Raises:
        InvalidOption: an option belongs to a named run.
    """
    for option, value in others.items():
        if value:
            raise InvalidOption(f"--{option}", value, "it belongs to a named run and cannot be combined with --labels")


def _check_run(*, data: Path | None, out: Path | None, **others: object) -> None:
    """Refuse what does not make a named run.

    Raises:
        InvalidOption: an option is missing, or belongs to own labels.
    """
    for option, value in others.items():
        if value:
            raise InvalidOption(f"--{option}", value, "it belongs to --labels, which is not given")
    if data is None:
        raise InvalidOption("--data", "", "a named run needs the folder of the data, and own labels need --labels FILE")
    if not data.is_dir():
        raise InvalidOption("--data", data, "there is no such folder")
    if out is None:
        raise InvalidOption("--out", "", "a named run needs a folder for models")


def _train(run: str, kind: str, data: Path, out: Path, resume: bool | None, tune: str = "") -> None:
    from models.registry import current_name
    from training.distributed import is_first, joined
    from training.runner import train_named_run
    from training.runs import RUNS

    run = current_name(run)
    fitting = [name for name, known in RUNS.items() if (known.task == "forecast") == (kind == "forecast")]
    if run not in fitting:
        raise InvalidOption("RUN", run, f"the runs are {', '.join(fitting)}")
    settings, policy = read_settings(), _policy(resume)
    with joined(), _shown(run, is_first()) as progress:
        card = train_named_run(run, data=data, out=out, settings=settings, progress=progress, resume=policy, tune=tune)
        if is_first():
            print(card)


def _policy(resume: bool | None) -> "ResumePolicy":
    if resume is None:
        return "if_possible"
    return "always" if resume else "never"


def _shown(title: str, is_first: bool) -> AbstractContextManager[Progress]:
    return show_progress(title) if is_first else nullcontext(lambda _share: None)
