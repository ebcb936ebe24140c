"""Constants as tensors, moved to a device once: each move makes the card wait for all that it was given before."""

from collections.abc import Iterable
from functools import cache

import torch
from torch import Tensor


def constant(numbers: Iterable[float], device: torch.device, dtype: torch.dtype = torch.float32) -> Tensor:
    """Return (n,) numbers on a device."""
    return _kept(tuple(float(n) for n in numbers), device, dtype)


@cache
def _kept(numbers: tuple[float, ...], device: torch.device, dtype: torch.dtype) -> Tensor:
    return torch.tensor(numbers, dtype=dtype, device=device)
