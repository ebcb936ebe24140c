"""The layers of class maps: their names, descriptions and legends."""

from pathlib import Path

from products.canopy import Canopy
from products.order import parse
from tests.products.class_maps import layer, rendered
from tests.products.felling import AVAILABLE, DATES


def test_the_minimum_mapping_unit_is_said_in_the_first_layer_alone() -> None:
    for inputs in ({"mmu": 0.5}, {"mmu": 0.5, "change": DATES}):
        first, *others = Canopy().layers(parse(Canopy(), inputs, available=AVAILABLE))
        assert "below 0.5 ha" in first.description
        assert not any("below" in v.description for v in others)


def test_a_season_seen_in_part_is_mapped_and_says_up_to_when(class_models: Path) -> None:
    _, raster, bands = rendered(class_models, "crop", period="2018-02-01/2018-05-11")
    said = layer(raster, "class").description
    assert "100 days of observations, 2018-02-01 to 2018-05-11" in said
    assert "sown and harvested within a year, as WorldCereal defines it" in said
    assert "WorldCereal" in layer(raster, "p_crop").description
    assert layer(raster, "class").date == "2018-05-11"
    assert 0 < bands["clear_count"][0, 0] <= 13
    assert (bands["class"] != 255).sum() == 19


def test_a_class_that_is_called_crop_by_a_user_is_theirs(class_models: Path) -> None:
    _, raster, _ = rendered(class_models, "rice")
    assert "WorldCereal" not in layer(raster, "class").description
    assert layer(raster, "class").description.startswith("Rice where its probability is at least 0.5, from ")
