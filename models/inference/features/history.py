"""The past of the target quantity on a device; twin of core/quantities.py and models/baselines/snow.py."""

import math
from collections.abc import Iterator, Mapping

import torch
from torch import Tensor

from core.bands import CHANNELS, channel
from core.quantities import Quantity
from models.baselines.snow import FIRST_MONTH, GREEN, LAST_MONTH, SHORT_DAYS, SNOW, UPPER
from models.inference.features.calendar import months_since_1970


class _Bands(Mapping[str, Tensor]):
    """Channels of series by name; B8A stands in for B08 where that was not seen."""

    def __init__(self, values: Tensor) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Tensor:
        found = self._values[..., channel(name)]
        return torch.where(found.isfinite(), found, self._values[..., channel("B8A")]) if name == "B08" else found

    def __iter__(self) -> Iterator[str]:
        return iter(CHANNELS)

    def __len__(self) -> int:
        return len(CHANNELS)


def model_values(quantity: Quantity, values: Tensor) -> Tensor:
    """Compute a quantity from channels (N, T, C), in the model's units: (N, T), NaN where it has no value."""
    if quantity.formula is None:
        found = values[..., channel(quantity.name)]
    else:
        found = quantity.formula(_Bands(values))
        low, high = quantity.limits
        found = torch.where((found >= low) & (found <= high), found, math.nan)
    return (found - quantity.shift) * quantity.factor


def from_model(quantity: Quantity, quantiles: Tensor) -> Tensor:
    """Turn (..., Q) ascending quantiles in the model's units into ascending ones in own units, clipped."""
    values = quantiles / quantity.factor + quantity.shift
    return (values.flip(-1) if quantity.factor < 0 else values).clamp(*quantity.limits)


def without_snow(days: Tensor, ndvi: Tensor, issue_days: Tensor) -> Tensor:
    """Return NDVI in which snow in the winters of short histories of green places is unseen."""
    seen = ndvi.isfinite() & (days < issue_days[:, None])
    first = torch.where(seen, days, torch.iinfo(days.dtype).max).amin(dim=1)
    is_short = first > issue_days - SHORT_DAYS
    month = months_since_1970(days) % 12 + 1
    is_winter = (month >= FIRST_MONTH) | (month <= LAST_MONTH)
    is_snow = seen & (ndvi < SNOW) & is_winter & (is_short & _is_green(ndvi, seen))[:, None]
    return torch.where(is_snow, math.nan, ndvi)


def _is_green(ndvi: Tensor, seen: Tensor) -> Tensor:
    """Return (N,) whether the upper fifth of what was seen is green."""
    ordered = torch.where(seen, ndvi, math.inf).sort(dim=1).values
    at = (UPPER * seen.sum(dim=1).double()).ceil().long() - 1
    upper = ordered.gather(1, at.clamp(min=0)[:, None])[:, 0]
    return upper.isfinite() & (upper > GREEN)
