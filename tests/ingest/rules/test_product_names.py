"""Products by the names of their files."""

import pytest

from ingest.rules.product_names import (
    FORCE_ORDER,
    PRODUCTS,
    Product,
    band_order,
    find_product,
    is_other_name,
    is_spare_file,
    is_top_of_atmosphere,
)


@pytest.mark.parametrize("product", PRODUCTS, ids=lambda p: p.title)
def test_every_product_is_found_by_its_example(product: Product) -> None:
    assert find_product(product.example.rsplit(".", 1)[0]) is product


@pytest.mark.parametrize("name", ["farm_20180611_B04", "20180611_B04", "S2_2018-06-11", "LC08_L2SP_20180611_SR_B4"])
def test_other_names_are_of_no_product(name: str) -> None:
    assert find_product(name) is None


@pytest.mark.parametrize(
    "name",
    [
        "QI_DATA/MSK_DETFOO_B04",
        "R10m/T31TCJ_20180611T105031_TCI_10m",
        "R20m/T31TCJ_20180611T105031_WVP_20m",
        "SENTINEL2A_20180611-105031-463_L2A_T31TCJ_D_V1-7_ATB_R1",
        "20180611_LEVEL2_SEN2A_CLD",
    ],
)
def test_files_that_hold_no_band_are_known(name: str) -> None:
    assert is_spare_file(name)


@pytest.mark.parametrize(
    "name",
    [
        "T31TCJ_20180611T105031_B04_10m",
        "T31TCJ_20180611T105031_SCL_20m",
        "SENTINEL2A_20180611-105031-463_L2A_T31TCJ_D_V1-7_CLM_R1",
        "20180611_LEVEL2_SEN2A_QAI",
        "20180611_LEVEL2_SEN2A_BOA",
        "prb_farm_20180611",
    ],
)
def test_files_with_bands_and_masks_are_not_spare(name: str) -> None:
    assert not is_spare_file(name)


def test_level_1c_is_known_by_its_name() -> None:
    assert is_top_of_atmosphere("S2A_MSIL1C_20180611T105031_N0206_R051_T31TCJ_20180611T125532.SAFE/T31TCJ_B04")
    assert is_top_of_atmosphere("farm_20180611_TOA_B04")
    assert is_top_of_atmosphere("S2A1C_20180611_051__TOA_10")
    assert not is_top_of_atmosphere("S2A_MSIL2A_20180611T105031_N0208_R051/T31TCJ_B04")
    assert not is_top_of_atmosphere("toad_20180611_B04")


def test_the_order_of_bands_without_names_is_that_of_the_product() -> None:
    force, sen2r = (find_product(n) for n in ("20180611_LEVEL2_SEN2A_BOA", "S2A2A_20180611_051__BOA_10"))
    assert band_order(force, count=10, resolution_m=10) == FORCE_ORDER
    assert band_order(force, count=9, resolution_m=10) == ()
    assert band_order(sen2r, count=11, resolution_m=10)[7] == "B08"
    assert band_order(sen2r, count=11, resolution_m=20)[7] == "B8A"
    assert band_order(None, count=4, resolution_m=10) == ()


def test_bands_that_are_not_read_are_known() -> None:
    assert all(is_other_name(n) for n in ("B01", "WVP_20m", "TCI_R", "MSK_SNWPRB"))
    assert not any(is_other_name(n) for n in ("B04", "elevation"))
