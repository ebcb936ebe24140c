from dataclasses import replace

from outputs.styles.choose import first_drawn, worth_drawing
from tests.outputs.rasters import class_map, forecast
from tests.outputs.styles.maps import CHANGE_LAYERS, medians


def test_classes_come_first_and_else_the_first_median() -> None:
    assert first_drawn(class_map().layers).name == "class"
    assert first_drawn(forecast().layers).quantile == 0.5
    assert first_drawn(forecast().layers).date == "2022-05-01"
    plain = tuple(replace(layer, legend=()) for layer in class_map().layers)
    assert first_drawn(plain) is plain[0]


def test_all_classes_are_worth_a_layer() -> None:
    assert [layer.name for layer in worth_drawing(CHANGE_LAYERS)] == ["change", "class_before", "class_after"]


def test_of_many_dates_the_first_the_middle_and_the_last_are_worth_a_layer() -> None:
    for count, days in ((1, [1]), (2, [1, 2]), (3, [1, 2, 3]), (7, [1, 4, 7]), (8, [1, 4, 8]), (30, [1, 15, 30])):
        found = worth_drawing(medians(count))
        assert [int(layer.date[-3:]) for layer in found] == days
        assert all(layer.is_median for layer in found)
