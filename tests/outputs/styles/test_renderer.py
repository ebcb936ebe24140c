import pytest
from matplotlib import colormaps
from matplotlib.colors import to_hex

from core.product import Layer, Variable
from outputs.styles.renderer import RAMPS, pipe
from tests.outputs.rasters import class_map


def test_a_legend_is_drawn_in_its_colours() -> None:
    renderer = pipe(class_map().layers[0], 1)[0]
    assert (renderer.get("type"), renderer.get("band")) == ("paletted", "1")
    entries = [(e.get("value"), e.get("label"), e.get("color")) for e in renderer.iter("paletteEntry")]
    assert entries == [("0", "No tree canopy", "#010203"), ("1", "Conifer", "#fa8040")]


def test_a_percentage_is_drawn_on_a_scale_from_0_to_100() -> None:
    renderer = pipe(class_map().layers[1], 2)[0]
    assert (renderer.get("type"), renderer.get("band")) == ("singlebandpseudocolor", "2")
    values = [float(item.get("value", "")) for item in renderer.iter("item")]
    assert values == [0, 12.5, 25, 37.5, 50, 62.5, 75, 87.5, 100]


@pytest.mark.parametrize(("variable", "ends"), [("NDVI", (0, 1)), (Variable.ANOMALY, (-0.5, 0.5))])
def test_a_scale_has_the_ends_of_its_variable(variable: str, ends: tuple[float, float]) -> None:
    items = list(pipe(Layer(name="a", description="", variable=variable, unit="1"), 3).iter("item"))
    assert (float(items[0].get("value", "")), float(items[-1].get("value", ""))) == ends


def test_ramps_are_those_of_matplotlib() -> None:
    known = {name.lower(): colormaps[name] for name in ("YlGn", "BrBG", "viridis")}
    for name, colours in RAMPS.items():
        assert [f"#{c}" for c in colours.split()] == [to_hex(known[name](n / 8)) for n in range(9)]
