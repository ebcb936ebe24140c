"""The folder of the sample archive: generated on first use, shared by all processes. What is in it: archive.

The generator is imported only when it runs: it loads scipy, numba and prosail, which take most of a second.
"""

import json
import logging
import shutil
import tempfile
from collections.abc import Callable
from pathlib import Path

from filelock import FileLock

from ingest.simulate import GENERATOR

logger = logging.getLogger(__name__)


def _write_archive(folder: Path) -> None:
    from ingest.simulate.archive import write_archive

    write_archive(folder)


def sample_folder(home: Path, write: Callable[[Path], None] = _write_archive) -> Path:
    """Return the folder of the sample archive below the home folder; the first call of any process generates it.

    Args:
        home: `settings.home`.
        write: generates the archive in a folder that does not exist yet.
    """
    folder = home / "archives" / "sample"
    if _is_current(folder):
        return folder
    folder.parent.mkdir(parents=True, exist_ok=True)
    with FileLock(folder.parent / "sample.lock"):
        if not _is_current(folder):
            _replace(folder, write)
    return folder


def _is_current(folder: Path) -> bool:
    catalogue = folder / "catalog.json"
    return catalogue.is_file() and json.loads(catalogue.read_text())["landcast:generator"] == GENERATOR


def _replace(folder: Path, write: Callable[[Path], None]) -> None:
    """Write the archive to a temporary folder and move it into place."""
    logger.info("sample_archive_begins folder=%s", folder)
    aside = Path(tempfile.mkdtemp(prefix=".sample-", dir=folder.parent))
    try:
        write(aside / "new")
        if folder.exists():
            folder.rename(aside / "old")
        (aside / "new").rename(folder)
    finally:
        shutil.rmtree(aside)
    logger.info("sample_archive_ready folder=%s", folder)
