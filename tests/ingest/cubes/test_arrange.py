"""Foreign cubes arranged as ours."""

import numpy as np
import pytest

from core.errors import InvalidCube
from ingest.cubes.arrange import arrange, yx_of
from tests.ingest.cubes import foreign


def test_an_array_of_bands_becomes_a_variable_for_each() -> None:
    arranged = arrange("a.nc", foreign.cubo())
    assert arranged.layout == "cube with one array and a dimension of bands"
    assert list(arranged.data.data_vars) == [*foreign.BANDS, "SCL"]
    np.testing.assert_array_equal(arranged.data["B8A"].values, foreign.dn()["B8A"])
    assert arranged.data["B8A"].dims == ("time", "y", "x")


def test_of_labels_and_other_names_those_that_mean_most_bands_are_taken() -> None:
    data = foreign.stackstac().assign_coords(band=[f"asset-{n}" for n in range(11)])
    names = arrange("a.nc", data).data.data_vars
    assert list(names)[:3] == ["blue", "green", "red"]


@pytest.mark.parametrize(("y", "x"), [("lat", "lon"), ("latitude", "longitude"), ("Y", "X"), ("northing", "easting")])
def test_rows_and_columns_have_many_names(y: str, x: str) -> None:
    arranged = arrange("a.nc", foreign.variables(foreign.dn(), y=y, x=x))
    assert arranged.data["B04"].dims == ("time", "y", "x")
    assert arranged.layout == f"cube with a variable for each band, its pixels on {y} and {x}"
    assert ("units" in arranged.data["y"].attrs) == (y in ("lat", "latitude"))


def test_a_coordinate_of_another_name_along_the_rows_is_used() -> None:
    data = foreign.ours()
    moved = data.drop_vars("y").assign_coords(northing=("y", data["y"].values))
    np.testing.assert_array_equal(arrange("a.nc", moved).data["y"].values, data["y"].values)


def test_one_date_without_an_axis_gets_one() -> None:
    one = foreign.ours().isel(time=2)
    assert arrange("a.nc", one).data["B04"].shape == (1, foreign.ROWS, foreign.COLUMNS)
    undated = one.drop_vars("time")
    assert arrange("a.nc", undated.assign_attrs(datetime="2021-05-01T10:00:00Z")).remarks == ()
    given = arrange("a.nc", undated, "2021-05-02")
    assert given.remarks == ("Its date, 2021-05-02, is the one that was given.",)
    with pytest.raises(InvalidCube, match="states no date"):
        arrange("a.nc", undated)


def test_a_table_of_numbers_is_no_cube() -> None:
    with pytest.raises(InvalidCube, match=r"no rows and columns .* only the dimensions time"):
        arrange("a.nc", foreign.ours().isel(y=0, x=0, drop=True))


def test_rows_and_columns_of_a_variable() -> None:
    assert yx_of(foreign.ours()["B04"]) == ("y", "x")
    assert yx_of(foreign.ours()["B04"].rename(y="y_r20m", x="x_r20m")) == ("y_r20m", "x_r20m")
    assert yx_of(foreign.ours()["time"]) is None
