"""`landcast train`, `finetune` and `evaluate`: options only. The work is done in workers/learn.py."""

import json
from pathlib import Path
from typing import Annotated

import typer

from core.errors import InvalidOption
from service.cli_progress import show_progress
from service.cli_settings import read_settings

RunName = Annotated[str, typer.Argument(metavar="RUN", help="Name of the run, which becomes the model's name.")]
DataFolder = Annotated[
    Path, typer.Option("--data", help="Folder of the real data collection.", exists=True, file_okay=False)
]
OutFolder = Annotated[
    Path, typer.Option("-o", "--out", help="Folder for models; LANDCAST_MODELS names it to use them.")
]


def train(run: RunName, data: DataFolder, out: OutFolder) -> None:
    """Train an EarthPT forecaster by one of the named runs; writes OUT/RUN with weights, ONNX file and model card."""
    _learn(run, "forecast", data, out)


def finetune(run: RunName, data: DataFolder, out: OutFolder) -> None:
    """Train a canopy or crop head on a forecaster by one of the named runs; the forecaster may lie in OUT too."""
    _learn(run, "class", data, out)


def _learn(run: str, kind: str, data: Path, out: Path) -> None:
    from models.runs import RUNS
    from workers.learn import learn

    fitting = [name for name, known in RUNS.items() if (known.task == "forecast") == (kind == "forecast")]
    if run not in fitting:
        raise InvalidOption("RUN", run, f"the runs are {', '.join(fitting)}")
    with show_progress(run) as progress:
        print(learn(run, data=data, out=out, settings=read_settings(), progress=progress))


def evaluate(
    model: Annotated[str, typer.Argument(metavar="MODEL", help="Name of a model, see 'landcast models list'.")],
    data: DataFolder,
) -> None:
    """Measure the accuracy of a model on the held-out part of the real data collection; prints JSON."""
    from workers.learn import evaluate as measure

    with show_progress(model) as progress:
        found = measure(model, data=data, settings=read_settings(), progress=progress)
    print(json.dumps(found, indent=2, ensure_ascii=False))
