"""The archive that a service works on by default, opened before it starts, so that a wrong name is told at once."""

from typing import Annotated

import typer

from core.settings import Settings
from ingest.archive import Archive
from ingest.registry import SAMPLE, open_archive

OwnArchive = Annotated[
    str | None, typer.Option("--archive", help="Archive to work on: sample, a path or an address; default: sample.")
]


def open_own_archive(settings: Settings) -> Archive:
    """Open the archive of the settings; the sample archive is generated the first time, and that is said.

    Raises:
        UnknownArchive, InvalidCube: as `ingest.registry.open_archive`.
    """
    if settings.archives.default == SAMPLE:
        print("Opening the simulated sample archive; the first time it is generated, which takes a minute", flush=True)
    return open_archive(settings.archives.default, settings)
