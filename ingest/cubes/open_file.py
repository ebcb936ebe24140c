"""Cube files opened, undecoded but for dates: NetCDF, Zarr, groups of EOPF products, cubes that a function opens."""

import logging
import threading
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import xarray as xr

from core.errors import InvalidCube

logger = logging.getLogger(__name__)

EOPF_BANDS = tuple(f"measurements/reflectance/r{metres}m" for metres in (10, 20, 60))
EOPF_MASK = "conditions/mask/l2a_classification/r20m"
"""Groups of a Sentinel-2 L2A product in ESA's EOPF Zarr format (cpm.pages.eopf.copernicus.eu, product format)."""
NETCDF = threading.RLock()
"""Held while a NetCDF file is opened, read or closed: HDF5 ends the process where two threads do so at once, and xarray
locks reading alone."""
ZARR_SIGNS = ("zarr.json", ".zgroup", ".zmetadata")


@dataclass(frozen=True, kw_only=True)
class RemoteCube:
    """A cube that is opened by a function instead of a path."""

    url: str
    open_dataset: Callable[[], xr.Dataset]
    """Opens it undecoded but for its dates."""
    errors: tuple[type[Exception], ...]
    """Errors of opening and reading besides Python's own."""

    @property
    def name(self) -> str:
        """Last part of the URL."""
        return self.url.rstrip("/").rsplit("/", 1)[-1]

    @property
    def stem(self) -> str:
        """The name without suffix."""
        return Path(self.name).stem

    def __str__(self) -> str:
        """Return the URL."""
        return self.url


@contextmanager
def opened(path: Path | RemoteCube) -> Iterator[xr.Dataset]:
    """Open a file undecoded but for its dates.

    Raises:
        InvalidCube: it is missing, or not NetCDF or Zarr.
    """
    try:
        with warnings.catch_warnings():  # a store without consolidated metadata is slower to open, not wrong
            warnings.filterwarnings("ignore", message=".*consolidated metadata.*")
            data = path.open_dataset() if isinstance(path, RemoteCube) else _open_path(path)
    except errors_of(path, OSError, ValueError, KeyError, TypeError, RuntimeError) as error:
        logger.debug("open_failed path=%s error=%s", path, error)
        kind = "NetCDF file" if isinstance(path, Path) and not path.is_dir() else "Zarr store"
        raise InvalidCube(path, f"it is not a readable {kind}") from None
    try:
        yield data
    finally:
        with NETCDF:
            data.close()


def errors_of(path: Path | RemoteCube, *usual: type[Exception]) -> tuple[type[Exception], ...]:
    """Return what opening or reading a cube may raise."""
    return (*usual, *path.errors) if isinstance(path, RemoteCube) else usual


def _open_path(path: Path) -> xr.Dataset:
    if not path.exists():
        raise InvalidCube(path, "there is no such file")
    is_zarr = path.is_dir()
    if is_zarr and not any((path / name).exists() for name in ZARR_SIGNS):
        raise InvalidCube(path, "it is a folder but not a Zarr store")
    if is_zarr and (path / EOPF_BANDS[0]).is_dir():
        return _open_eopf(path)
    return _open(path, "zarr" if is_zarr else "netcdf4")


def _open(path: Path, engine: Any, **options: Any) -> xr.Dataset:
    if engine == "netcdf4":
        with NETCDF:
            return xr.open_dataset(path, engine=engine, mask_and_scale=False, lock=NETCDF, **options)
    return xr.open_dataset(path, engine=engine, mask_and_scale=False, **options)


def _open_eopf(path: Path) -> xr.Dataset:
    """Join the groups of a product; pixels of 20 m and 60 m get dimensions `y_r20m`, `x_r20m` of their own."""
    root = _open(path, "zarr")
    parts: dict[str, xr.DataArray] = {}
    for group in (*EOPF_BANDS, EOPF_MASK):
        if (path / group).is_dir():
            own = group.rsplit("/", 1)[-1]
            part = _open(path, "zarr", group=group)
            part = part if own == "r10m" else part.rename({d: f"{d}_{own}" for d in ("y", "x") if d in part.dims})
            parts |= {str(n): v for n, v in part.data_vars.items() if str(n) not in parts}
    return xr.Dataset(parts, attrs={**root.attrs, **_facts(root.attrs)})


def _facts(attrs: Any) -> dict[str, Any]:
    """Return date and CRS of a product, from the STAC item that its attributes hold."""
    stac = dict(attrs.get("stac_discovery") or {}).get("properties") or {}
    other = dict(attrs.get("other_metadata") or {})
    code = stac.get("proj:code") or stac.get("proj:epsg") or other.get("horizontal_CRS_code") or ""
    when = stac.get("datetime") or stac.get("start_datetime") or ""
    return {"crs": str(code), "datetime": str(when), "platform": str(stac.get("platform") or "")}
