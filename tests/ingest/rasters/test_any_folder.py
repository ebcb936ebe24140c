"""Any folder: the right cube, or a refusal that names the true cause; never a silent third."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, event, given, settings
from hypothesis import strategies as st

from core.errors import InvalidArchive
from core.grid import Window
from core.settings import Settings
from ingest.build.cube import build_cube
from ingest.build.reader import Reader
from ingest.preprocess.prepare import Preparation
from ingest.stac.folder import open_stac_folder
from tests.ingest.rasters.layouts import WINDOW, one, write

SHAPE = (12, 14)
PLACE = Window(crs=WINDOW.crs, transform=WINDOW.transform, shape_yx=SHAPE)
BANDS = ("B02", "B04", "B08", "B11")
READER = Reader(preparation=Preparation(dilation_m=0))

SPELLINGS: dict[str, dict[str, str]] = {
    "esa": {b: b for b in BANDS},
    "short": {b: b.replace("B0", "B") for b in BANDS},
    "lower": {b: b.lower() for b in BANDS},
    "common": {"B02": "blue", "B04": "red", "B08": "nir", "B11": "swir16"},
    "sized": {"B02": "B02_10m", "B04": "B04_10m", "B08": "B08_10m", "B11": "B11_20m"},
}
NAMES = (
    "farm_{date}_{band}",
    "{band}_{date}",
    "{date}/{band}",
    "{band}/{date}",
    "green_valley_{date}_{band}",
    "{date}-{band}",
    "T31TCJ_{date}T105031_{band}",
    "S2A_MSIL2A_{date}T105031_{baseline}_R051_T31TCJ_{band}",
)
DATES = ("%Y%m%d", "%Y-%m-%d", "%Y_%m_%d")
MASKS: dict[str, tuple[int, int]] = {
    "SCL": (4, 9),
    "scl": (5, 3),
    "CLM": (0, 1),
    "QA60": (0, 1024),
    "cloud_mask": (0, 1),
    "clear": (1, 0),
    "Fmask": (64, 2),
    "MG2": (1, 2),
    "QAI": (0, 2),
    "s2cloudless_mask": (1, 2),
    "cld": (5, 90),
    "": (0, 0),
}
"""Name to codes of clear and of cloud; an empty name = there is no mask."""


@dataclass(frozen=True)
class Storage:
    """How reflectance is stored."""

    title: str
    encode: Callable[[np.ndarray], np.ndarray]
    fill: float
    nodata: float | None = None
    scale: float = 1.0


STORAGES = (
    Storage("uint16", lambda v: np.rint(v * 1e4).astype(np.uint16), 0),
    Storage("uint16 nodata", lambda v: np.rint(v * 1e4).astype(np.uint16), 65535, 65535),
    Storage("int16", lambda v: np.rint(v * 1e4).astype(np.int16), -9999, -9999),
    Storage("int16 without nodata", lambda v: np.rint(v * 1e4).astype(np.int16), -9999),
    Storage("scaled", lambda v: np.rint(v * 5e3).astype(np.uint16), 0, 0, 2e-4),
    Storage("float", lambda v: v.astype(np.float32), np.nan),
    Storage("float nodata", lambda v: v.astype(np.float32), -9999, -9999),
    Storage("float numbers", lambda v: (v * 1e4).astype(np.float32), np.nan),
)


def land(number: int, band: str) -> np.ndarray:
    """Return reflectance of fields and woods."""
    random = np.random.default_rng([number, BANDS.index(band)])
    values = random.gamma(2, 0.015, SHAPE) + 0.02 if band in ("B02", "B04") else random.uniform(0.15, 0.45, SHAPE)
    return np.round(values, 3)


def clouds(number: int) -> np.ndarray:
    return np.random.default_rng(number).random(SHAPE) < 0.2


@st.composite
def folders(draw: Any) -> dict[str, Any]:
    days = draw(st.lists(st.integers(0, 2500), min_size=1, max_size=9, unique=True))
    name = draw(st.sampled_from(NAMES))
    return {
        "days": [date(2017, 1, 1) + timedelta(days=d) for d in days],
        "name": name,
        "date": "%Y%m%d" if name.startswith(("T31", "S2A")) else draw(st.sampled_from(DATES)),
        "spelling": draw(st.sampled_from(sorted(SPELLINGS))),
        "storage": draw(st.sampled_from(STORAGES)),
        "mask": draw(st.sampled_from(sorted(MASKS))),
        "has_offset": draw(st.booleans()),
        "form": draw(st.sampled_from(("files", "stacks", "dated stack"))),
    }


def stored(case: dict[str, Any], number: int, band: str) -> np.ndarray:
    storage: Storage = case["storage"]
    values = storage.encode(land(number, band) + (0.1 if case["has_offset"] else 0.0))
    values[0, :2] = storage.fill
    return values


def mask_of(case: dict[str, Any], number: int, dtype: Any) -> np.ndarray:
    clear, cloud = MASKS[case["mask"]]
    return np.where(clouds(number), cloud, clear).astype(dtype)


def write_folder(case: dict[str, Any], folder: Path) -> None:
    """Write a folder in the form of the case."""
    spelling = SPELLINGS[case["spelling"]]
    options = {"nodata": case["storage"].nodata, "scale": case["storage"].scale}
    dated: dict[str, np.ndarray] = {}
    for number, day in enumerate(case["days"]):
        text = day.strftime(case["date"])
        arrays = {spelling[b]: stored(case, number, b) for b in BANDS}
        mask = {case["mask"]: mask_of(case, number, np.uint16)} if case["mask"] else {}
        fit = {"date": text, "baseline": "N0500" if case["has_offset"] else "N0208"}
        if case["form"] == "files":
            for name, array in arrays.items():
                one(folder / f"{case['name'].format(band=name, **fit)}.tif", array, **options)
            for name, array in mask.items():
                one(folder / f"{case['name'].format(band=name, **fit)}.tif", array)
        elif case["form"] == "stacks":
            together = {**arrays, **{n: m.astype(next(iter(arrays.values())).dtype) for n, m in mask.items()}}
            path = case["name"].replace("_{band}", "").replace("{band}_", "").replace("-{band}", "")
            write(folder / f"{path.replace('{band}/', '').format(band='image', **fit)}.tif", together, **options)
        else:
            dated |= {f"{n}_{day}": a for n, a in arrays.items()}
            dated |= {f"{n}_{day}": m.astype(next(iter(arrays.values())).dtype) for n, m in mask.items()}
    if dated:
        write(folder / "stack.tif", dated, **options)


def expected(case: dict[str, Any], number: int, band: str) -> np.ndarray:
    values = np.where(clouds(number) & bool(case["mask"]), np.nan, land(number, band))
    values[0, :2] = np.nan
    return values


def is_stated(case: dict[str, Any]) -> bool:
    is_whole = case["storage"].title not in ("float", "float nodata")
    return "baseline" in case["name"] and case["form"] != "dated stack" and is_whole


@settings(max_examples=60, suppress_health_check=list(HealthCheck))
@given(folders())
def test_any_folder_gives_the_right_cube_or_the_true_cause(case: dict[str, Any]) -> None:
    with TemporaryDirectory() as place:
        folder = Path(place) / "farm"
        write_folder(case, folder)
        if case["has_offset"] and not is_stated(case) and len(case["days"]) < 5:
            event("refused")
            with pytest.raises(InvalidArchive, match="--offset -1000"):
                open_stac_folder(folder, settings=Settings(tile_size=16))
            return
        archive = open_stac_folder(folder, settings=Settings(tile_size=16))
        data = build_cube(archive, PLACE, archive.period, BANDS, reader=READER).data.load()
    event("read")
    order = sorted(range(len(case["days"])), key=lambda n: case["days"][n])
    assert [str(t)[:10] for t in data["time"].values] == [str(case["days"][n]) for n in order]
    for step, number in enumerate(order):
        for band in BANDS:
            found = data[band].values[step]
            np.testing.assert_allclose(found, expected(case, number, band), atol=3e-5, err_msg=f"{case} {band}")
    assert any("taken as clear" in r for r in archive.summary.remarks) == (not case["mask"])
