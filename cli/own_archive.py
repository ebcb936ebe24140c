"""The default archive of a service, opened before the service starts, so that a wrong name is refused at once."""

from typing import Annotated

import typer

from core.settings import Settings
from ingest.archive import Archive
from ingest.registry import SAMPLE, open_archive

OwnArchive = Annotated[
    str | None,
    typer.Option("--archive", metavar="NAME", help="Archive to read: a name, a path or a URL; default: sample."),
]


def open_own_archive(settings: Settings) -> Archive:
    """Open the archive of the settings; print a line first where the sample archive may have to be generated.

    Raises:
        UnknownArchive, InvalidCube: as `ingest.registry.open_archive`.
    """
    if settings.archives.default == SAMPLE:
        print("Opening the simulated sample archive; the first time it is generated, which takes a minute", flush=True)
    return open_archive(settings.archives.default, settings)
