"""Numbers of cloud masks."""

import numpy as np
import pytest

from ingest.rules.mask_codes import below, bits, byte, classes, other_unit, percent, qa60, score


def test_bits_hide_fill_or_neither() -> None:
    read = bits(0b110, fill=0b1, fills=(255,))
    assert read(np.array([0, 1, 2, 4, 8, 255])).tolist() == [0, 255, 1, 1, 0, 255]


def test_classes_and_probabilities_are_read() -> None:
    assert classes((1,), (0,))(np.array([0, 1, 2])).tolist() == [255, 0, 1]
    assert below(0.4, 100)(np.array([-1, 0, 39, 40, 101])).tolist() == [255, 0, 0, 1, 255]


@pytest.mark.parametrize(
    ("check", "numbers", "reason"),
    [
        (percent, [0, 3, 90, 255], ""),
        (percent, [0.1, 0.9], "cloud=share"),
        (percent, [0, 200], "cloud=byte"),
        (byte, [0, 200], ""),
        (byte, [0, 0], ""),
        (byte, [0, 90], "cloud=percent"),
        (score, [0.2, 1.0], ""),
        (score, [20, 90], "divide it by 100"),
        (qa60, [0, 1024, 3072], ""),
        (qa60, [0, 1], "cloud=cloud"),
    ],
)
def test_another_unit_is_told_with_what_to_state(check: object, numbers: list[float], reason: str) -> None:
    assert callable(check)
    found = check(np.array(numbers), "cloud")
    assert (reason in found) if reason else not found


def test_a_share_is_told_from_bytes_of_a_clear_day() -> None:
    assert other_unit(np.array([0, 1]), "p", "byte") == ""
    assert "p=share" in other_unit(np.array([0.2, 0.7]), "p", "byte")
