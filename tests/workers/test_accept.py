"""What an order must be: product, region, archive, period and model, each refusal one sentence."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from core.errors import (
    InvalidOption,
    InvalidPeriod,
    InvalidRegion,
    NoClearObservation,
    RegionOutsideArchive,
    UnknownArchive,
    UnknownProduct,
)
from core.region import parse_region
from core.settings import Settings
from ingest.simulate.archive import sample_region
from models.registry import find_checkpoint
from products.catalogue import find_product
from products.forecast import NdviForecast
from products.order import parse
from tests.fakes import EAST, FAKE_DEPENDENCIES, NORTH, REGION, SMALL, rectangle
from tests.models.baselines.test_blend import blend
from workers.accept import accept, allowed_archive, estimate, result_window


@pytest.fixture
def shop(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path, tile_size=32)


def test_an_order_holds_everything_with_defaults_filled_in(shop: Settings) -> None:
    order, archive, tiles = accept("fake-map", {"region": REGION}, shop, FAKE_DEPENDENCIES)
    assert (order.product, order.archive, order.model) == ("fake-map", "sample", "fake-model")
    assert order.params["period"] == str(archive.period)
    assert len(tiles) == 5
    assert [t.row for t in tiles] == sorted((t.row for t in tiles), reverse=True)


@pytest.mark.parametrize(
    ("product", "changes", "error", "sentence"),
    [
        ("fake", {}, UnknownProduct, "no product 'fake'"),
        ("fake-map", {"region": None}, InvalidRegion, "missing"),
        ("fake-map", {"region": rectangle(20, 48, 20.1, 48.1)}, RegionOutsideArchive, "outside the archive"),
        ("fake-map", {"region": rectangle(10.6, 47.2, 12.0, 48.4)}, InvalidRegion, "one job may have 8192"),
        ("fake-map", {"archive": "/etc"}, UnknownArchive, "no archive '/etc'"),
        ("fake-map", {"archive": "x" * 5000}, UnknownArchive, "no archive 'xxx"),
        ("fake-map", {"archive": {"a": 1}}, UnknownArchive, "no archive"),
        ("fake-map", {"model": ["m"]}, InvalidOption, "name of a model"),
        ("fake-map", {"period": "2010-01-01/2010-12-31"}, NoClearObservation, "covers 2022-03-01/2022-06-19"),
        ("fake-map", {"period": "2022-06-01/2022-05-01"}, InvalidPeriod, "ends before it starts"),
        ("fake-map", {"colour": "red"}, InvalidOption, "'colour'"),
        ("fake-map", {"pause_s": {}}, InvalidOption, "valid number"),
    ],
)
def test_a_wrong_order_is_refused(
    shop: Settings, product: str, changes: dict[str, Any], error: type[Exception], sentence: str
) -> None:
    with pytest.raises(error, match=sentence):
        accept(product, {"region": REGION, **changes}, shop, FAKE_DEPENDENCIES)


@pytest.mark.parametrize("name", ["dimensions", "classes", "coverage", "blend_sha256", "no_such_input"])
@pytest.mark.parametrize("product", ["crop", "ndvi-forecast", "canopy"])
def test_an_input_that_no_user_may_give_is_refused_with_those_that_there_are(
    shop: Settings, product: str, name: str
) -> None:
    real = replace(FAKE_DEPENDENCIES, find_product=find_product)
    with pytest.raises(InvalidOption, match=f"'{name}' is not a valid value of 'input': the inputs are region"):
        accept(product, {"region": REGION, name: None}, shop, real)


@pytest.mark.parametrize("value", [0, [], {}, False])
def test_a_name_that_is_no_text_is_not_taken_for_the_default(shop: Settings, value: Any) -> None:
    with pytest.raises(InvalidOption, match="name of a model"):
        accept("fake-map", {"region": REGION, "model": value}, shop, FAKE_DEPENDENCIES)
    with pytest.raises(UnknownArchive):
        accept("fake-map", {"region": REGION, "archive": value}, shop, FAKE_DEPENDENCIES)


def test_a_blend_is_part_of_the_order_and_must_be_for_its_model(sample_home: Path) -> None:
    settings = Settings(home=sample_home)
    model = find_checkpoint("", "forecast", settings)
    fitting = {**blend(0.5, 0.5, 0, 0, 0, 0).to_json(), "model": {"name": model.name, "sha256": model.sha256}}
    order, archive, _ = accept("ndvi-forecast", {"region": sample_region(), "blend": fitting}, settings)
    assert order.params["blend"] == fitting
    assert len(order.params["blend_sha256"]) == 64
    again = parse(NdviForecast(), order.params, available=archive.period)
    assert again.to_json() == order.params
    for wrong, sentence in (
        ({**fitting, "model": {"name": "m", "sha256": "0"}}, "not for"),
        ({"a": 1}, "no blend|not a"),
    ):
        with pytest.raises(InvalidOption, match=sentence):
            accept("ndvi-forecast", {"region": sample_region(), "blend": wrong}, settings)


def test_tiles_outside_the_archive_are_left_out(shop: Settings) -> None:
    beyond = rectangle(EAST - 0.004, NORTH - 0.003, EAST + 0.02, NORTH + 0.02)
    inside = rectangle(EAST - 0.004, NORTH - 0.003, EAST, NORTH)
    few = accept("fake-map", {"region": inside}, shop, FAKE_DEPENDENCIES)[2]
    cut = accept("fake-map", {"region": beyond}, shop, FAKE_DEPENDENCIES)[2]
    assert {t.key for t in few} == {t.key for t in cut}
    window = result_window(parse_region(beyond), cut)
    assert window.shape_yx[0] <= 32 * len({t.row for t in cut})


def test_a_result_is_as_small_as_its_region(shop: Settings) -> None:
    tiles = accept("fake-map", {"region": SMALL}, shop, FAKE_DEPENDENCIES)[2]
    region = parse_region(SMALL)
    assert result_window(region, tiles) == tiles[0].grid.window(region)


def test_an_estimate_counts_before_anything_is_read(shop: Settings) -> None:
    found = estimate("fake-map", {"region": REGION, "period": "2022-03-01/2022-03-31"}, shop, FAKE_DEPENDENCIES)
    assert found == {
        "tiles": 5,
        "pixels": 1535,
        "area_km2": 0.1535,
        "scenes": 4,
        "archive_share": 1.0,
        "seconds": 15.3,
        "scene_reads": 20,
        "read_bytes": 20 * 32 * 32 * 4 * 2,
    }


class Charging:
    """An archive whose reads cost 0.25 processing units for each scene."""

    def __init__(self, archive: Any) -> None:
        self._archive = archive

    def __getattr__(self, name: str) -> Any:
        return getattr(self._archive, name)

    def cost(self, scenes: Sequence[Any], window: Any, bands: tuple[str, ...]) -> float:
        return 0.25 * len(scenes)


def test_an_estimate_states_the_cost_of_an_archive_that_charges(shop: Settings) -> None:
    dependencies = replace(FAKE_DEPENDENCIES, open_archive=lambda *a: Charging(FAKE_DEPENDENCIES.open_archive(*a)))
    found = estimate("fake-map", {"region": REGION, "period": "2022-03-01/2022-03-31"}, shop, dependencies)
    assert (found["scenes"], found["processing_units"]) == (4, 1.0)


def test_archives_are_named_by_paths_only_below_the_folders_set_for_it(tmp_path: Path) -> None:
    allowed, secret = tmp_path / "archives", tmp_path / "secret"
    allowed.mkdir()
    secret.mkdir()
    (allowed / "cube.nc").touch()
    (secret / "cube.nc").touch()
    (allowed / "way_out").symlink_to(secret)
    settings = Settings(home=tmp_path, archive=str(secret / "own.nc"), archive_roots=f"{allowed}:/nowhere")
    assert allowed_archive("sample", settings) == "sample"
    assert allowed_archive(f"{allowed}/../archives/cube.nc", settings) == str(allowed / "cube.nc")
    assert allowed_archive(str(secret / "own.nc"), settings) == str(secret / "own.nc")
    for spec in (
        secret / "cube.nc",
        allowed / "way_out" / "cube.nc",
        allowed / "missing.nc",
        "../secret/cube.nc",
        "\0",
    ):
        with pytest.raises(UnknownArchive):
            allowed_archive(str(spec), settings)


def test_an_archive_at_an_address_is_taken_only_if_it_is_the_services_own(tmp_path: Path) -> None:
    own = Settings(home=tmp_path, archive="https://example.org/stac")
    assert allowed_archive("https://example.org/stac", own) == "https://example.org/stac"
    with pytest.raises(UnknownArchive):
        allowed_archive("https://example.org/other", own)
