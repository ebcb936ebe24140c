"""Archives that orders may name, so that a client need not guess where and when there are observations."""

from fastapi import APIRouter, Request
from shapely.geometry import mapping

from core.settings import Settings
from ingest.registry import open_archive
from service.schemas import ArchiveList, ArchiveView, Problem

router = APIRouter(prefix="/archives", tags=["Archives"])

SAMPLE = "sample"


@router.get("", summary="List archives", responses={502: {"model": Problem}}, response_model_exclude_none=True)
def archives(request: Request) -> ArchiveList:
    """Return the archive that orders use by default, others by name, and the built-in sample where it has been made."""
    settings: Settings = request.app.state.settings
    names = list(dict.fromkeys([settings.archive, *settings.archive_names.split()]))
    if SAMPLE not in names and (settings.home / "archives" / SAMPLE).is_dir():
        names.append(SAMPLE)
    return ArchiveList(archives=[_view(name, settings) for name in names])


def _view(name: str, settings: Settings) -> ArchiveView:
    archive = open_archive(name, settings)
    return ArchiveView(
        id=name if name == SAMPLE or name in settings.archive_names.split() else None,
        title=archive.title,
        attribution=archive.attribution,
        simulated=archive.is_simulated,
        default=name == settings.archive,
        period=str(archive.period),
        footprint=dict(mapping(archive.footprint)),
    )
