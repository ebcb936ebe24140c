"""Open an archive by what the user calls it: `sample`, a cube file, a folder of cubes, a STAC catalogue. No pixels."""

from pathlib import Path

from core.errors import UnknownArchive
from core.settings import Settings
from ingest.archive import Archive

SAMPLE = "sample"
"""Name of the built-in simulated archive."""


def open_archive(spec: str, settings: Settings) -> Archive:
    """Open an archive. The sample archive is generated the first time it is named.

    Args:
        spec: `sample`, the path of a cube file (.nc, .zarr), of a folder of them, or of a folder or file of a STAC
            catalogue of COGs.
        settings: for the home folder and the tile size.

    Raises:
        UnknownArchive: there is no such name or path.
        InvalidCube: the path is no archive.
    """
    if spec == SAMPLE:
        from ingest.simulate.archive import sample_folder

        return _open_path(sample_folder(settings.home), settings)
    path = Path(spec)
    if "://" in spec or not spec.strip() or not _exists(path):
        raise UnknownArchive(spec, [SAMPLE, "the path of a cube file", "the path of a folder of cubes or COGs"])
    return _open_path(path.resolve(), settings)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, or with a zero byte
        return False


def _open_path(path: Path, settings: Settings) -> Archive:
    from ingest.cube_archive import open_cube_archive
    from ingest.stac_folder import find_catalogue, open_stac_folder

    catalogue = find_catalogue(path)
    if catalogue is not None:
        return open_stac_folder(catalogue, tile_size=settings.tile_size)
    return open_cube_archive(path, tile_size=settings.tile_size)
