"""Colours of classes that a model names."""

from products.palette import COLOURS, mixed, user_legend


def test_colours_of_classes_differ_and_known_ones_stay() -> None:
    names = ["other", "crop", *(f"c{n}" for n in range(30))]
    legend = user_legend(names, {"crop": (1, 2, 3)})
    assert len(COLOURS) == len(set(COLOURS)) == 32
    assert len({entry.colour for entry in legend}) == 32
    assert legend[1].colour == (1, 2, 3)
    assert mixed([(10, 20, 30)]) == (10, 20, 30)
    assert mixed([(0, 0, 0), (100, 50, 255)]) == (152, 140, 191)
