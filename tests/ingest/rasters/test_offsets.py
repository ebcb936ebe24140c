"""The offset of folders that do not state one, by their darkest pixels."""

from pathlib import Path

import numpy as np
import pytest

from core.errors import InvalidArchive
from core.grid import Window
from core.settings import Settings
from core.source import AS_STATED, ReadAs
from ingest.build.cube import build_cube
from ingest.build.reader import Reader
from ingest.preprocess.prepare import Preparation
from ingest.stac.folder import StacFolder, open_stac_folder
from tests.ingest.rasters.layouts import WINDOW, one

SHAPE = (60, 70)
PLACE = Window(crs=WINDOW.crs, transform=WINDOW.transform, shape_yx=SHAPE)


def land(seed: int, band: str, *, floor: float = 0.015) -> np.ndarray:
    """Return digital numbers of fields and woods, some of them dark in the visible and in short-wave infrared."""
    random = np.random.default_rng(seed)
    dark = random.gamma(2, 0.02, SHAPE) + floor
    values = dark if band in ("B02", "B03", "B04") else dark * 6 if band == "B12" else random.uniform(0.2, 0.4, SHAPE)
    return np.rint(values * 1e4).astype(np.int32)


def write_scenes(
    folder: Path,
    days: list[str],
    *,
    shifts: dict[str, int] | int = 0,
    name: str = "T31TCJ_{}T105031_{}_10m",
    bands: tuple[str, ...] = ("B02", "B03", "B04", "B08"),
    floor: float = 0.015,
) -> Path:
    for number, day in enumerate(days):
        shift = shifts if isinstance(shifts, int) else shifts.get(day, 0)
        for band in bands:
            stored = (land(number, band, floor=floor) + shift).astype(np.uint16)
            one(folder / f"{name.format(day, band)}.tif", stored)
        one(folder / f"{name.format(day, 'SCL')}.tif", np.full(SHAPE, 4, np.uint8))
    return folder


def open_folder(folder: Path, read_as: ReadAs = AS_STATED) -> StacFolder:
    return open_stac_folder(folder, settings=Settings(tile_size=16), read_as=read_as)


def red_of(archive: StacFolder) -> np.ndarray:
    reader = Reader(preparation=Preparation(dilation_m=0))
    return build_cube(archive, PLACE, archive.period, ("B04", "B08"), reader=reader).data["B04"].values


SUMMER = [f"2018{m:02d}{d:02d}" for m in (5, 6, 7) for d in (3, 13, 23)]


@pytest.mark.parametrize("shift", [0, 1000])
@pytest.mark.parametrize("name", ["T31TCJ_{}T105031_{}_10m", "farm_{}_{}"])
def test_the_darkest_pixels_tell_the_offset_and_not_the_date(tmp_path: Path, shift: int, name: str) -> None:
    archive = open_folder(write_scenes(tmp_path / "a", SUMMER, shifts=shift, name=name))
    for number, red in enumerate(red_of(archive)):
        np.testing.assert_allclose(red, land(number, "B04") * 1e-4, atol=2e-6)
    assert [("subtracted" in r) for r in archive.summary.remarks] == ([True] if shift else [])


def test_numbers_of_2022_without_the_offset_are_left_as_they_are(tmp_path: Path) -> None:
    days = [d.replace("2018", "2022") for d in SUMMER]
    for name in ("farm_{}_{}", "T31TCJ_{}T105031_{}_10m"):
        archive = open_folder(write_scenes(tmp_path / name[:4], days, name=name))
        np.testing.assert_allclose(red_of(archive)[0], land(0, "B04") * 1e-4, atol=2e-6)
        assert archive.summary.remarks == ()


def test_an_offset_on_the_later_half_of_the_dates_is_subtracted_there(tmp_path: Path) -> None:
    days = SUMMER + [d.replace("2018", "2022") for d in SUMMER]
    later = dict.fromkeys(days[9:], 1000)
    archive = open_folder(write_scenes(tmp_path / "a", days, shifts=later))
    for number, red in enumerate(red_of(archive)):
        np.testing.assert_allclose(red, land(number, "B04") * 1e-4, atol=2e-6)
    assert "9 scenes" in " ".join(archive.summary.remarks)


def test_a_likely_offset_of_few_scenes_is_refused_with_the_option(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "a", SUMMER[:2], shifts=1000)
    with pytest.raises(InvalidArchive, match=r"--offset -1000 .* --offset 0"):
        open_folder(folder)
    np.testing.assert_allclose(red_of(open_folder(folder, ReadAs(offset=-1000)))[0], land(0, "B04") * 1e-4, atol=2e-6)
    plain = red_of(open_folder(folder, ReadAs(offset=0)))[0]
    np.testing.assert_allclose(plain, land(0, "B04") * 1e-4 + 0.1, atol=2e-6)


YEAR = [f"2018{m:02d}15" for m in range(1, 11)]


@pytest.mark.parametrize("bands", [("B02", "B03", "B04", "B08"), ("B02", "B03", "B04", "B08", "B12"), ("B04", "B08")])
@pytest.mark.parametrize(
    "shifted", [YEAR[::2], YEAR[1::2], YEAR[-3:], YEAR[6:], YEAR[3:6]], ids=["even", "odd", "last", "late", "between"]
)
def test_the_offset_of_part_of_the_scenes_is_subtracted_from_them(
    tmp_path: Path, shifted: list[str], bands: tuple[str, ...]
) -> None:
    archive = open_folder(write_scenes(tmp_path / "a", YEAR, shifts=dict.fromkeys(shifted, 1000), bands=bands))
    for number, red in enumerate(red_of(archive)):
        np.testing.assert_allclose(red, land(number, "B04") * 1e-4, atol=2e-6)
    assert archive.summary is not None
    assert any(f"-1000 for {len(shifted)} scenes" in t for t in archive.summary.taken)
    assert any(str(len(shifted)) in r and "subtracted" in r for r in archive.summary.remarks)


@pytest.mark.parametrize("shifted", [YEAR[4:5], YEAR[-1:], [YEAR[2], YEAR[7]]], ids=["one", "last", "two"])
def test_an_offset_of_few_scenes_among_others_is_said_and_not_denied(tmp_path: Path, shifted: list[str]) -> None:
    archive = open_folder(write_scenes(tmp_path / "a", YEAR, shifts=dict.fromkeys(shifted, 1000)))
    assert archive.summary is not None
    assert any(f"not certain for {len(shifted)} scene" in t for t in archive.summary.taken)
    assert any("if it is left in" in r and f"{len(shifted)} of 10 scenes" in r for r in archive.summary.remarks)


def test_haze_over_some_scenes_is_no_offset(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "a", YEAR)
    for day in YEAR[::3]:
        for band, more in (("B02", 1300), ("B03", 1100), ("B04", 1000), ("B08", 500)):
            stored = land(YEAR.index(day), band) + more
            one(folder / f"T31TCJ_{day}T105031_{band}_10m.tif", stored.astype(np.uint16))
    archive = open_folder(folder)
    assert archive.summary is not None
    assert archive.summary.remarks == ()


def test_bright_scenes_of_two_kinds_are_refused(tmp_path: Path) -> None:
    folder = write_scenes(tmp_path / "a", YEAR, shifts=dict.fromkeys(YEAR[::2], 1000), floor=0.12)
    with pytest.raises(InvalidArchive, match=r"5 of 10 scenes .* folders of their own"):
        open_folder(folder)


def test_short_wave_infrared_proves_that_a_bright_scene_carries_none(tmp_path: Path) -> None:
    bands = ("B02", "B03", "B04", "B08", "B12")
    folder = write_scenes(tmp_path / "a", SUMMER[:2], bands=bands, floor=0.1)
    for file in folder.glob("*B12*"):
        one(file, np.full(SHAPE, 300, np.uint16))
    assert open_folder(folder).summary.remarks == ()


def test_a_desert_tells_nothing_and_that_is_said(tmp_path: Path) -> None:
    archive = open_folder(write_scenes(tmp_path / "a", SUMMER, name="dune_{}_{}", floor=0.22))
    assert any("do not tell" in r for r in archive.summary.remarks)
    np.testing.assert_allclose(red_of(archive)[0], land(0, "B04", floor=0.22) * 1e-4, atol=2e-6)


def test_a_desert_in_esas_files_since_2022_carries_the_offset_of_its_date(tmp_path: Path) -> None:
    days = [d.replace("2018", "2023") for d in SUMMER]
    archive = open_folder(write_scenes(tmp_path / "a", days, shifts=1000, floor=0.22))
    assert any("inferred" in r for r in archive.summary.remarks)
    np.testing.assert_allclose(red_of(archive)[0], land(0, "B04", floor=0.22) * 1e-4, atol=2e-6)


@pytest.mark.parametrize(("baseline", "shift"), [("N0500", 1000), ("N0208", 0)])
def test_the_baseline_in_the_name_decides_without_a_remark(tmp_path: Path, baseline: str, shift: int) -> None:
    name = f"S2A_MSIL2A_{{}}T105031_{baseline}_R051_T31TCJ_{{}}"
    archive = open_folder(write_scenes(tmp_path / "a", SUMMER[:1], shifts=shift, name=name))
    np.testing.assert_allclose(red_of(archive)[0], land(0, "B04") * 1e-4, atol=2e-6)
    assert archive.summary.remarks == ()


@pytest.mark.parametrize(
    ("text", "shift"),
    [
        ('<BOA_ADD_OFFSET_VALUES_LIST><BOA_ADD_OFFSET band_id="0">-1000</BOA_ADD_OFFSET>', 1000),
        ("<PROCESSING_BASELINE>05.00</PROCESSING_BASELINE>", 1000),
        ("<PROCESSING_BASELINE>02.08</PROCESSING_BASELINE>", 0),
    ],
)
def test_the_metadata_beside_the_files_decide(tmp_path: Path, text: str, shift: int) -> None:
    folder = write_scenes(tmp_path / "a", SUMMER[:1], shifts=shift)
    (folder / "MTD_MSIL2A.xml").write_text(text)
    archive = open_folder(folder)
    np.testing.assert_allclose(red_of(archive)[0], land(0, "B04") * 1e-4, atol=2e-6)
    assert archive.summary.remarks == ()


def test_an_offset_that_is_stated_and_was_applied_before_fails_the_scenes(tmp_path: Path) -> None:
    archive = open_folder(write_scenes(tmp_path / "a", SUMMER[:1]), ReadAs(offset=-1000))
    small = Window(crs=PLACE.crs, transform=PLACE.transform, shape_yx=(4, 5))
    failed = build_cube(archive, small, archive.period, ("B04", "B08")).failures
    assert "had been applied before" in failed[0].failure
