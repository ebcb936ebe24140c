"""The layers of class maps: their names, descriptions and legends."""

from pathlib import Path

import numpy as np
import pytest

from core.product import LegendEntry
from products.canopy import CLASSES, LEGEND, Canopy
from products.class_options import ClassMapOptions
from products.classes import class_areas, class_layers, class_table, noted_mmu, set_legend
from products.order import parse
from tests.models.builders import wavy_series
from tests.products.class_maps import layer, rendered
from tests.products.felling import AVAILABLE, DATES


def test_only_the_description_of_the_first_layer_states_the_minimum_mapping_unit() -> None:
    for inputs in ({"mmu": 0.5}, {"mmu": 0.5, "change": DATES}):
        first, *others = Canopy().layers(parse(Canopy(), inputs, available=AVAILABLE))
        assert "below 0.5 ha" in first.description
        assert not any("below" in v.description for v in others)


def test_a_map_of_a_season_observed_in_part_states_its_last_day(class_models: Path) -> None:
    _, raster, bands = rendered(class_models, "crop", period="2018-02-01/2018-05-11")
    description = layer(raster, "class").description
    assert "100 days of observations, 2018-02-01 to 2018-05-11" in description
    assert "sown and harvested within a year, as WorldCereal defines it" in description
    assert "WorldCereal" in layer(raster, "p_crop").description
    assert layer(raster, "class").date == "2018-05-11"
    assert 0 < bands["clear_count"][0, 0] <= 13
    assert (bands["class"] != 255).sum() == 19


def test_a_class_that_is_called_crop_by_a_user_is_theirs(class_models: Path) -> None:
    _, raster, _ = rendered(class_models, "rice")
    assert "WorldCereal" not in layer(raster, "class").description
    assert layer(raster, "class").description.startswith("Rice where its probability is at least 0.5, from ")


OPTIONS = ClassMapOptions(probabilities="float")


def test_a_layer_for_each_class_stands_between_class_and_count() -> None:
    layers = class_layers(LEGEND, CLASSES, "2021-05-04", OPTIONS, seen="May")
    assert [v.name for v in layers] == ["class", "p_none", "p_conifer", "p_broadleaf", "clear_count"]
    assert [v.class_code for v in layers[1:4]] == [0, 1, 2]
    assert layers[0].description == "Most probable class, from May: 0 no tree canopy; 1 conifer; 2 broadleaf"
    assert {(v.dtype, v.unit) for v in layers[1:4]} == {("float32", "1")}
    percents = class_layers(LEGEND, CLASSES, "2021-05-04", OPTIONS.but(probabilities="percent"), seen="May")
    assert {(v.dtype, v.unit) for v in percents[1:4]} == {("uint8", "%")}


def test_the_limit_of_the_dissimilarity_is_in_the_unit_of_its_layer() -> None:
    options = OPTIONS.but(dissimilarity_limit=0.337)
    for probabilities, text in (("float", "above 0.337 a pixel"), ("percent", "above 33.7 a pixel")):
        chosen = options.but(probabilities=probabilities)
        *_, dissimilarity, _ = class_layers(LEGEND, CLASSES, "2021-05-04", chosen, seen="May")
        assert text in dissimilarity.description


def test_a_legend_of_sets_names_the_classes_of_each_mask() -> None:
    found = {entry.value: entry.label for entry in set_legend(LEGEND)}
    assert found[1] == "No tree canopy"
    assert found[6] == "Conifer or broadleaf"
    assert found[7] == "No tree canopy or conifer or broadleaf"
    assert len({entry.colour for entry in set_legend(LEGEND)}) == 7
    assert set_legend((*LEGEND, LegendEntry(value=3, label="Palm", colour=(1, 2, 3)))) == ()


def test_layers_without_a_minimum_mapping_unit_stay_as_they_are() -> None:
    layers = class_layers(LEGEND, CLASSES, "2021-05-04", OPTIONS, seen="May")
    assert noted_mmu(layers, 0) is layers


def test_areas_read_the_probability_of_their_own_class() -> None:
    rows = class_areas(LEGEND, CLASSES)
    share = {f"p_{name}": np.float32([[n / 10]]) for n, name in enumerate(CLASSES)}
    assert [(row.label, row.codes) for row in rows] == [(e.label, (e.value,)) for e in LEGEND]
    assert [float(row.bounds(share).expected[0, 0]) for row in rows if row.bounds] == pytest.approx([0, 0.1, 0.2])


def test_a_table_leaves_out_the_class_the_count_and_hidden_classes() -> None:
    layers = class_layers(LEGEND, CLASSES, "2021-05-04", OPTIONS, seen="May")
    values = np.float32([[2, 0.1, 0.2, 0.7, 9], [0, 0.8, 0.15, 0.05, 4]])
    table = class_table(wavy_series(2), values, layers, hidden=["none"])
    assert list(table.columns) == ["sample_id", "p_conifer", "p_broadleaf"]
    np.testing.assert_array_equal(table.p_broadleaf, np.float32([0.7, 0.05]))
