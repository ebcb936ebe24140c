"""The evalscripts do what they say: run for real, on numbers that tell bands, rows and columns apart."""

import numpy as np
import pytest

from core.bands import OPTICAL_NAMES, RADAR_NAMES
from ingest.archive import TOA_BANDS
from ingest.sentinel_hub.archive import evalscript, pixel_requests
from tests.ingest.sentinel_hub.evalscript_runner import MARK, Evalscript

SHAPE = (2, 3)
TOP = tuple(b.removeprefix("TOA_") for b in TOA_BANDS)
SCRIPTS = [
    ("sentinel-2-l2a", OPTICAL_NAMES),
    ("sentinel-2-l2a", ()),
    ("sentinel-2-l1c", TOP),
    ("sentinel-1-grd", RADAR_NAMES),
]


def numbers(band: str) -> np.ndarray:
    """Return (Y, X) numbers that differ by band, row and column."""
    return np.arange(6).reshape(SHAPE) + 100.0 * (1 + sum(map(ord, band)) % 97)


@pytest.mark.parametrize(("name", "bands"), SCRIPTS)
def test_a_script_is_of_version_3_and_has_no_place_left_to_fill(name: str, bands: tuple[str, ...]) -> None:
    text = evalscript(name, bands)
    assert text.startswith(MARK)
    assert "names" not in text


@pytest.mark.parametrize("bands", [("B08", "B04"), OPTICAL_NAMES])
def test_surface_reflectance_comes_as_stored_in_the_requested_order(bands: tuple[str, ...]) -> None:
    script = Evalscript(evalscript("sentinel-2-l2a", bands))
    seen = {b: numbers(b) for b in bands} | {"dataMask": np.array([[1, 1, 0], [1, 1, 1]])}
    given = script.run({"reflectance": seen, "classes": {"SCL": np.full(SHAPE, 4)}}, SHAPE, is_fusion=True)
    assert given["values"].dtype == np.uint16
    for at, band in enumerate(bands):
        np.testing.assert_array_equal(given["values"][..., at], numbers(band))
    np.testing.assert_array_equal(given["mask"][..., 0], np.full(SHAPE, 4))
    np.testing.assert_array_equal(given["mask"][..., 1], seen["dataMask"])


def test_reflectance_is_requested_as_dn_and_classes_by_an_input_of_their_own() -> None:
    script = Evalscript(evalscript("sentinel-2-l2a", ("B04", "B8A")))
    assert {i["datasource"]: (i["bands"], i["units"]) for i in script.inputs} == {
        "reflectance": (["B04", "B8A", "dataMask"], "DN"),
        "classes": (["SCL"], "DN"),
    }
    assert {n: (o["bands"], o["sampleType"]) for n, o in script.outputs.items()} == {
        "values": (2, "UINT16"),
        "mask": (2, "UINT8"),
    }


def test_no_scene_gives_zeros_and_an_empty_mask() -> None:
    script = Evalscript(evalscript("sentinel-2-l2a", ("B04",)))
    given = script.run({"reflectance": None, "classes": None}, SHAPE, is_fusion=True)
    assert not given["values"].any()
    assert not given["mask"].any()


def test_without_bands_only_the_mask_comes() -> None:
    script = Evalscript(evalscript("sentinel-2-l2a", ()))
    samples = {"reflectance": {"dataMask": np.ones(SHAPE)}, "classes": {"SCL": np.full(SHAPE, 9)}}
    given = script.run(samples, SHAPE, is_fusion=True)
    assert list(given) == ["mask"]
    assert set(given["mask"][..., 0].flat) == {9}


def test_top_of_atmosphere_reflectance_comes_in_the_order_that_s2cloudless_takes() -> None:
    question = pixel_requests("s2", TOA_BANDS)[1]
    assert (question.names, question.bands) == (TOA_BANDS, TOP)
    script = Evalscript(evalscript(question.script, question.bands))
    seen = {b: numbers(b) for b in TOP} | {"dataMask": np.ones(SHAPE)}
    given = script.run({"default": seen}, SHAPE, is_fusion=False)
    for at, band in enumerate(TOP):
        np.testing.assert_array_equal(given["values"][..., at], numbers(band))


def test_radar_comes_as_linear_power_in_32_bits() -> None:
    script = Evalscript(evalscript("sentinel-1-grd", ("VV", "VH")))
    power = np.array([[0.01, 0.2, 0.0], [1.5, 0.003, 0.07]])
    given = script.run({"default": {"VV": power, "VH": power / 4, "dataMask": np.ones(SHAPE)}}, SHAPE, is_fusion=False)
    assert given["values"].dtype == np.float32
    np.testing.assert_allclose(given["values"][..., 0], power, rtol=1e-6)
    np.testing.assert_allclose(given["values"][..., 1], power / 4, rtol=1e-6)


def test_no_further_bands_are_requested() -> None:
    assert [q.bands for q in pixel_requests("s2", ("B08", "B04", "NDVI", "VV"))] == [("B04", "B08")]
    assert [q.bands for q in pixel_requests("s1", ("B08", "VH"))] == [("VH",)]
    assert pixel_requests("s1", ("B08",)) == []
    assert pixel_requests("weather", ("temperature_2m",)) == []
