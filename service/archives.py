"""Archives that orders may name, with the places and times that they cover."""

from fastapi import APIRouter
from shapely.geometry import mapping

from core.settings import Settings
from ingest.registry import open_archive
from service.errors import refusals
from service.schemas import ArchiveList, ArchiveView
from service.state import CurrentSettings

router = APIRouter(prefix="/archives", tags=["Archives"])

SAMPLE = "sample"


@router.get(
    "",
    summary="List archives",
    responses=refusals({502: "An archive does not answer."}),
    response_model_exclude_none=True,
)
def archives(settings: CurrentSettings) -> ArchiveList:
    """Return the archive that orders use by default, others by name, and the built-in sample if it has been made."""
    names = list(dict.fromkeys([settings.archives.default, *settings.archives.names.split()]))
    if SAMPLE not in names and (settings.home / "archives" / SAMPLE).is_dir():
        names.append(SAMPLE)
    return ArchiveList(archives=[_view(name, settings) for name in names])


def _view(name: str, settings: Settings) -> ArchiveView:
    archive = open_archive(name, settings)
    return ArchiveView(
        id=name if name == SAMPLE or name in settings.archives.names.split() else None,
        title=archive.title,
        attribution=archive.attribution,
        simulated=archive.is_simulated,
        default=name == settings.archives.default,
        period=str(archive.period),
        footprint=dict(mapping(archive.footprint)),
    )
