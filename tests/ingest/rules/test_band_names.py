"""Names of bands by sensor and company."""

import pytest

from core.bands import CHANNELS
from ingest.rules.band_names import SENTINEL_2_NAMES, Family, find_band, find_bands, find_family


@pytest.mark.parametrize(
    ("name", "band"),
    [
        ("B04", "B04"),
        ("b8", "B08"),
        ("B8A", "B8A"),
        ("FRE_B4", "B04"),
        ("SRE_B11", "B11"),
        ("S2-L2A-B05_20m", "B05"),
        ("nbart_red", "B04"),
        ("nbart_nir_1", "B08"),
        ("nbart_red_edge_1", "B05"),
        ("s2_B8A", "B8A"),
        ("B4_median", "B04"),
        ("rededge071", "B05"),
        ("swir22", "B12"),
        ("vv", "VV"),
        ("S1-SIGMA0-VH", "VH"),
        ("AGERA5-PRECIPITATION-FLUX", "total_precipitation"),
        ("agera5_temperature_mean", "temperature_2m"),
        ("ndvi", "NDVI"),
        ("visual", ""),
        ("B01", ""),
        ("", ""),
    ],
)
def test_a_name_means_a_band_whatever_its_case_prefix_and_pixel_size(name: str, band: str) -> None:
    assert find_band(name) == band


def test_the_vocabularies_name_bands_that_exist() -> None:
    assert {band for names in SENTINEL_2_NAMES.values() for band in names.values()} <= set(CHANNELS)
    assert all(name == name.lower() for names in SENTINEL_2_NAMES.values() for name in names)


def test_a_few_names_mean_other_bands_in_other_company() -> None:
    assert find_band("nir") == "B08"
    assert find_band("NIR", beside=["RED", "BROADNIR", "NIR"]) == "B8A"
    assert find_band("swir_2") == "B12"
    assert find_band("nbart_swir_2", beside=["nbart_swir_2", "nbart_swir_3"]) == "B11"
    assert find_band("nbart_swir_3", beside=["nbart_swir_2", "nbart_swir_3"]) == "B12"


def test_landsat_of_hls_is_read_as_the_bands_that_it_was_brought_to() -> None:
    names = ["B02", "B03", "B04", "B05", "B06", "B07", "B09", "B10", "B11", "Fmask"]
    found = find_bands(names, family=Family.HLS_L30)
    assert found.taken == {"B02": "B02", "B03": "B03", "B04": "B04", "B8A": "B05", "B11": "B06", "B12": "B07"}
    assert found.ignored == ("B09", "B10", "B11", "Fmask")


@pytest.mark.parametrize(
    ("texts", "names", "family"),
    [
        (["HLS.L30.T32TMT.2021152T101536.v2.0"], [], Family.HLS_L30),
        (["HLSL30.v2.0"], [], Family.HLS_L30),
        (["HLS.S30.T32TMT.2021152T101536.v2.0"], [], Family.SENTINEL_2),
        (["", "landsat-c2-l2"], [], Family.LANDSAT),
        (["LC08_L2SP_193026_20210601"], [], Family.LANDSAT),
        (["sentinel-2a", "landsat"], [], Family.SENTINEL_2),
        (["MOD13Q1"], [], Family.MODIS),
        (["planetary-computer"], [], Family.SENTINEL_2),
        (["cube"], ["SR_B4", "SR_B5"], Family.LANDSAT),
        (["cube"], ["B4", "B8", "QA_PIXEL"], Family.LANDSAT),
        (["T32TMT_20210601T100031"], ["B04", "B08"], Family.SENTINEL_2),
    ],
)
def test_the_sensor_is_found_by_what_a_file_says_of_itself(texts: list[str], names: list[str], family: Family) -> None:
    assert find_family(*texts, names=names) is family


def test_bands_of_foreign_sensors_are_not_taken_for_ours() -> None:
    found = find_bands(["B4", "B5", "B8", "NDVI"], family=Family.LANDSAT)
    assert found.taken == {"NDVI": "NDVI"}
    assert found.ignored == ("B4", "B5", "B8")


def test_of_several_names_of_a_band_its_own_spelling_is_taken_then_the_finest() -> None:
    found = find_bands(["red", "B04", "B8A_60m", "B8A_20m", "visual"])
    assert found.taken == {"B04": "B04", "B8A": "B8A_20m"}
    assert found.doubled == ("red", "B8A_60m")
    assert found.ignored == ("visual",)


def test_what_the_user_states_comes_first() -> None:
    found = find_bands(["x1", "red", "B08"], stated={"B04": "x1"})
    assert found.taken == {"B04": "x1", "B08": "B08"}
    assert found.doubled == ("red",)
