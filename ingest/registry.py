"""Open an archive by name, path or URL, or several of these in order of preference. No pixels.

The kinds of archive are imported here, inside the functions, and only here: each loads its own large libraries
(rasterio, sentinelhub, pystac-client, obstore), and opening one kind loads none of the others.
"""

from hashlib import sha256
from pathlib import Path
from urllib.parse import unquote

from core.errors import InvalidOption, UnknownArchive
from core.settings import Settings
from core.source import AS_STATED, ReadAs
from ingest.archive import Archive
from ingest.preference import PreferredArchives

SAMPLE = "sample"
"""Name of the built-in simulated archive."""
STAC = ("earth-search", "planetary-computer", "cdse-stac")
"""Public STAC catalogues known by name."""
SENTINEL_HUB = ("cdse", "sentinel-hub")
"""Deployments of Sentinel Hub known by name: Copernicus Data Space, and the commercial one."""
AUTO = "auto"
"""Copernicus Data Space where credentials are set, with Earth Search in its place; else Earth Search."""
MAX_ARCHIVES = 4
FILE_URL = "file://"
"""Begins the URL of a file on this machine."""


def known_names() -> tuple[str, ...]:
    """Return the archives that are known by name."""
    return (SAMPLE, AUTO, *STAC, *SENTINEL_HUB)


def open_archive(spec: str, settings: Settings, *, read_as: ReadAs = AS_STATED) -> Archive:
    """Open an archive. The sample archive is generated the first time it is named.

    Args:
        spec: one or several, separated by commas, in order of preference. Each is a name of `known_names`, the path of
            a cube file (.nc, .zarr), of a folder of cubes or COGs, or of a STAC catalogue; or the URL of a STAC API,
            of a static catalogue or of a folder (`https://`, `s3://`).
        settings: for the home folder, the tile size, credentials and allowed hosts.
        read_as: how files are read; archives known by name and those at a URL are read as they state.

    Raises:
        InvalidOption: `read_as` states something about an archive that states it.
        UnknownArchive: there is no such name or path.
        InvalidCube: the path is no archive.
        MissingCredentials: the archive needs an account.
        UntrustedAddress: a URL is not allowed.
        ArchiveUnavailable: a URL cannot be reached.
    """
    parts = split_spec(spec, settings)
    if len(parts) == 1:
        return _open_one(parts[0], settings, read_as)

    return PreferredArchives([_open_one(part, settings, read_as) for part in parts])


def split_spec(spec: str, settings: Settings) -> list[str]:
    """Return the archives that a specification names, in order; a path with a comma that exists is one.

    Raises:
        InvalidOption: the same archive twice, or more than four.
    """
    if "," not in spec or _exists(Path(spec)):
        parts = [spec]
    else:
        parts = [part.strip() for part in spec.split(",") if part.strip()]
    parts = [name for part in parts for name in (_auto(settings) if part == AUTO else [part])]
    if len(set(parts)) < len(parts) or len(parts) > MAX_ARCHIVES:
        raise InvalidOption("archive", spec, f"it names up to {MAX_ARCHIVES} different archives in order of preference")
    return parts


def _auto(settings: Settings) -> list[str]:
    has_account = bool(settings.sentinel_hub.client_id and settings.sentinel_hub.client_secret)
    return ["cdse", "earth-search"] if has_account else ["earth-search"]


def _open_one(spec: str, settings: Settings, read_as: ReadAs) -> Archive:
    if _is_remote(spec):
        _check_as_stated(spec, read_as)
    if spec == SAMPLE:
        from ingest.simulate.sample import sample_folder

        return _open_path(sample_folder(settings.home), settings, AS_STATED)
    if spec in STAC:
        from ingest.stac.presets import open_preset

        return open_preset(spec, settings)
    if spec in SENTINEL_HUB:
        from ingest.sentinel_hub.archive import open_sentinel_hub

        return open_sentinel_hub(spec, settings)
    if _is_remote(spec):
        return _open_url(spec, settings)
    path = Path(unquote(spec.removeprefix(FILE_URL))) if spec.startswith(FILE_URL) else Path(spec)
    if not spec.strip() or not _exists(path):
        kinds = "the path of a cube, of a folder of cubes or COGs, or of a STAC catalogue"
        raise UnknownArchive(spec, [*known_names(), kinds, "a URL (https://, s3://)"])
    return _open_path(path.resolve(), settings, read_as)


def _is_remote(spec: str) -> bool:
    return spec in known_names() or ("://" in spec and not spec.startswith(FILE_URL))


def _check_as_stated(spec: str, read_as: ReadAs) -> None:
    """Refuse options for files where an archive is known by name or lies at a URL.

    Raises:
        InvalidOption: one is given.
    """
    for option, value in read_as.stated().items():
        raise InvalidOption(option, value, f"it is for files on this machine, and the archive '{spec}' states it")


def _open_url(url: str, settings: Settings) -> Archive:
    """Open a STAC API, or else the static catalogue, cube or folder at a URL."""
    from ingest.object_store import open_remote_folder
    from ingest.stac.api import is_stac_api, open_stac_api

    if url.startswith(("https://", "http://")) and is_stac_api(url, settings):
        return open_stac_api(url, settings)
    return open_remote_folder(url, settings)


def _exists(path: Path) -> bool:
    try:
        return path.exists()
    except (OSError, ValueError):  # a name too long, or with a zero byte
        return False


def _open_path(path: Path, settings: Settings, read_as: ReadAs) -> Archive:
    from ingest.stac.folder import holds_cogs, open_stac_folder

    if not holds_cogs(path):
        from ingest.cubes.archive import open_cube_archive
        from ingest.preprocess.prepare import Preparation

        preparation = Preparation.from_settings(settings)
        return open_cube_archive(path, tile_size=settings.jobs.tile_size, read_as=read_as, preparation=preparation)
    archive = open_stac_folder(path, settings=settings, read_as=read_as)
    if stated := read_as.key():  # other numbers of the same files: tiles are kept by the fingerprint
        archive.fingerprint = sha256(f"{archive.fingerprint} {stated}".encode()).hexdigest()
    return archive
