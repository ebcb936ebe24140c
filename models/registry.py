"""Which checkpoints there are: shipped in models/weights, in the user's folder, copied from a store. No weights."""

import hashlib
import json
import logging
import re
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, Literal

from core.checkpoint import NO_MODEL, Checkpoint
from core.errors import InvalidCheckpoint, InvalidOption, UnknownModel
from core.settings import Settings
from models.card import damage_of_card

SHIPPED = Path(__file__).parent / "weights"
WEIGHTS, NETWORK, CARD = "weights.safetensors", "network.onnx", "card.json"
"""Files of a checkpoint's folder. `network.onnx` is what the fast path runs; `card.json` names the sha256 of both."""

APPLICABILITY = "applicability.safetensors"
"""Beside a class model: what its training data look like (models/calibration/applicability.py)."""
REPORT = "validation.html"
"""Beside a class model: its evaluation (evaluation/validation/report.py)."""
STATES = "states"
"""Second output of a class model's graph: the states that its area of applicability reads, and its heads if any are."""
HEAD_LOGITS = "head_logits"
"""Third output of a class model's graph: what its heads say, before the trees are averaged with them."""
TrunkLayer = Literal["none", "middle", "last"]
"""States of the trunk that class heads read: none, those after half of its blocks, or after all and the final norm."""
CLASS_FORM = "classes"
"""`form` of the network on the card of a class model."""
BLANK = "-"
"""A column of an imported model that nothing is known to fill."""
NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
"""What a user may call a model: it becomes the name of a folder."""
RENAMED = {
    "earthpt-1m": "earthpt-small",
    "earthpt-1m-before-2022": "ndvi-small-before-2022",
    "earthpt-small-before-2022": "ndvi-small-before-2022",
    "canopy-1m": "canopy",
    "crop-1m": "crop",
}
"""Old name of a shipped model -> new name. Old names are accepted for one release."""

logger = logging.getLogger(__name__)


def models_folder(settings: Settings) -> Path:
    """Return the user's folder of models: LANDCAST_MODELS, else `models` in the home folder."""
    return settings.models or settings.home / "models"


def copies_folder(settings: Settings) -> Path:
    """Return the folder of this machine's copies of models that lie in a store (workers/store/shared_models.py)."""
    return settings.home / "cache" / "models"


def check_models_folder(settings: Settings) -> None:
    """Check that a folder of models that is named exists.

    Raises:
        InvalidOption: it does not.
    """
    if settings.models is not None and not settings.models.is_dir():
        raise InvalidOption("LANDCAST_MODELS", settings.models, "there is no such folder")


def list_checkpoints(settings: Settings) -> list[Checkpoint]:
    """Return all usable checkpoints, the user's before the shipped ones, each group by name."""
    return [found for found in _all(settings) if isinstance(found, Checkpoint)]


def list_unusable(settings: Settings) -> list[InvalidCheckpoint]:
    """Return what is wrong with each folder that looks like a checkpoint but is not one."""
    return [found for found in _all(settings) if isinstance(found, InvalidCheckpoint)]


def _all(settings: Settings) -> list[Checkpoint | InvalidCheckpoint]:
    places = (models_folder(settings), SHIPPED, copies_folder(settings))  # a copy is never a task's default
    return [_found(folder, settings) for place in places for folder in _folders(place)]


def _folders(place: Path) -> list[Path]:
    """Return the folders with a card or with weights; what is being trained has neither at first."""
    try:
        return sorted({f.parent for name in (CARD, WEIGHTS) for f in place.glob(f"*/{name}")})
    except OSError:
        return []


def find_checkpoint(name: str, task: str, settings: Settings) -> Checkpoint:
    """Return the checkpoint of a task by name; an empty name means the task's default, an empty task no model.

    Raises:
        UnknownModel: no checkpoint of that task has the name.
        InvalidOption: it was imported without the order of its bands, so nothing can be fed to it.
    """
    if not task:
        return _no_model(name)
    known = list_checkpoints(settings)
    fitting = [c for c in known if c.task == task]
    other = _by_name(name, [c for c in known if c.task != task]) if name else None
    if other is not None and _by_name(name, fitting) is None:
        raise InvalidOption("model", name, f"it is a model for '{other.task}', and this needs one for '{task}'")
    checkpoint = _by_name(name, fitting) if name else default_of(task, fitting)
    if checkpoint is None:
        raise UnknownModel(name or f"default for {task}", [c.name for c in fitting])
    if is_published(checkpoint):
        band_order(checkpoint)
    return checkpoint


def default_of(task: str, known: Sequence[Checkpoint]) -> Checkpoint | None:
    """Return the checkpoint that a task takes without a name: the first that says so; the user's go before others."""
    return next((c for c in known if c.task == task and c.card.get("default")), None)


def find_trunk(name: str, settings: Settings) -> Checkpoint:
    """Return a forecaster that reads single dates, so that it has states: by name, or the first one there is.

    Raises:
        UnknownModel: no forecaster has the name.
        InvalidOption: it reads only the features of a whole history.
    """
    if name:
        checkpoint = find_checkpoint(name, "forecast", settings)
        if not _reads_dates(checkpoint):
            raise InvalidOption("model", name, "it reads no single dates, so it has no states; take 'earthpt-small'")
        return checkpoint
    found = [c for c in list_checkpoints(settings) if c.task == "forecast" and not is_published(c)]
    trunk = next((c for c in found if _reads_dates(c)), None)
    if trunk is None:
        raise UnknownModel("trunk", [c.name for c in found])
    return trunk


def _reads_dates(checkpoint: Checkpoint) -> bool:
    return is_published(checkpoint) or bool(checkpoint.card["network"]["layers"])


def _no_model(name: str) -> Checkpoint:
    if name not in ("", NO_MODEL.name):
        raise InvalidOption("model", name, "this product needs no model")
    return NO_MODEL


def find_named(name: str, settings: Settings) -> Checkpoint:
    """Return the checkpoint of a name, whatever its task.

    Raises:
        UnknownModel: there is none.
    """
    found = list_checkpoints(settings)
    checkpoint = _by_name(name, found)
    if checkpoint is None:
        raise UnknownModel(name, [c.name for c in found])
    return checkpoint


def check_new_name(name: str) -> None:
    """Check that a user's model may have a name.

    Raises:
        InvalidOption: it is not usable as the name of a folder, or it is a name of a shipped model, old or new.
    """
    if not NAME.fullmatch(name):
        raise InvalidOption("--name", name, "a name has up to 64 letters, digits, dots, dashes and underscores")
    if (SHIPPED / name).exists() or name in RENAMED:
        raise InvalidOption("--name", name, "a shipped model has it; give another by --name")


def current_name(name: str) -> str:
    """Return the name that a shipped model has now, and log a note if the given name is its old one."""
    if name not in RENAMED:
        return name
    new = RENAMED[name]
    logger.warning("renamed_model old=%s new=%s; the next release no longer knows the old name", name, new)
    return new


def report_of(checkpoint: Checkpoint) -> Path | None:
    """Return the validation report beside a model, None if it has none."""
    report = Path(checkpoint.folder) / REPORT
    return report if report.is_file() else None


def is_published(checkpoint: Checkpoint) -> bool:
    """Tell whether a checkpoint is an imported, published EarthPT; models/published/forecast.py runs it."""
    return bool(checkpoint.card.get("network", {}).get("form") == "calendar")


def is_class_network(checkpoint: Checkpoint) -> bool:
    """Tell whether a checkpoint is a trunk with class heads (models/network/class_network.py)."""
    return bool(checkpoint.card.get("network", {}).get("form") == CLASS_FORM)


def is_usable(checkpoint: Checkpoint) -> bool:
    """Tell whether a checkpoint can be fed: of an imported one that takes the order of its bands."""
    return not is_published(checkpoint) or bool(checkpoint.card.get("bands"))


def band_order(checkpoint: Checkpoint) -> tuple[str, ...]:
    """Return the names of an imported model's columns, `-` for those that nothing is known to fill.

    Raises:
        InvalidOption: it was imported without them.
    """
    if not is_usable(checkpoint):
        raise InvalidOption(
            "model", checkpoint.name, "the order of its bands is not known; import it again with --bands"
        )
    return tuple(checkpoint.card["bands"])


def verify(checkpoint: Checkpoint) -> None:
    """Compare the files of a checkpoint with the sha256 on its card.

    Raises:
        InvalidCheckpoint: a file is missing or differs.
    """
    for file, expected in checkpoint.card["sha256"].items():
        path = Path(checkpoint.folder) / file
        if not path.is_file() or sha256_of(path) != expected:
            raise InvalidCheckpoint(path, "its sha256 is not the one on the card; restore the file or train it again")


def sha256_of(path: Path) -> str:
    """Return the sha256 of a file in hexadecimal."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _by_name(name: str, checkpoints: list[Checkpoint]) -> Checkpoint | None:
    """Return the first checkpoint of a name; a name that no checkpoint has may be an old name of a shipped one."""
    by_name = {c.name: c for c in reversed(checkpoints)}
    return by_name[name] if name in by_name else by_name.get(current_name(name))


def _found(folder: Path, settings: Settings) -> Checkpoint | InvalidCheckpoint:
    try:
        return replace(_read(folder / CARD), device=settings.device, precision=settings.precision)
    except InvalidCheckpoint as error:
        return error


def _read(card: Path) -> Checkpoint:
    try:
        content: dict[str, Any] = json.loads(card.read_text(encoding="utf-8"))
        found = Checkpoint(
            name=content["name"],
            task=content["task"],
            sha256=content["sha256"][WEIGHTS],
            folder=str(card.parent),
            card=content,
        )
    except FileNotFoundError:
        raise InvalidCheckpoint(card.parent, f"it has no {CARD}") from None
    except KeyError as error:
        raise InvalidCheckpoint(card, f"it lacks {error}") from None
    except (ValueError, TypeError, RecursionError):
        raise InvalidCheckpoint(card, "it is not the JSON of a card") from None
    except OSError as error:
        raise InvalidCheckpoint(card, f"it cannot be read ({error.strerror})") from None
    if not all(isinstance(text, str) and text for text in (found.name, found.task, found.sha256)):
        raise InvalidCheckpoint(card, "name, task and sha256 must be texts")
    damage = damage_of_card(content)
    if damage:
        raise InvalidCheckpoint(card, damage)
    if not (card.parent / WEIGHTS).is_file():
        raise InvalidCheckpoint(card.parent, f"it has no {WEIGHTS}")
    return found
