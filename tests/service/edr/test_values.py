"""Values by parameter, time and place."""

import numpy as np
import pytest
from affine import Affine

from core.errors import InvalidOption
from core.grid import Window
from core.product import Layer
from service.edr.coords import CRS84, Place
from service.edr.times import day, times_of_layers
from service.edr.values import of_block, of_history, of_point
from service.point.area import Block
from service.point.schemas import Observation, Point, PointHistory, PointValue

PERIOD = "2021-01-01/2022-04-30"
LAYERS = tuple(
    Layer(name=name, description="", date=date)
    for name, date in (("a_2022-06-01", "2022-06-01"), ("a_2022-05-01", "2022-05-01"), ("b", "2022-05-01"), ("n", ""))
)
PLACE = Place(longitude=10.0, latitude=48.0, crs=CRS84)


def point(**values: float | None) -> Point:
    found = [
        PointValue(name=k.replace("__", "-"), description="", variable="", unit="1", value=v) for k, v in values.items()
    ]
    return Point(lon=10.00001, lat=48.00002, row=0, column=0, is_seen=True, values=found)


def test_parameters_are_put_together_by_their_times() -> None:
    given = {"a_2022__06__01": 2.0, "a_2022__05__01": 1.0, "b": None, "n": 7.0}
    found = of_point(point(**given), LAYERS, times_of_layers(LAYERS, PERIOD), PLACE)
    series, single, whole = found.groups
    assert (series.times, series.values["a"].ravel().tolist()) == ((day("2022-05-01"), day("2022-06-01")), [1.0, 2.0])
    assert (single.times, np.isnan(single.values["b"]).all()) == ((day("2022-05-01"),), True)
    assert (str(whole.times[0]), whole.values["n"].ravel().tolist()) == (PERIOD, [7.0])
    assert (found.axes.x, found.axes.y) == ((10.00001,), (48.00002,))


def test_a_history_without_observations_has_no_values() -> None:
    history = PointHistory(
        lon=10, lat=48, period=PERIOD, dates=3, observations=[Observation(date="2021-05-01", ndvi=0.5)]
    )
    assert of_history(history, PLACE, ()) is not None
    assert of_history(history.model_copy(update={"observations": []}), PLACE, ()) is None


def block(crs: str, west: float, north: float) -> Block:
    window = Window(crs=crs, transform=Affine(10, 0, west, 0, -10, north), shape_yx=(3, 4))
    return Block(window=window, layers=LAYERS[3:], values=np.arange(12.0).reshape(1, 3, 4))


def test_a_grid_of_degrees_has_north_at_the_top_and_west_at_the_left() -> None:
    found = of_block(block("EPSG:32632", 500_000, 5_320_000), {"n": day("2022-05-01")}, CRS84)
    values = found.groups[0].values["n"][0]
    assert values.shape == (3, 4)
    assert values.tolist() == np.arange(12.0).reshape(3, 4).tolist()
    assert list(found.axes.x) == sorted(found.axes.x)
    assert list(found.axes.y) == sorted(found.axes.y, reverse=True)


def test_a_grid_of_metres_has_the_middles_of_pixels() -> None:
    found = of_block(block("EPSG:32632", 500_000, 5_320_000), {"n": day("2022-05-01")}, "EPSG:32632")
    assert found.axes.x == (500_005, 500_015, 500_025, 500_035)
    assert found.axes.y == (5_319_995, 5_319_985, 5_319_975)


def test_a_grid_of_degrees_does_not_cross_180_degrees() -> None:
    across = block("EPSG:32760", 819_090, 8_095_860)
    with pytest.raises(InvalidOption, match="EPSG:32760"):
        of_block(across, {"n": day("2022-05-01")}, CRS84)
    assert of_block(across, {"n": day("2022-05-01")}, "EPSG:32760").groups
