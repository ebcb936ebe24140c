"""Series to tokens on a device; twin of models/network/tokens.py."""

import math

import torch
from torch import Tensor

from core.bands import channel
from core.timeline import YEAR_DAYS
from models.inference.features.constants import constant
from models.network.tokens import LIMIT, SCALE, SHIFT, TOKEN_FEATURES

_RADAR = slice(channel("VV"), channel("VH") + 1)
_WEATHER = slice(channel("temperature_2m"), channel("total_precipitation") + 1)
_OTHERS = (slice(0, channel("VV")), slice(channel("VH") + 1, None))


def scaled(values: Tensor) -> Tensor:
    """Return channels (..., C) shifted, scaled and clipped; unseen ones 0."""
    shift, scale = (constant(a, values.device) for a in (SHIFT, SCALE))
    return ((values - shift) / scale).clamp(-LIMIT, LIMIT).nan_to_num()


def time_features(days: Tensor, reference_days: Tensor) -> Tensor:
    """Return (..., 6) float32: two harmonics of the day of year, years and log-days before the reference."""
    days = days.double()
    phase = 2 * math.pi * days / YEAR_DAYS
    gap = reference_days - days
    parts = [phase.sin(), phase.cos(), (2 * phase).sin(), (2 * phase).cos()]
    parts += [gap / YEAR_DAYS, gap.sign() * gap.abs().log1p() / 5]
    return torch.stack([p.float() for p in parts], dim=-1)


def tokenise(
    days: Tensor, values: Tensor, reference_days: Tensor, *, context: int, radar_context: int
) -> tuple[Tensor, Tensor]:
    """Keep the last observed dates before each series' reference day, left-aligned, as tokens.

    Args:
        days: (N, T) int32; values: (N, T, C) float32; reference_days: (N,) int32.
        context, radar_context: as in models/network/tokens.py.

    Returns:
        (N, S, F) float32 tokens; (N, S) bool, True where there is none.
    """
    if not context:
        return no_tokens(len(days), days.device)
    seen = _recent(days, values, reference_days, context, radar_context)
    count = seen.sum(dim=1)
    length = max(1, int(count.max()))
    order = (~seen).to(torch.uint8).argsort(dim=1, stable=True)
    pick = order[:, torch.arange(length, device=days.device).clamp(max=order.shape[1] - 1)]
    is_padding = torch.arange(length, device=days.device) >= count[:, None]
    read = values.gather(1, pick[..., None].expand(-1, -1, values.shape[-1]))
    time = time_features(days.gather(1, pick), reference_days[:, None])
    tokens = torch.cat([scaled(read), read.isfinite().float(), time], dim=-1)
    return tokens.masked_fill_(is_padding[..., None], 0.0), is_padding


def without_weather(values: Tensor) -> Tensor:
    """Return channels (..., C) with temperature and precipitation unseen: forecasters know neither."""
    seen = values.clone()
    seen[..., _WEATHER] = math.nan
    return seen


def no_tokens(count: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Return one place without a token for each series."""
    return (
        torch.zeros(count, 1, TOKEN_FEATURES, device=device),
        torch.ones(count, 1, dtype=torch.bool, device=device),
    )


def _recent(days: Tensor, values: Tensor, reference_days: Tensor, context: int, radar_context: int) -> Tensor:
    """Return (N, T) which dates become tokens."""
    before, seen = days < reference_days[:, None], values.isfinite()
    has_radar = seen[..., _RADAR].any(dim=-1) & before
    has_other = (seen[..., _OTHERS[0]].any(dim=-1) | seen[..., _OTHERS[1]].any(dim=-1)) & before
    return _last(has_other, context) | _last(has_radar & ~has_other, radar_context)


def _last(seen: Tensor, count: int) -> Tensor:
    """Keep the last `count` True of each row."""
    return seen & (seen.flip(1).cumsum(dim=1).flip(1) <= count)
