"""Models in the store: machines without a common folder fetch what one of them has shared, and check each byte of it.

A model is a set of files below `models/NAME`, replaced in one step, with a list of their checksums. A machine keeps a
copy in its home folder. Weights are read as safetensors and ONNX, which hold no code, as those of any model.
"""

import hashlib
import json
import logging
import shutil
import time
from collections.abc import Mapping
from pathlib import Path
from threading import Lock

from filelock import FileLock

from core.checkpoint import Checkpoint
from core.errors import InvalidCheckpoint, InvalidOption, StoreUnavailable
from core.settings import Settings
from models.registry import (
    APPLICABILITY,
    CARD,
    NAME,
    RENAMED,
    REPORT,
    SHIPPED,
    copies_folder,
    find_checkpoint,
    find_named,
    models_folder,
    sha256_of,
    verify,
)
from outputs.atomic import aside_in, written_aside
from workers.store.open_store import open_store
from workers.store.store import MODELS, StoredFile

logger = logging.getLogger(__name__)

LIST = "files.json"
"""File of a shared model: the sha256 of each other file."""
FETCHED = ".fetched"
"""File of a copy: which version of the model it is."""
LOOK_S = 10.0
"""The store is asked for a model so often at most, by one process."""
MAX_BYTES, MAX_LIST_BYTES = 8 * 1024**3, 1024**2
MOST = 256
"""Names that a process remembers to have asked for."""


def share_model(name: str, settings: Settings) -> int:
    """Put a model of this machine into the store; return its size in bytes.

    Raises:
        UnknownModel: this machine has none of the name.
        InvalidOption: there is no store to share, or every installation has the model.
        InvalidCheckpoint: its files are not those of its card.
        StoreUnavailable: the store does not answer.
    """
    if not settings.store:
        raise InvalidOption("LANDCAST_STORE", "", "name the store that the machines share")
    found = find_named(name, settings)
    if Path(found.folder).parent == SHIPPED:
        raise InvalidOption("NAME", name, "it is shipped with landcast, so every machine has it")
    if not NAME.fullmatch(found.name):
        raise InvalidOption("NAME", name, "a shared name has up to 64 letters, digits, dots, dashes and underscores")
    verify(found)
    with aside_in(copies_folder(settings), found.name) as aside:
        aside.mkdir()
        sums = {path.name: _copied(path, aside) for path in _files(found)}
        (aside / LIST).write_text(json.dumps(sums, indent=1), encoding="utf-8")
        size = sum(path.stat().st_size for path in aside.iterdir())
        open_store(settings).put_result(aside, _key(found.name), lambda: None)
    return size


def find_shared_checkpoint(name: str, task: str, settings: Settings) -> Checkpoint:
    """Return a checkpoint as `models.registry.find_checkpoint` does, fetched from the store if it is only there.

    Raises:
        UnknownModel, InvalidOption: as there.
        InvalidCheckpoint: what is in the store is damaged.
        StoreUnavailable: the store does not answer, and there is no copy.
    """
    if name and task and settings.store and not _is_own(name, settings):
        _bring(name, settings)
    return find_checkpoint(name, task, settings)


def _files(checkpoint: Checkpoint) -> list[Path]:
    folder = Path(checkpoint.folder)
    names = [CARD, *checkpoint.card["sha256"], APPLICABILITY, REPORT]
    return [folder / name for name in names if (folder / name).is_file()]


def _copied(path: Path, folder: Path) -> str:
    return sha256_of(Path(shutil.copyfile(path, folder / path.name)))


def _is_own(name: str, settings: Settings) -> bool:
    """Tell whether a model is this machine's own, or shipped, or cannot be one."""
    is_name = bool(NAME.fullmatch(name)) and name not in RENAMED
    return not is_name or any((place / name).is_dir() for place in (models_folder(settings), SHIPPED))


def _bring(name: str, settings: Settings) -> None:
    """Let the copy of a model be that of the store; without an answer an intact copy will do."""
    copy = copies_folder(settings) / name
    is_intact = _INTACT.is_intact(copy)
    if is_intact and not _INTACT.is_due(copy):
        return
    if not copy.exists() and not _INTACT.is_due(copy):
        return  # the store had none a moment ago
    try:
        files = open_store(settings).files(_key(name))
        version = files[LIST].etag if LIST in files else ""
        if version and (not is_intact or version != _version(copy)):
            copies_folder(settings).mkdir(parents=True, exist_ok=True)
            with FileLock(copies_folder(settings) / f".{name}.lock"):
                _fetch(files, copy, version)
    except (StoreUnavailable, OSError) as error:
        if not is_intact:
            raise
        logger.warning("the copy of a model is used as the store did not deliver model=%s reason=%s", name, error)
    _INTACT.note(copy)


def _fetch(files: Mapping[str, StoredFile], copy: Path, version: str) -> None:
    """Write a copy of a model, if no other process has done so.

    Raises:
        InvalidCheckpoint: a file is missing, or is not the one that was shared.
    """
    if _version(copy) == version and not _damage(copy):
        return
    sums = _sums(files, copy)
    with written_aside(copy) as aside:
        aside.mkdir()
        for name, expected in {**sums, LIST: ""}.items():
            _write(files[name], aside / name)
            if expected and sha256_of(aside / name) != expected:
                raise InvalidCheckpoint(copy.name, f"its file {name} in the store is damaged; share the model again")
        (aside / FETCHED).write_text(version, encoding="utf-8")
    logger.info("model fetched model=%s files=%d", copy.name, len(sums))


def _sums(files: Mapping[str, StoredFile], copy: Path) -> dict[str, str]:
    """Return the sha256 of the files of a shared model."""
    stored = files[LIST]
    text = b"".join(stored.pieces(0, min(stored.size, MAX_LIST_BYTES)))
    try:
        sums = {str(name): str(value) for name, value in json.loads(text).items()}
    except (ValueError, AttributeError):
        raise InvalidCheckpoint(copy.name, "its list of files in the store is damaged; share the model again") from None
    is_whole = CARD in sums and set(sums) <= set(files) and not any("/" in name for name in sums)
    if not is_whole or sum(files[name].size for name in sums) > MAX_BYTES:
        raise InvalidCheckpoint(copy.name, "files of it are missing in the store; share the model again")
    return sums


def _write(stored: StoredFile, path: Path) -> None:
    with path.open("wb") as file:
        for piece in stored.pieces(0, stored.size):
            file.write(piece)


def _version(copy: Path) -> str:
    try:
        return (copy / FETCHED).read_text(encoding="utf-8")
    except OSError:
        return ""


def _damage(copy: Path) -> bool:
    """Tell whether a copy is not what was shared."""
    try:
        sums: dict[str, str] = json.loads((copy / LIST).read_text(encoding="utf-8"))
        return any(sha256_of(copy / name) != expected for name, expected in sums.items())
    except (OSError, ValueError, AttributeError):
        return True


def _key(name: str) -> str:
    return f"{MODELS}/{name}"


class _Intact:
    """Copies that this process has checked, by the state of their files, and when the store was asked for them."""

    def __init__(self) -> None:
        self._states: dict[Path, str] = {}
        self._asked: dict[Path, float] = {}
        self._lock = Lock()

    def is_intact(self, copy: Path) -> bool:
        """Tell whether a copy is what was shared; it is read again only after a change of its files."""
        state = _state(copy)
        with self._lock:
            if state and self._states.get(copy) == state:
                return True
        if not state or _damage(copy):
            return False
        with self._lock:
            self._states[copy] = state
        return True

    def is_due(self, copy: Path) -> bool:
        """Tell whether the store is to be asked again."""
        with self._lock:
            return time.monotonic() - self._asked.get(copy, -LOOK_S) >= LOOK_S

    def note(self, copy: Path) -> None:
        """Note that the store has been asked."""
        with self._lock:
            while len(self._asked) >= MOST:
                self._asked.pop(next(iter(self._asked)))
            self._asked[copy] = time.monotonic()

    def forget(self) -> None:
        """Know nothing, as a new process."""
        with self._lock:
            self._states.clear()
            self._asked.clear()


def _state(copy: Path) -> str:
    """Return what changes whenever a file of a copy is written; empty = there is no copy."""
    try:
        found = sorted((p.name, s.st_size, s.st_mtime_ns, s.st_ino) for p in copy.iterdir() for s in [p.stat()])
    except OSError:
        return ""
    return hashlib.sha256(repr(found).encode()).hexdigest() if found else ""


_INTACT = _Intact()
