"""What cube files were taken for, in words."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import xarray as xr

from core.source import InputSummary, ReadAs
from ingest.cubes.read import open_cube, read_cube
from ingest.rules.masks import PREFIXED, RULES, MaskRule
from tests.ingest.cubes import foreign
from tests.ingest.cubes.test_foreign import write


def summary_of(data: xr.Dataset, path: Path, **stated: Any) -> InputSummary:
    return open_cube(write(path, data), read_as=ReadAs(**stated)).summary


def test_a_complete_cube_has_facts_and_no_remark(tmp_path: Path) -> None:
    summary = summary_of(foreign.odc_stac(), tmp_path / "cube.nc")
    assert summary.lines() == (
        "cube.nc: cube with a variable for each band",
        "bands: B02 from 'blue', B03 from 'green', B04 from 'red', B05 from 'rededge1', B06 from 'rededge2', "
        "B07 from 'rededge3', B08 from 'nir', B8A from 'nir08', B11 from 'swir16', B12 from 'swir22'",
        "scale of B02, B03, B04, B05, B06, B07, B08, B8A, B11, B12: 0.0001, by the size of their numbers",
        "mask: scl (scene classes of Sen2Cor; 2, 4, 5, 6, 7 are clear)",
        "dates: 14 from 2021-04-01 to 2021-06-05",
        "pixels: 24 x 20 (rows x columns) of 10 m, EPSG:32633",
        "not used: visual",
    )


@pytest.mark.parametrize("rule", [r for r in RULES if r.kind != "clear"], ids=lambda r: r.names[0])
def test_every_mask_of_the_rules_hides_clouds_under_each_of_its_names(rule: MaskRule, tmp_path: Path) -> None:
    codes = CODES[rule.names[0]]
    for name in rule.names:
        written = f"s2_{name}" if name in PREFIXED else name.upper()
        data = (
            foreign.ours()
            .drop_vars("SCL")
            .assign({written: (("time", "y", "x"), np.where(foreign.clouds(), codes[1], codes[0]))})
        )
        path = write(tmp_path / f"{name}.nc", data)
        hidden = np.isnan(read_cube(path).data["B04"].values)
        assert hidden[foreign.clouds()].all(), name
        assert not hidden[:, 12:, 12:].any(), name
        assert open_cube(path).summary.remarks == ()


CODES = {
    "scl": (5, 8),
    "clm": (0, 1),
    "mg2": (1, 2),
    "qai": (32, 4),
    "fmask": (64, 2),
    "qa_pixel": (64, 8),
    "qa60": (0, 1024),
    "oa_fmask": (1, 2),
    "oa_s2cloudless_mask": (1, 2),
    "cloud_classification": (0, 3),
    "dlmask": (0, 1),
    "cs": (0.9, 0.1),
    "cldprb": (5, 90),
    "clp": (10, 250),
    "cloud_mask": (0, 1),
    "clear_mask": (1, 0),
    "mask": (0, 2),
}
"""A clear and a cloudy code of each rule, by its first name."""


def test_no_mask_is_mentioned_with_what_might_be_one(tmp_path: Path) -> None:
    bare = summary_of(foreign.ours().drop_vars("SCL"), tmp_path / "bare.nc")
    assert bare.remarks == ("No cloud mask was found: every observation is taken as clear.",)
    unsure = summary_of(foreign.ours().rename(SCL="quality_codes"), tmp_path / "unsure.nc")
    assert unsure.remarks[1].endswith("give --mask quality_codes=cloud or --mask quality_codes=clear.")


def test_a_mask_that_is_switched_off_is_a_fact(tmp_path: Path) -> None:
    summary = summary_of(foreign.ours(), tmp_path / "cube.nc", mask="none")
    assert "mask: none is used, as given" in summary.taken
    assert summary.remarks == ()


def test_radar_in_lower_case_is_read(tmp_path: Path) -> None:
    radar = {
        n: (("time_s1", "y", "x"), np.full((3, foreign.ROWS, foreign.COLUMNS), v, np.float32))
        for n, v in (("vv", -9.0), ("vh", -15.0))
    }
    data = foreign.ours().assign(radar).assign_coords(time_s1=foreign.DATES[:3])
    path = write(tmp_path / "cube.nc", data)
    assert read_cube(path).radar == ("VV", "VH")
    assert "radar dates: 3 from 2021-04-01 to 2021-04-11" in open_cube(path).summary.taken


def test_what_is_ignored_doubled_or_joined_is_mentioned(tmp_path: Path) -> None:
    data = foreign.ours()
    days = [*foreign.DATES[:-1], foreign.DATES[0]]
    data = data.assign(red=data["B04"], lai=data["B08"]).assign_coords(time=days)
    assert summary_of(data, tmp_path / "cube.nc").remarks == (
        "'red' was left out, as 'B04' is B04 as well.",
        "Not used, as their meaning is not known: lai (--band and --mask use them).",
        "1 day has several dates; the first clear value counts.",
    )


def test_what_the_user_states_is_repeated(tmp_path: Path) -> None:
    summary = summary_of(foreign.ours(), tmp_path / "cube.nc", bands={"B04": "B02"}, offset=0, crs="EPSG:32632")
    assert "as given: B04 is 'B02', offset 0, CRS EPSG:32632" in summary.taken


def test_dates_that_no_satellite_saw_are_mentioned(tmp_path: Path) -> None:
    data = foreign.ours()
    early = data.assign_coords(time=data["time"].values - np.timedelta64(51 * 365, "D"))
    assert "when Sentinel-2 began" in summary_of(early, tmp_path / "cube.nc").remarks[-1]
