"""Constants are moved to a device once."""

import torch

from models.inference.features.constants import constant


def test_the_same_numbers_are_the_same_tensor() -> None:
    device = torch.device("cpu")
    assert constant([1, 2.5], device) is constant((n for n in (1.0, 2.5)), device)
    assert constant([1, 2.5], device).tolist() == [1.0, 2.5]
    assert constant([1], device, torch.float64).dtype == torch.float64
