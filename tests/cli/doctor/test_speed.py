"""`landcast doctor --bench`: what each product takes here, per km2, from a simulated cube."""

import json
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from cli.doctor import speed
from cli.main import run_command
from core.settings import Settings
from models.inference.onnx_cpu import cores
from products.catalogue import PRODUCTS


def test_the_cube_is_simulated_and_has_all_bands_and_four_years() -> None:
    cube = speed.simulated_cube(edge=6)
    assert (cube.is_simulated, cube.shape_yx) == (True, (6, 6))
    assert (len(cube.optical), cube.radar) == (10, ("VV", "VH"))
    assert (cube.period.end - cube.period.start).days > 1400
    assert 0 < float(cube.data["B04"].min()) < float(cube.data["B04"].max()) < 1
    assert (cube.clear_count() > 20).all()
    assert np.array_equal(speed.simulated_cube(edge=6).data["B08"], cube.data["B08"], equal_nan=True)


def test_costs_are_seconds_times_cores_times_price_for_each_product(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(speed, "_time", lambda *_: (3.0, 5.0))
    cube = speed.simulated_cube(edge=5)
    found = list(speed.measure(Settings(), price=0.06, cube=cube))
    assert [s.product for s in found] == list(PRODUCTS)
    for one in found:
        assert (one.seconds_per_km2, one.cpu_seconds_per_km2) == pytest.approx((1200, 2000))
        assert one.euros_per_km2 == pytest.approx(1200 * cores() * 0.06 / 3600)
        assert one.backend
        assert one.model


@pytest.mark.usefixtures("folder")
def test_the_table_says_what_was_measured(run: Callable[..., str], monkeypatch: pytest.MonkeyPatch) -> None:
    small = speed.simulated_cube(edge=5)
    monkeypatch.setattr(speed, "simulated_cube", lambda: small)
    printed = run("doctor", "--bench", "--price", "0.05")
    assert all(product in printed for product in PRODUCTS)
    assert "simulated cube of 5 x 5 pixels" in printed
    assert "0.05 euros an hour" in printed
    found = json.loads(run("doctor", "--bench", "--json"))
    assert (found["pixels"], found["is_simulated"], found["euros_per_core_hour"]) == (25, True, 0.04)
    for product in found["products"]:
        assert product["seconds_per_km2"] > 0
        cost = product["seconds_per_km2"] * found["cores"] * found["euros_per_core_hour"] / 3600
        assert product["euros_per_km2"] == pytest.approx(cost)


@pytest.mark.parametrize(
    ("options", "phrase"),
    [
        (["--bench", "--price", "-1"], "euros for an hour of one core"),
        (["--bench", "--price", "nan"], "euros for an hour of one core"),
        (["--json"], "belongs to --bench"),
        (["--price", "1"], "belongs to --bench"),
    ],
)
def test_a_wrong_option_is_one_sentence(options: list[str], phrase: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert run_command(["doctor", *options]) == 2
    printed = capsys.readouterr().err
    assert phrase in printed
    assert "Traceback" not in printed


def test_the_numbers_of_the_table_are_those_of_the_record() -> None:
    one = speed.Speed(
        product="crop", model="crop", backend="cpu", seconds_per_km2=2.0, cpu_seconds_per_km2=3.5, euros_per_km2=0.001
    )
    cube = speed.simulated_cube(edge=4)
    assert ["crop", "crop", "2", "3.5", "0.001", "cpu"] in [
        line.split() for line in speed.as_text([one, replace(one, product="x")], cube, 0.04).splitlines()
    ]
