"""Areas by counting and expected, with intervals of blocks."""

import numpy as np
import pytest
from affine import Affine

from core.grid import Window
from core.product import Layer, Raster
from core.timeline import parse_period
from outputs.measure import measure_raster
from products.areas import AreaClass as Row
from products.areas import Measured, area_lines, area_table, block_sums, exactly, strip_rows
from products.canopy import Canopy
from products.catalogue import PRODUCTS
from products.change import area_classes
from products.order import parse

LAYERS = (Layer(name="class", description=""), Layer(name="p_tree", description="", unit="1"))
ROWS = (
    Row(label="Field", codes=(0,), bounds=None),
    Row(label="Tree", codes=(1,), bounds=exactly("p_tree")),
)
rng = np.random.default_rng(5)


def table_of(share: np.ndarray, *, rows: int = 0) -> dict[str, dict[str, float]]:
    """Measure a map of (Y, X) probabilities of trees, in strips of some rows, 10 m pixels."""
    pixels = np.stack([np.where(np.isnan(share), np.nan, share >= 0.5), share]).astype(np.float32)
    step = rows or share.shape[0]
    strips = [pixels[:, first : first + step] for first in range(0, share.shape[0], step)]
    table = area_table(strips, LAYERS, ROWS, nodata=np.nan, resolution_m=10)
    return {"all": {"mapped_ha": table["total_ha"]}} | {row["label"]: row for row in table["classes"]}


def test_hectares_are_counted_and_expected() -> None:
    share = np.zeros((20, 30), np.float32)
    share[:10, :10] = 0.8
    found = table_of(share)
    assert (found["all"]["mapped_ha"], found["Tree"]["mapped_ha"], found["Field"]["mapped_ha"]) == (6, 1, 5)
    assert found["Tree"]["expected_ha"] == pytest.approx(0.8)
    assert found["Field"]["expected_ha"] is None


def test_errors_in_a_block_are_fully_correlated_and_those_of_blocks_independent() -> None:
    one, four = table_of(np.full((10, 10), 0.5)), table_of(np.full((20, 20), 0.5))
    assert one["Tree"]["low_ha"] == 0
    assert one["Tree"]["high_ha"] == 1
    half = four["Tree"]["expected_ha"] - four["Tree"]["low_ha"]
    assert half == pytest.approx(1.959964 * np.sqrt(4 * 0.5**2), rel=1e-4)


def test_the_interval_holds_the_truth_of_blocks_that_err_together_in_95_percent_of_cases() -> None:
    share = np.repeat(np.repeat(rng.uniform(0.1, 0.9, (12, 12)), 10, axis=0), 10, axis=1)
    row = table_of(share)["Tree"]
    truth = [(rng.random((12, 12)) < share[::10, ::10]).sum() for _ in range(2000)]  # 1 ha a block
    inside = np.mean([row["low_ha"] <= t <= row["high_ha"] for t in truth])
    assert 0.92 < inside < 0.98


def test_certain_pixels_have_no_interval_and_unseen_ones_are_left_out() -> None:
    share = np.ones((15, 25), np.float32)
    share[3:5, 4:9] = np.nan
    found = table_of(share)
    assert found["all"]["mapped_ha"] == pytest.approx(3.65)
    assert found["Tree"]["low_ha"] == found["Tree"]["high_ha"] == found["Tree"]["mapped_ha"] == pytest.approx(3.65)


def test_strips_of_whole_blocks_give_the_same_table_as_the_whole_map() -> None:
    share = rng.random((47, 33)).astype(np.float32)
    assert table_of(share, rows=10) == table_of(share, rows=20) == table_of(share)
    assert strip_rows(10, 33) % 10 == 0


def test_blocks_at_the_edge_are_cut() -> None:
    assert np.array_equal(block_sums(np.ones((12, 25)), 10), [[100, 100, 50], [20, 20, 10]])


def change_pixels(*columns: dict[str, float]) -> tuple[np.ndarray, tuple[Layer, ...]]:
    names = ("change", "p_gain", "p_loss", "p_switch", "significance")
    layers = tuple(Layer(name=n, description="", unit="%" if n != "change" else "") for n in names)
    return np.array([[[column.get(n, 0) for column in columns]] for n in names], np.uint8), layers


def test_a_doubtful_stable_forest_may_have_lost_nothing_and_a_felled_one_has() -> None:
    doubtful = {"change": 1, "p_gain": 9, "p_loss": 9}
    felled = {"change": 3, "p_loss": 96, "significance": 94}
    pixels, layers = change_pixels(*[doubtful] * 50, *[felled] * 100)
    table = area_table([pixels], layers, area_classes(), nodata=255, resolution_m=10)
    rows = {row["label"]: row for row in table["classes"]}
    assert (rows["Gain"]["mapped_ha"], rows["Loss"]["mapped_ha"], rows["Stable"]["mapped_ha"]) == (0, 1, 0.5)
    assert rows["Gain"]["low_ha"] == 0
    assert rows["Loss"]["expected_ha"] == pytest.approx(0.96 + 0.045)
    assert 0.7 < rows["Loss"]["low_ha"] < 0.96 < rows["Loss"]["high_ha"]
    parts = ("Stable", "Gain", "Loss", "Conifer or broadleaf changed")
    assert sum(rows[part]["expected_ha"] for part in parts) == pytest.approx(table["total_ha"])
    for part in parts:
        assert rows[part]["low_ha"] <= rows[part]["expected_ha"] <= rows[part]["high_ha"]


def test_a_switch_of_type_is_measured_for_both_directions() -> None:
    pixels, layers = change_pixels(*[{"change": 4, "p_switch": 98, "significance": 97}] * 30, *[{"change": 5}] * 20)
    rows = {r["label"]: r for r in area_table([pixels], layers, area_classes(), nodata=255, resolution_m=10)["classes"]}
    assert rows["Conifer or broadleaf changed"]["mapped_ha"] == pytest.approx(0.5)
    assert rows["Conifer to broadleaf"]["mapped_ha"] == pytest.approx(0.3)
    assert rows["Conifer or broadleaf changed"]["expected_ha"] == pytest.approx(0.294)


def test_a_table_is_read_by_people_line_by_line() -> None:
    pixels = np.stack([np.ones((10, 10)), np.full((10, 10), 0.9)]).astype(np.float32)
    lines = list(area_lines(area_table([pixels], LAYERS, ROWS, nodata=np.nan, resolution_m=10)))
    assert lines[0].split() == ["hectares", "mapped", "expected", "95", "%", "interval"]
    assert lines[2].split() == ["Tree", "1.00", "0.90", "0.31", "to", "1.00"]
    assert lines[-1].split() == ["all", "1.00"]


def test_canopy_is_measured_and_percents_are_shares() -> None:
    product = Canopy()
    params = parse(product, {}, available=parse_period("2021-01-01/2022-12-31"))
    window = Window(crs="EPSG:32631", transform=Affine(10, 0, 500_000, 0, -10, 5_600_000), shape_yx=(1, 4))
    pixels = np.array([[1, 2, 0, 255], [0, 10, 80, 255], [100, 20, 10, 255], [0, 70, 10, 255], [9, 9, 9, 255]])
    raster = Raster(layers=product.layers(params), pixels=pixels[:, None].astype(np.uint8), window=window, nodata=255)
    table = measure_raster(raster, product, params)
    assert table["total_ha"] == pytest.approx(0.03)
    assert [row["expected_ha"] for row in table["classes"]] == pytest.approx([0.009, 0.013, 0.008])
    assert [row["mapped_ha"] for row in table["classes"]] == pytest.approx([0.01, 0.01, 0.01])


def test_products_without_a_table_are_known() -> None:
    assert [name for name, product in PRODUCTS.items() if isinstance(product, Measured)] == ["canopy", "crop"]
