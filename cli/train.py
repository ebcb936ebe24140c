"""`landcast train`: train an EarthPT forecaster with one of the named runs.

torchrun may start it, once per GPU: the processes find each other, and only rank 0 prints.
"""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Annotated

import typer

from cli.progress import show_progress
from core.errors import InvalidOption
from core.progress import Progress
from core.read_settings import read_settings
from models.registry import current_name
from training.distributed import is_first, joined
from training.resume import ResumePolicy
from training.runner import train_named_run
from training.runs import RUNS

RunName = Annotated[str, typer.Argument(metavar="RUN", help="Name of the run, which is also the name of the model.")]
DataFolder = Annotated[
    Path,
    typer.Option("--data", metavar="FOLDER", help="Folder of the real data collection.", exists=True, file_okay=False),
]
OutFolder = Annotated[
    Path,
    typer.Option("-o", "--out", metavar="FOLDER", help="Folder for models; set LANDCAST_MODELS to it to use them."),
]
Resume = Annotated[
    bool | None,
    typer.Option(
        "--resume/--restart",
        help="Continue a killed run from its files in OUT/RUN, or start anew; default: continue if the files fit.",
        show_default=False,
    ),
]


def train(run: RunName, data: DataFolder, out: OutFolder, resume: Resume = None) -> None:
    """Train an EarthPT forecaster with one of the named runs; writes weights, ONNX file and model card to OUT/RUN."""
    run_training(run, "forecast", data, out, resume)


def run_training(run: str, kind: str, data: Path, out: Path, resume: bool | None, tune: str = "") -> None:
    """Train a forecaster or a class model with a named run, and print the path of the card.

    Raises:
        InvalidOption: there is no such run of the kind.
    """
    run = current_name(run)
    fitting = [name for name, known in RUNS.items() if (known.task == "forecast") == (kind == "forecast")]
    if run not in fitting:
        raise InvalidOption("RUN", run, f"the runs are {', '.join(fitting)}")
    settings, policy = read_settings(), policy_of(resume)
    with joined(), _shown(run, is_first()) as progress:
        card = train_named_run(run, data=data, out=out, settings=settings, progress=progress, resume=policy, tune=tune)
        if is_first():
            print(card)


def policy_of(resume: bool | None) -> ResumePolicy:
    """Return the policy of --resume and --restart; None = neither was given."""
    if resume is None:
        return "if_possible"
    return "always" if resume else "never"


def _shown(title: str, is_first: bool) -> AbstractContextManager[Progress]:
    return show_progress(title) if is_first else nullcontext(lambda _share: None)
