"""Any mixture of names, axes, codes, scales, fills, masks and orders gives the right cube, or names what is wrong."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
import xarray as xr
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from core.cube import Cube
from core.errors import InvalidCube
from ingest.cubes.read import open_cube, read_cube
from tests.ingest.cubes import foreign
from tests.ingest.cubes.test_foreign import write

VOCABULARIES = {
    "ours": {},
    "lower": {b: b.lower() for b in foreign.BANDS},
    "short": {b: b.replace("B0", "B") for b in foreign.BANDS},
    "common": foreign.E84,
    "australia": foreign.DEA,
    "prefixed": {b: f"S2-L2A-{b}" for b in foreign.BANDS},
    "sized": {b: f"{b}_10m" for b in foreign.BANDS},
}
MASKS = {
    "SCL": (4, 9),
    "CLM": (0, 1),
    "Fmask": (64, 2),
    "QA60": (0, 1024),
    "cloud_mask": (0, 1),
    "clear_mask": (1, 0),
    "MSK_CLDPRB": (3, 80),
}
AXES = [("time", "y", "x"), ("t", "latitude", "longitude"), ("date", "northing", "easting"), ("time", "Y", "X")]


@dataclass(frozen=True)
class Form:
    """One way to write the cube."""

    names: str
    axes: tuple[str, str, str]
    order: tuple[int, int, int]
    is_stacked: bool
    is_south_up: bool
    dates: tuple[int, ...]
    kind: str
    fill: int
    mask: str
    offset: str
    """`none`, `stated`, or `left in`."""


forms = st.builds(
    Form,
    names=st.sampled_from(sorted(VOCABULARIES)),
    axes=st.sampled_from(AXES),
    order=st.permutations(range(3)).map(tuple),
    is_stacked=st.booleans(),
    is_south_up=st.booleans(),
    dates=st.permutations(range(len(foreign.DATES))).map(tuple),
    kind=st.sampled_from(["uint16", "int16", "int32", "float DN", "reflectance", "float64"]),
    fill=st.sampled_from([0, -9999, -32768]),
    mask=st.sampled_from([*MASKS, ""]),
    offset=st.sampled_from(["none", "none", "stated", "left in"]),
)


def numbers(form: Form, stored: np.ndarray) -> np.ndarray:
    """Return digital numbers in the type and scale of a form, some of them filled."""
    values = stored.astype(np.float64) + (0 if form.offset == "none" else 1000)
    if form.kind in ("reflectance", "float64"):
        values /= 1e4
    holes = np.zeros(values.shape, bool)
    holes[2, 3:5, 10:12] = True
    fill = max(form.fill, 0) if form.kind == "uint16" else form.fill
    nothing = np.nan if form.kind in ("reflectance", "float64") else fill
    types = {"float DN": np.float32, "reflectance": np.float32, "float64": np.float64}
    return np.where(holes, nothing, values).astype(types.get(form.kind, form.kind))


def attributes(form: Form) -> dict[str, float]:
    if form.offset != "stated":
        return {}
    is_scaled = form.kind in ("reflectance", "float64")
    return {"scale_factor": 1.0 if is_scaled else 1e-4, "add_offset": -0.1}


def written(form: Form) -> xr.Dataset:
    """Return the cube in a form."""
    names, attrs = VOCABULARIES[form.names], attributes(form)
    bands = {b: numbers(form, v)[list(form.dates)] for b, v in foreign.dn().items()}
    time, y, x = form.axes
    data = foreign.with_crs(foreign.variables(bands, names, time=time, y=y, x=x))
    data = data.assign_coords({time: foreign.DATES[list(form.dates)]})
    for name in data.data_vars:
        data[name].attrs |= attrs
    if form.mask:
        clear, cloud = MASKS[form.mask]
        data[form.mask] = ((time, y, x), foreign.coded(clear, cloud, np.int16)[list(form.dates)])
    if form.is_south_up:
        data = data.isel({y: slice(None, None, -1)})
    data = data.transpose(*(form.axes[n] for n in form.order))
    if form.is_stacked and not form.mask:
        data = data.to_dataarray("band").assign_attrs(attrs).to_dataset(name="stack")
    return data


@pytest.fixture(scope="module")
def own(tmp_path_factory: pytest.TempPathFactory) -> dict[bool, Cube]:
    """Return our own cube with its mask, and without."""
    folder = tmp_path_factory.mktemp("own")
    masked = read_cube(write(folder / "masked.nc", foreign.ours()))
    return {True: masked, False: read_cube(write(folder / "bare.nc", foreign.ours().drop_vars("SCL")))}


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(form=forms)
def test_any_form_gives_the_right_cube_or_names_what_is_wrong(form: Form, own: dict[bool, Cube]) -> None:
    with tempfile.TemporaryDirectory() as folder:
        path = write(Path(folder) / "cube.zarr", written(form))
        if form.offset == "left in":
            with pytest.raises(InvalidCube, match=r"offset of \+1000 .* --offset -1000"):
                read_cube(path)
            return
        cube, summary = read_cube(path), open_cube(path).summary
    true = own[bool(form.mask)]
    assert cube.window == true.window
    assert cube.optical == true.optical
    for band in foreign.BANDS:
        expected = true.data[band].values.copy()
        expected[2, 3:5, 10:12] = np.nan
        np.testing.assert_allclose(cube.data[band].values, expected, atol=1e-5, err_msg=band)
    no_mask = "No cloud mask was found: every observation is taken as clear."
    assert summary.remarks == (() if form.mask else (no_mask,))
