"""Where a model from user labels lies: its name, the folder of its unfinished parts, and its files at the end.

Nothing is trained here.
"""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from core.errors import InvalidOption
from evaluation.validation.figures import Validation, ValidationPart
from evaluation.validation.report import write_validation
from models.calibration.applicability import Applicability
from models.checkpoint import save_checkpoint
from models.network.class_network import ClassNetwork
from models.registry import APPLICABILITY, CARD, NETWORK, REPORT, WEIGHTS, check_new_name
from training.cross_validate import LOG
from training.resume import ResumePolicy
from training.runs import check_tune

WORK = "folds"
"""Folder within the model's own for finished folds and the training in progress, until all is done."""
OUT_OF_FOLD = "out_of_fold.csv"
USER_LABELS = "user_labels"
"""Field of the card about the labels; its presence marks a model from user labels."""
OLD_USER_LABELS = "own_labels"
"""Its name on cards of the first release."""


@dataclass(frozen=True, kw_only=True)
class ModelRequest:
    """What model a user wants, and where."""

    name: str
    folder: Path
    """Of models; the model's own folder is in it, by its name."""
    command: str
    """As typed, files without their folders."""
    resume: ResumePolicy = "if_possible"
    """Whether to go on from finished folds."""
    steps: int = 0
    """Of each training; 0 = by the number of labels."""
    tune: str = ""
    """What of the trunk is learned, a `training.runs.Tune`; empty = nothing."""

    def __post_init__(self) -> None:
        """Check the options before anything is read."""
        check_tune(self.tune)

    @property
    def model_folder(self) -> Path:
        """The model's own folder."""
        return self.folder / self.name

    @property
    def work_folder(self) -> Path:
        """The folder of its unfinished parts."""
        return self.model_folder / WORK


def check_name(name: str, folder: Path, resume: ResumePolicy) -> None:
    """Refuse a name that another model has, before anything is read.

    Raises:
        InvalidOption: it is no usable name, that of a shipped model, or of a finished one that is not to be replaced.
    """
    check_new_name(name)
    card = folder / name / CARD
    is_begun = (folder / name / WORK).exists()
    if card.exists() and resume != "never" and not is_begun:
        raise InvalidOption("--name", name, "there is a model of that name; --restart trains it anew in its place")
    if card.exists() and not {USER_LABELS, OLD_USER_LABELS} & set(json.loads(card.read_text(encoding="utf-8"))):
        raise InvalidOption("--name", name, "a model that was not made from your labels has it")


def put_in_place(
    network: ClassNetwork, area: Applicability, part: ValidationPart, request: ModelRequest, card: dict[str, Any]
) -> Path:
    """Write the checkpoint aside and move its files to their place, the card last; remove the unfinished parts.

    Args:
        area: of applicability, saved beside the card.
        part: out-of-fold predictions of the labels, for the report.
    """
    work, folder = request.work_folder, request.model_folder
    new = work / "new"
    written = json.loads(save_checkpoint(network, new, card).read_text(encoding="utf-8"))
    area.save(new / APPLICABILITY)
    write_validation(Validation(name=card["name"], card=written, parts=(part,)), new / REPORT)
    for file in (LOG, OUT_OF_FOLD):
        (work / file).replace(folder / file)
    for file in (WEIGHTS, NETWORK, APPLICABILITY, REPORT, CARD):
        (new / file).replace(folder / file)
    shutil.rmtree(work)
    return folder / CARD
