"""Cloud masks: names, codes, and what is clear."""

import numpy as np
import pytest

from ingest.rules.masks import RULES, find_mask, mask_like, rule_of_flags


def read(name: str, codes: list[float]) -> list[int]:
    """Return the codes of kind CLM of a mask."""
    found = find_mask([name])
    assert found is not None
    return [int(c) for c in found.codes(np.array(codes))]


@pytest.mark.parametrize(
    ("name", "stored", "codes"),
    [
        ("CLM", [0, 1, 32, 255], [0, 1, 1, 255]),
        (["SENTINEL2A_20210601", "CLM", "R1"][1] + "_R1", [0, 16], [0, 1]),
        ("MG2", [0, 1, 2, 4, 8, 16], [0, 0, 1, 1, 1, 0]),
        ("QAI", [0, 1, 2, 4, 8, 16, 32, 256], [0, 255, 1, 1, 1, 1, 0, 0]),
        ("Fmask", [64, 128, 66, 2, 4, 8, 16, 32, 255], [0, 0, 1, 1, 1, 1, 1, 0, 255]),
        ("oa_fmask", [0, 1, 2, 3, 4, 5], [255, 0, 1, 1, 1, 0]),
        ("QA_PIXEL", [1, 2, 4, 8, 16, 32, 64, 128], [255, 1, 1, 1, 1, 1, 0, 0]),
        ("QA60", [0, 1024, 2048, 3072, 65535], [0, 1, 1, 1, 255]),
        ("s2_mask", [0, 1, 2, 3, 4], [0, 1, 1, 1, 255]),
        ("S2_cloud_classification", [0, 1, 2, 3], [0, 1, 1, 1]),
        ("cloud_mask", [0, 1, 2, np.nan], [0, 1, 1, 255]),
        ("CLOUD", [0, 1], [0, 1]),
        ("clear_mask", [1, 0], [0, 1]),
        ("cs_cdf", [0.7, 0.5, np.nan], [0, 1, 255]),
        ("MSK_CLDPRB", [0, 39, 40, 100, 255], [0, 0, 1, 1, 255]),
        ("CLP", [0, 101, 103, 255], [0, 0, 1, 1]),
    ],
)
def test_codes_of_each_mask_mean_what_its_producer_says(name: str, stored: list[float], codes: list[int]) -> None:
    assert read(name, stored) == codes


def test_scene_classes_keep_their_numbers_and_anything_else_is_no_data() -> None:
    found = find_mask(["scl"])
    assert found is not None
    assert found.kind == "SCL"
    assert found.codes(np.array([0, 4, 9, 11, 12, 255, np.nan])).tolist() == [0, 4, 9, 11, 0, 0, 0]


def test_a_mask_of_truth_values_is_read() -> None:
    found = find_mask(["is_cloud"])
    assert found is not None
    assert found.codes(np.array([True, False])).tolist() == [1, 0]


def test_of_several_masks_the_first_rule_counts() -> None:
    found = find_mask(["QA60", "cloud_mask", "SCL"])
    assert found is not None
    assert found.name == "SCL"


def test_a_mask_of_any_name_is_not_guessed_but_named() -> None:
    names = ["mask", "B04", "my_quality", "cloud_classification"]
    assert find_mask(names) is None
    assert mask_like(names) == ("mask", "my_quality", "cloud_classification")


def test_what_the_user_states_is_used() -> None:
    found = find_mask(["mask", "SCL"], stated="mask=cloud")
    assert found is not None
    assert found.name == "mask"
    assert found.codes(np.array([0, 7])).tolist() == [0, 1]
    assert find_mask(["SCL"], stated="none") is None
    with pytest.raises(ValueError, match="it has SCL"):
        find_mask(["SCL"], stated="QA60")
    with pytest.raises(ValueError, match="the codes of 'mask2' are not known"):
        find_mask(["mask2"], stated="mask2")


def test_flags_of_a_variable_state_what_is_clear() -> None:
    attrs = {"flag_values": np.array([0, 1, 2, 3]), "flag_meanings": "no_data clear_sky thin_cloud cloud_shadow"}
    rule = rule_of_flags("quality", attrs)
    assert rule is not None
    assert rule.read(np.array([0, 1, 2, 3])).tolist() == [255, 0, 1, 1]
    assert rule_of_flags("quality", {"flag_values": [0, 1], "flag_meanings": "good bad"}) is None
    assert rule_of_flags("quality", {}) is None


def test_rules_do_not_share_names() -> None:
    names = [name for rule in RULES for name in rule.names]
    assert len(set(names)) == len(names)
    assert all(name == name.lower() for name in names)
