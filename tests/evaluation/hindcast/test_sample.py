"""Samples of tables and cubes for a hindcast: what is drawn, and the blocks that it lies in."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from core.bands import channel
from core.errors import NoClearObservation
from core.source import Source
from evaluation.hindcast.sample import Sample, draw_sample
from ingest.cubes.read import read_cube
from ingest.source import CubeSource, TableSource
from tests.cli.cubes import write_cube
from tests.models.builders import wavy_series

NDVI = channel("NDVI")


def drawn_from(source: Source, limit: int) -> Sample:
    return draw_sample(source, source.period, limit)


def test_a_sample_of_a_table_is_drawn_among_series_ever_seen() -> None:
    series = wavy_series(20)
    series.values[::2] = np.nan
    drawn = drawn_from(TableSource(name="table.csv", table=series), 4)
    assert len(drawn.series) == 4
    assert drawn.total == 10
    assert all(int(name[1:]) % 2 == 1 for name in drawn.series.ids)
    np.testing.assert_array_equal(drawn.places, drawn.series.ids)
    unseen = replace(series, values=np.full_like(series.values, np.nan))
    with pytest.raises(NoClearObservation):
        drawn_from(TableSource(name="table.csv", table=unseen), 4)


def test_a_sample_of_a_cube_holds_its_pixels_and_names_their_blocks(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    cube = read_cube(write_cube(tmp_path / "cube.nc", shape_yx=(23, 14), dates=8))
    whole, source = cube.series(), CubeSource(name="cube.nc", whole=cube)
    monkeypatch.setattr("ingest.source.BLOCK_PIXELS", 50)  # several blocks of rows
    drawn = drawn_from(source, 60)
    assert len(drawn.series) == 60
    every = drawn_from(source, 10_000)
    seen = np.isfinite(whole.values[..., NDVI]).any(axis=1)
    np.testing.assert_array_equal(every.series.values, whole.values[seen])
    assert every.total == seen.sum()
    assert set(every.places) == {"0_0", "0_1", "1_0", "1_1", "2_0", "2_1"}
    assert every.places[0] == "0_0"
    assert every.places[-1] == "2_1"
