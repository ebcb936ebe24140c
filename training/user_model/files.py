"""Where a model from own labels lies: its name, the folds that are finished, and putting all in place at the end.

Nothing is learned here.
"""

import json
import logging
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.errors import InvalidOption
from evaluation.validation.figures import Validation, ValidationPart
from evaluation.validation.report import write_validation
from models.calibration.applicability import Applicability
from models.checkpoint import save_checkpoint
from models.network.class_network import ClassNetwork
from models.registry import APPLICABILITY, CARD, NETWORK, REPORT, WEIGHTS, check_new_name
from training.overrides import NO_CHOICES, Choices
from training.resume import Wish

logger = logging.getLogger(__name__)

WORK = "folds"
"""Folder within the model's own for what is finished, until all is."""
FINAL = "final"
"""Folder in it of the training on all labels."""
OUT_OF_FOLD = "out_of_fold.csv"


@dataclass(frozen=True, kw_only=True)
class Order:
    """What model is wanted, and where."""

    name: str
    folder: Path
    """Of models; the model's own folder is in it, by its name."""
    command: str
    """As typed, files without their folders."""
    wish: Wish = "if_possible"
    """Whether to go on from finished folds."""
    steps: int = 0
    """Of each training; 0 = by the number of labels."""
    choices: Choices = NO_CHOICES
    """What of the trunk is learned and read."""

    @property
    def own(self) -> Path:
        """The model's own folder."""
        return self.folder / self.name


def check_name(name: str, folder: Path, wish: Wish) -> None:
    """Refuse a name that another model has, before anything is read.

    Raises:
        InvalidOption: it is no usable name, that of a shipped model, or of a finished one that is not to be replaced.
    """
    check_new_name(name)
    card = folder / name / CARD
    is_begun = (folder / name / WORK).exists()
    if card.exists() and wish != "never" and not is_begun:
        raise InvalidOption("--name", name, "there is a model of that name; --restart trains it anew in its place")
    if card.exists() and "own_labels" not in json.loads(card.read_text(encoding="utf-8")):
        raise InvalidOption("--name", name, "a model that was not made from own labels has it")


def work_folder(order: Order, asked: dict[str, Any]) -> Path:
    """Return the folder of finished folds, emptied unless it holds those of the same labels, trunk and steps."""
    work, text = order.own / WORK, json.dumps(asked, sort_keys=True, indent=1)
    note = work / "asked.json"
    is_same = note.exists() and note.read_text(encoding="utf-8") == text
    if order.wish == "always" and not is_same:
        reason = "what is saved there is of other labels or options" if note.exists() else "nothing is saved there"
        raise InvalidOption("--resume", work, f"{reason}, and only --restart begins anew")
    if work.exists() and (not is_same or order.wish == "never"):
        logger.warning("folds_forgotten folder=%s", work)
        shutil.rmtree(work)
    work.mkdir(parents=True, exist_ok=True)
    note.write_text(text, encoding="utf-8")
    return work


def save_arrays(path: Path, **arrays: NDArray[Any]) -> None:
    """Write an .npz file that appears whole or not at all."""
    aside = path.with_name(f".{path.name}")
    with aside.open("wb") as file:
        np.savez(file, allow_pickle=False, **arrays)
    aside.replace(path)


def put_in_place(
    network: ClassNetwork, area: Applicability, part: ValidationPart, work: Path, folder: Path, card: dict[str, Any]
) -> Path:
    """Write the checkpoint aside and move its files to their place, the card last; remove what folds left.

    Args:
        area: of applicability, saved beside the card.
        part: what folds said of the labels, for the report.
    """
    new = work / "new"
    written = json.loads(save_checkpoint(network, new, card).read_text(encoding="utf-8"))
    area.save(new / APPLICABILITY)
    write_validation(Validation(name=card["name"], card=written, parts=(part,)), new / REPORT)
    (work / FINAL / "log.jsonl").replace(folder / "log.jsonl")
    (work / OUT_OF_FOLD).replace(folder / OUT_OF_FOLD)
    for file in (WEIGHTS, NETWORK, APPLICABILITY, REPORT, CARD):
        (new / file).replace(folder / file)
    shutil.rmtree(work)
    return folder / CARD
