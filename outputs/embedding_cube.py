"""Embeddings as cubes: CF NetCDF4 or Zarr through rioxarray, a variable for each dimension. Read from a GeoTIFF."""

import warnings
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import rioxarray
import xarray as xr

from core.product import Layer
from outputs.atomic import written_aside
from outputs.provenance import SIMULATED

GROUP_BYTES = 256 * 2**20
"""Pixels held at once."""
CHUNK = 256
"""Longest edge of a chunk in pixels."""


def write_embedding_cube(
    raster: Path, out: Path, layers: Sequence[Layer], tags: Mapping[str, str], *, is_half: bool
) -> None:
    """Write the bands of a GeoTIFF as variables e000, e001, ... with y and x, whole or not at all.

    A band's scale becomes `scale_factor`, its nodata `_FillValue`, its CRS the grid mapping `spatial_ref`.

    Args:
        raster: bands in the order of the layers; int8 with scales, or float32.
        out: ends in .nc or .zarr; replaced if it exists.
        tags: GeoTIFF metadata, written as attributes.
        is_half: numbers are stored as float16 where the format has it, which is Zarr.
    """
    opened = rioxarray.open_rasterio(raster, band_as_variable=True, mask_and_scale=False, cache=False)
    assert isinstance(opened, xr.Dataset)
    with opened, written_aside(out) as aside:
        for number, group in enumerate(_groups(opened, layers)):
            group.attrs = _attributes(tags)
            mode: Any = "a" if number else "w"
            if out.suffix == ".zarr":
                _append_zarr(group, aside, mode, "float16" if is_half else "int8")
            else:
                encoding = {str(n): {**_encoding(v), "zlib": True, "complevel": 4} for n, v in group.items()}
                group.to_netcdf(aside, mode=mode, engine="netcdf4", encoding=encoding)


def _append_zarr(group: xr.Dataset, path: Path, mode: Any, dtype: str) -> None:
    encoding = {}
    for name, variable in group.items():
        chosen = _encoding(variable)
        encoding[str(name)] = {"chunks": chosen.pop("chunksizes"), **chosen, "dtype": dtype}
    with warnings.catch_warnings():
        # as in cube_file.py: not in the specification of Zarr v3 yet, but what xarray looks for first
        warnings.filterwarnings("ignore", message="Consolidated metadata", category=UserWarning)
        group.to_zarr(path, mode=mode, zarr_format=3, encoding=encoding, consolidated=True)


def _groups(opened: xr.Dataset, layers: Sequence[Layer]) -> Iterator[xr.Dataset]:
    """Give some of the variables at a time, read, named and described."""
    height, width = opened.sizes["y"], opened.sizes["x"]
    step = max(1, GROUP_BYTES // (8 * height * width))
    for first in range(0, len(layers), step):
        names = {f"band_{n + 1}": layers[n].name for n in range(first, min(first + step, len(layers)))}
        group = opened[list(names)].load().rename(names)
        for layer in layers[first : first + step]:
            _describe(group[layer.name], layer)
        yield group


def _describe(variable: xr.DataArray, layer: Layer) -> None:
    kept = {
        k: v for k, v in variable.attrs.items() if k in ("scale_factor", "add_offset") and variable.dtype == np.int8
    }
    variable.attrs = {"long_name": layer.description, "units": layer.unit, **kept}


def _encoding(variable: xr.DataArray) -> dict[str, Any]:
    fill = np.int8(-128) if variable.dtype == np.int8 else np.float32(np.nan)
    return {
        "chunksizes": tuple(min(CHUNK, size) for size in variable.shape),
        "grid_mapping": "spatial_ref",
        "_FillValue": fill,
    }


def _attributes(tags: Mapping[str, str]) -> dict[str, str]:
    is_simulated = tags["LANDCAST_SIMULATED"] == "yes"
    return {
        "Conventions": "CF-1.11",
        "title": "Embedding (simulated)" if is_simulated else "Embedding",
        "source": f"landcast {tags['LANDCAST_VERSION']}, model {tags['LANDCAST_MODEL']}",
        "license": tags["LANDCAST_ATTRIBUTION"],
        **({"comment": SIMULATED} if is_simulated else {}),
        **{k.lower(): v for k, v in tags.items() if k.startswith("LANDCAST_")},
    }
