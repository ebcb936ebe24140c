"""`landcast train` and `finetune`: options only. The work is done in workers/learn.py.

Both may be started by torchrun, once per GPU: the processes find each other, and rank 0 alone speaks.
"""

from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from core.errors import InvalidOption
from core.product import Progress
from service.cli_progress import show_progress
from service.cli_settings import read_settings

if TYPE_CHECKING:
    from models.resume import Wish

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
    _learn(run, "forecast", data, out, resume)


def finetune(run: RunName, data: DataFolder, out: OutFolder, resume: Resume = None) -> None:
    """Train a canopy or crop head on a forecaster by one of the named runs; the forecaster may lie in OUT too."""
    _learn(run, "class", data, out, resume)


def _learn(run: str, kind: str, data: Path, out: Path, resume: bool | None) -> None:
    from models.distributed import is_first, joined
    from models.runs import RUNS
    from workers.learn import learn

    fitting = [name for name, known in RUNS.items() if (known.task == "forecast") == (kind == "forecast")]
    if run not in fitting:
        raise InvalidOption("RUN", run, f"the runs are {', '.join(fitting)}")
    with joined(), _shown(run, is_first()) as progress:
        card = learn(run, data=data, out=out, settings=read_settings(), progress=progress, wish=_wish(resume))
        if is_first():
            print(card)


def _wish(resume: bool | None) -> "Wish":
    if resume is None:
        return "if_possible"
    return "always" if resume else "never"


def _shown(title: str, is_first: bool) -> AbstractContextManager[Progress]:
    return show_progress(title) if is_first else nullcontext(lambda _share: None)
