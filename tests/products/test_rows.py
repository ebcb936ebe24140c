"""Every product of the catalogue predicted for the pixels of a cube, block by block."""

import threading
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import pytest

from core.bands import Floats
from core.cube import Cube
from core.errors import ReadFailed
from core.grid import Window
from core.product import Layer, Product, Variable
from core.quantities import QUANTITIES
from ingest.build.scene_tile import MemorySceneTile
from products import rows
from products.catalogue import find_product
from products.order import parse
from products.rows import encode, percent, render
from tests.products.cubes import WINDOW, checkpoint_of, every_product, on_disk, rendered, small_cube


@every_product
def test_the_raster_has_the_layers_of_its_product(product: Product) -> None:
    params, raster = rendered(product)
    assert raster.layers == product.layers(params)
    assert raster.pixels.shape == (len(raster.layers), 4, 5)
    assert len({layer.name for layer in raster.layers}) == len(raster.layers)
    assert raster.layers[-1].name == "clear_count"


@every_product
@pytest.mark.parametrize("form", ["percent", "float"])
def test_every_layer_states_its_meaning_and_no_two_are_the_same(product: Product, form: str) -> None:
    chosen = {"probabilities": form} if "probabilities" in product.options.choices() else {}
    _, raster = rendered(product, **chosen)
    assert {layer.variable for layer in raster.layers} <= {*Variable, *QUANTITIES}
    meanings = [(v.variable, v.quantile, v.date, v.class_name) for v in raster.layers]
    assert len(set(meanings)) == len(meanings)
    assert {layer.dtype for layer in raster.layers} == {str(raster.pixels.dtype)}
    coded = [layer.variable for layer in raster.layers if layer.legend]
    assert coded == [layer.variable for layer in raster.layers if layer.variable in (Variable.CLASS, Variable.CHANGE)]


@every_product
def test_a_pixel_not_seen_when_it_must_be_is_nodata_in_all_layers_and_no_other_is(product: Product) -> None:
    options, raster = rendered(product)
    nodata = np.isnan(raster.pixels) if np.isnan(raster.nodata) else raster.pixels == raster.nodata
    unseen = small_cube().between(options.window).clear_count() == 0
    assert unseen[1, 2]
    np.testing.assert_array_equal(nodata, np.broadcast_to(unseen, nodata.shape))


@every_product
def test_a_cube_without_one_clear_pixel_is_all_nodata(product: Product) -> None:
    cube = small_cube()
    for name in cube.data.data_vars:
        cube.data[name].values[:] = np.nan
    _, raster = rendered(product, cube)
    assert raster.is_unseen().all()


@every_product
def test_rows_rendered_alone_equal_the_rows_of_the_whole(product: Product) -> None:
    cube = small_cube()
    params, whole = rendered(product, cube)
    corner = Window(crs=WINDOW.crs, transform=WINDOW.transform, shape_yx=(2, 5))
    part = Cube(data=cube.data.isel(y=slice(0, 2)), window=corner, archive="test")
    alone = render(product, part, params, checkpoint_of(product), lambda share: None)
    difference = np.abs(alone.pixels.astype(float) - whole.pixels[:, :2].astype(float))
    assert np.nanmax(difference) <= (1 if whole.pixels.dtype == np.uint8 else 1e-4)


@every_product
def test_progress_rises_to_one(product: Product) -> None:
    shares_done: list[float] = []
    params = parse(product, {}, available=small_cube().period)
    render(product, small_cube(), params, checkpoint_of(product), shares_done.append)
    assert shares_done == sorted(shares_done)
    assert shares_done[-1] == 1.0


@pytest.mark.parametrize("name", ["canopy", "crop"])
def test_float_probabilities_are_shares_and_percent_their_rounding(name: str) -> None:
    product = find_product(name)
    _, shares = rendered(product, probabilities="float")
    _, whole = rendered(product)
    assert shares.pixels.dtype == np.float32
    kept = ~whole.is_unseen()
    np.testing.assert_allclose(shares.pixels[1:-1][:, kept] * 100, whole.pixels[1:-1][:, kept], atol=0.51)
    np.testing.assert_allclose(shares.pixels[1:-1][:, kept].sum(axis=0), 1, atol=1e-5)


@every_product
def test_the_size_of_a_block_changes_nothing(product: Product, monkeypatch: pytest.MonkeyPatch) -> None:
    _, whole = rendered(product)
    monkeypatch.setattr(rows, "BLOCK_PIXELS", 6)  # one row of five pixels
    _, in_rows = rendered(product)
    difference = np.abs(in_rows.pixels.astype(float) - whole.pixels.astype(float))
    assert np.nanmax(difference) <= (1 if whole.pixels.dtype == np.uint8 else 1e-4)


@every_product
def test_a_cube_read_from_a_disk_in_strips_gives_the_same_bytes(
    product: Product, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(rows, "BLOCK_PIXELS", 6)  # one row of five pixels
    monkeypatch.setattr(rows, "STRIP_ROWS", 2)
    _, in_memory = rendered(product)
    stored = on_disk(small_cube())
    assert not stored.is_in_memory
    _, read = rendered(product, stored)
    assert read.pixels.tobytes() == in_memory.pixels.tobytes()


class Broken(MemorySceneTile):
    """A scene tile whose lower rows cannot be read."""

    def read(self, bands: Sequence[str], rows: slice, columns: slice) -> Floats:
        if rows.stop > 2:
            raise ReadFailed("S2", "its copy in the cache is damaged (OSError)")
        return super().read(bands, rows, columns)


def test_a_strip_that_cannot_be_read_ends_the_raster_with_its_own_sentence(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "BLOCK_PIXELS", 6)
    monkeypatch.setattr(rows, "STRIP_ROWS", 2)
    cube, shares = on_disk(small_cube(), Broken), []
    product = find_product("crop")
    options = parse(product, {}, available=cube.period)
    with pytest.raises(ReadFailed, match="its copy in the cache is damaged"):
        render(product, cube, options, checkpoint_of(product), shares.append)
    assert shares in ([], [0.25])  # a part is predicted when the next one is there
    assert [t for t in threading.enumerate() if t.name.startswith("ahead")] == []


def test_progress_that_raises_ends_the_raster_and_its_threads(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(rows, "BLOCK_PIXELS", 6)
    monkeypatch.setattr(rows, "STRIP_ROWS", 1)
    cube, product = on_disk(small_cube()), find_product("crop")

    def dismissed(_share: float) -> None:
        raise InterruptedError("dismissed")

    options = parse(product, {}, available=cube.period)
    with pytest.raises(InterruptedError):
        render(product, cube, options, checkpoint_of(product), dismissed)
    assert [t for t in threading.enumerate() if t.name.startswith("ahead")] == []


@every_product
def test_observations_outside_the_period_and_of_other_bands_are_not_read(product: Product) -> None:
    period = "2017-01-01/2018-02-28"
    _, before = rendered(product, period=period)
    cube = small_cube()
    late = cube.data.time >= np.datetime64("2018-03-01")
    changed = cube.data.where(~late, np.float32(0.3)).assign(ELEVATION=cube.data.B04 * 9)
    _, after = rendered(product, replace(cube, data=changed), period=period)
    np.testing.assert_array_equal(after.pixels, before.pixels)


LAYERS = (
    Layer(name="class", description="", dtype="uint8"),
    Layer(name="p_tree", description="", unit="%", dtype="uint8"),
    Layer(name="clear_count", description="", unit="count", dtype="uint8"),
)
VALUES = np.float32([[[0, 2, np.nan]], [[0.004, 0.996, np.nan]], [[3, 700, np.nan]]])


def test_bytes_hold_whole_percents_and_counts_up_to_254() -> None:
    cube = replace(small_cube(), window=replace(WINDOW, shape_yx=(1, 3)))
    raster = encode(LAYERS, VALUES, cube)
    assert raster.pixels.dtype == np.uint8
    assert raster.pixels[:, 0].tolist() == [[0, 2, 255], [0, 100, 255], [3, 254, 255]]
    assert (raster.nodata, raster.window) == (255, cube.window)


def test_floats_are_kept_as_they_are() -> None:
    layers = tuple(replace(layer, dtype="float32") for layer in LAYERS)
    raster = encode(layers, VALUES, small_cube())
    np.testing.assert_array_equal(raster.pixels, VALUES)
    assert np.isnan(raster.nodata)


def test_percents_are_rounded_and_an_unseen_share_is_zero() -> None:
    assert percent(np.float32([0.126, 0.994, np.nan, 1])).tolist() == [13, 99, 0, 100]
