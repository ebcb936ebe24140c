"""Monthly composites on a device; twin of `calendar_composite` in models/network/composite.py."""

import math

import torch
from torch import Tensor

from core.bands import channel
from models.inference.features.calendar import first_days, months_since_1970
from models.network.composite import BY_MEDIAN, LEAST_POWER

_MEDIANS, _MEANS = slice(0, len(BY_MEDIAN)), slice(len(BY_MEDIAN), None)
"""Channels that are joined by their medians come first: the optical bands and NDVI."""
_RADAR = slice(channel("VV") - len(BY_MEDIAN), channel("VH") + 1 - len(BY_MEDIAN))
"""Among the others."""
MID_MONTH = 14
"""Days from the first of a month to the day that stands for it."""


def calendar_composite(days: Tensor, values: Tensor, reference_days: Tensor, *, months: int) -> tuple[Tensor, Tensor]:
    """Join what was seen in each calendar month, the last one being that of the day before the reference day.

    Args:
        days: (N, T) int32; values: (N, T, C) float32; reference_days: (N,) int32.

    Returns:
        (N, months) int32 days; (N, months, C) float32, NaN where a month holds no observation.
    """
    last = months_since_1970(reference_days - 1)[:, None]
    back = torch.arange(months, device=days.device).flip(0)
    centre = first_days(last - back) + MID_MONTH
    step = months - 1 - (last - months_since_1970(days))
    is_read = (days < reference_days[:, None]) & (step >= 0)
    slot = torch.where(is_read, step, months)
    read = _by_slot(slot, values, months)  # (N, M, K, C)
    joined = torch.cat([_medians(read[..., _MEDIANS]), _means(read[..., _MEANS])], dim=-1)
    return centre.to(torch.int32), joined


def _by_slot(slot: Tensor, values: Tensor, slots: int) -> Tensor:
    """Return (N, M, K, C) the values (N, T, C) of each slot, K at most; NaN behind them.

    Args:
        slot: (N, T) number of the slot; M = of none.
    """
    count = torch.zeros(len(slot), slots + 1, dtype=torch.int64, device=slot.device)
    count.scatter_add_(1, slot.long(), torch.ones_like(slot, dtype=torch.int64))
    before = count.cumsum(dim=1) - count
    most = max(1, int(count[:, :slots].max()))
    place = torch.arange(most, device=slot.device)
    at = (before[:, :slots, None] + place).clamp(max=slot.shape[1] - 1)  # (N, M, K)
    row = slot.argsort(dim=1, stable=True).gather(1, at.flatten(1))
    read = values.gather(1, row[..., None].expand(-1, -1, values.shape[-1]))
    read = read.reshape(*at.shape, values.shape[-1])
    is_there = (place < count[:, :slots, None])[..., None]
    return torch.where(is_there & read.isfinite(), read, math.nan)


def _medians(read: Tensor) -> Tensor:
    """Return (N, M, C) medians along K."""
    newest = (read.isfinite().sum(dim=2, keepdim=True) - 1).clamp(min=0)
    ordered = read.sort(dim=2).values if read.shape[2] > 1 else read  # NaN last
    low, high = (ordered.gather(2, at).squeeze(2).double() for at in (newest // 2, newest - newest // 2))
    return ((low + high) / 2).float()


def _means(read: Tensor) -> Tensor:
    """Return (N, M, C) means along K, of radar in linear power."""
    wide = read.double()
    wide[..., _RADAR] = 10 ** (wide[..., _RADAR] / 10)
    seen = wide.isfinite()
    count = seen.sum(dim=2)
    mean = torch.where(count > 0, torch.where(seen, wide, 0.0).sum(dim=2) / count.clamp(min=1), math.nan)
    mean[..., _RADAR] = 10 * mean[..., _RADAR].clamp(min=LEAST_POWER).log10()
    return mean.float()
