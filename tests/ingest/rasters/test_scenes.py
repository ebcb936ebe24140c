"""Scenes from layers."""

from datetime import UTC, datetime, timedelta

from affine import Affine
from hypothesis import given
from hypothesis import strategies as st

from core.grid import Window
from ingest.rasters.item import BandSource
from ingest.rasters.look import Layer
from ingest.rasters.names import NamedFile
from ingest.rasters.scenes import assemble, unique
from ingest.rules.masks import find_mask
from ingest.rules.numbers import Coding

NOON = datetime(2018, 6, 11, 10, 50, 31, tzinfo=UTC)


def layer(
    band: str,
    *,
    key: str = "a",
    when: datetime = NOON,
    metres: float = 10,
    east: float = 0,
    mask: str = "",
    file: str = "",
) -> Layer:
    href = file or f"/{key}_{band or mask}_{metres:g}.tif"
    size = round(1000 / metres)
    window = Window(
        crs="EPSG:32631", transform=Affine(metres, 0, 500_000 + east, 0, -metres, 4_900_000), shape_yx=(size, size)
    )
    found = find_mask([mask]) if mask else None
    return Layer(
        file=NamedFile(href=href, path=href, when=when, key=key),
        when=when,
        key=key,
        name=band or mask,
        band=band,
        source=BandSource(href=href, index=1, coding=Coding(), name=band or mask, mask=found),
        window=window,
        file_crs="",
        warped="",
        is_offset_stated=True,
        is_float=False,
    )


def test_layers_of_one_time_and_place_are_one_item_with_the_finest_pixels() -> None:
    layers = [layer("B04"), layer("B04", metres=20), layer("B08"), layer("", mask="SCL", metres=20)]
    (item,) = assemble(layers, hints={}, versions={}).items
    assert {b: s.href for b, s in item.sources.items()} == {
        "B04": "/a_B04_10.tif",
        "B08": "/a_B08_10.tif",
        "SCL": "/a_SCL_20.tif",
    }


def test_of_several_masks_the_one_with_classes_is_read() -> None:
    layers = [layer("B04"), layer("", mask="QA60"), layer("", mask="SCL"), layer("", mask="cloud_mask")]
    (item,) = assemble(layers, hints={}, versions={}).items
    assert set(item.sources) == {"B04", "SCL"}


def test_masks_of_two_places_stay_with_theirs_and_lone_ones_are_named() -> None:
    layers = [layer("B04"), layer("B04", key="b", east=5000), layer("", key="m", mask="SCL", east=5000)]
    layers.append(layer("", key="n", mask="SCL", when=NOON + timedelta(days=5), file="/lone.tif"))
    found = assemble(layers, hints={}, versions={})
    assert [set(i.sources) for i in found.items] == [{"B04"}, {"B04", "SCL"}]
    assert found.lone_masks == ("lone.tif",)


def test_a_scene_with_a_band_of_level_1c_is_left_out() -> None:
    found = assemble([layer("B04"), layer("B04", key="b")], hints={"a": frozenset({"b10"})}, versions={})
    assert [i.scene.scene_id for i in found.items] == ["b"]
    assert "Level-1C" in found.left_out[0][1]


@given(st.lists(st.tuples(st.sampled_from("ab"), st.integers(0, 2)), min_size=1, max_size=8))
def test_ids_are_unique_whatever_the_items(parts: list[tuple[str, int]]) -> None:
    items = [
        i
        for key, days in parts
        for i in assemble([layer("B04", key=key, when=NOON + timedelta(days=days))], hints={}, versions={}).items
    ]
    found = unique(items)
    assert len({i.scene.scene_id for i in found}) == len(found) == len(items)
    assert sorted(i.scene.time for i in found) == sorted(i.scene.time for i in items)
