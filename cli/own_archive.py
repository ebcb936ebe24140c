"""The default archive of a service, opened before the service starts, so that a wrong name is refused at once."""

from typing import Annotated

import typer

from cli.read_as import say
from core.settings import Settings
from core.source import ReadAs
from ingest.archive import Archive
from ingest.registry import SAMPLE, open_archive

OwnArchive = Annotated[
    str | None,
    typer.Option("--archive", metavar="NAME", help="Archive to read: a name, a path or a URL; default: sample."),
]


def open_own_archive(settings: Settings, *, is_strict: bool = False) -> Archive:
    """Open the archive of the settings and print what it was taken for.

    A line is printed first where the sample archive may have to be generated.

    Raises:
        UnknownArchive, InvalidCube, InvalidArchive: as `ingest.registry.open_archive`.
        DoubtfulInput: it needed a decision, and none is to be made.
    """
    if settings.archives.default == SAMPLE:
        print("Opening the simulated sample archive; the first time it is generated, which takes a minute", flush=True)
    archive = open_archive(settings.archives.default, settings)
    say(archive.summary, ReadAs(is_strict=is_strict))
    return archive
