"""Class features of monthly composites on a device; twin of models/network/class_features.py."""

import math

import torch
from torch import Tensor

from core.bands import OPTICAL_NAMES, RADAR_NAMES, STATIC, WEATHER_NAMES, channel
from models.inference.features.calendar import months_since_1970
from models.inference.features.composite import calendar_composite
from models.inference.features.constants import constant
from models.inference.features.tokens import tokenise
from models.network.class_features import (
    DARK,
    LEVELS,
    LIMIT,
    MONTHS,
    SCALE,
    SEASONAL,
    SHIFT,
    SPREAD,
    STATE,
    STATIC_SCALE,
    STATIC_SHIFT,
)
from models.network.class_inputs import MONTH_DAYS

LOW, HIGH = -9.0, 9.0
"""Below and above any NDVI."""


def class_inputs(
    days: Tensor,
    values: Tensor,
    static: Tensor | None,
    reference_days: Tensor,
    *,
    months: int,
    with_tokens: bool = True,
) -> tuple[Tensor, Tensor, Tensor]:
    """Prepare series for a class network.

    Args:
        days: (N, T) int32; values: (N, T, C) float32; static: (N, 2) terrain; reference_days: (N,) int32.

    Returns:
        (N, S, F) tokens, (N, S) padding and (N, 1, G) queries, as models/network/class_inputs.py.
    """
    centre, monthly = calendar_composite(days, values, reference_days, months=months)
    reference = reference_days + MONTH_DAYS
    if with_tokens:
        tokens, is_padding = tokenise(centre, monthly, reference, context=months, radar_context=months)
    else:
        tokens, is_padding = _without_features(monthly)
    features = class_features(centre, monthly, static)
    queries = torch.cat([features.nan_to_num(), features.isfinite().float()], dim=1)
    return tokens, is_padding, queries[:, None]


def _without_features(monthly: Tensor) -> tuple[Tensor, Tensor]:
    """Return (N, S, 0) tokens and (N, S) padding: a token for each month of (N, T, C) that shows anything."""
    count = monthly.isfinite().any(dim=-1).sum(dim=1)
    length = max(1, int(count.max()))
    is_padding = torch.arange(length, device=monthly.device) >= count[:, None]
    return monthly.new_zeros(*is_padding.shape, 0), is_padding


def class_features(days: Tensor, values: Tensor, static: Tensor | None) -> Tensor:
    """Return (N, CLASS_FEATURES) of composites (N, T, C): of order one, clipped; NaN where unknown."""
    shown = _shown(values)
    seasonal, spread, state = (_scaled(shown, names) for names in (SEASONAL, SPREAD, STATE))  # (N, T, S)
    month = months_since_1970(days) % MONTHS  # (N, T)
    parts = [
        _by_month(month, seasonal).flatten(1),
        *_spreads(spread),
        *_extremes(shown["NDVI"], state),
        *_newest(month, spread),
        _terrain(static, values),
    ]
    return torch.cat(parts, dim=1).clamp(-LIMIT, LIMIT)


def _shown(values: Tensor) -> dict[str, Tensor]:
    """Return (N, T) each of SEASONAL; the narrow near infrared stands in for the wide one.

    Trees split these at exact values, so they are divided by tensors: a card multiplies by the rounded inverse of a
    plain number.
    """
    b = {name: values[..., channel(name)] for name in (*OPTICAL_NAMES, *RADAR_NAMES, *WEATHER_NAMES)}
    b["B08"] = torch.where(b["B08"].isfinite(), b["B08"], b["B8A"])
    bare, green = b["B11"] + b["B04"], b["B08"] + b["B02"]
    return b | {
        "NDVI": values[..., channel("NDVI")],
        "NDMI": _normalised(b["B08"], b["B11"]),
        "GNDVI": _normalised(b["B08"], b["B03"]),
        "NDRE": _normalised(b["B08"], b["B05"]),
        "RE": _normalised(b["B07"], b["B05"]),
        "NBR": _normalised(b["B08"], b["B12"]),
        "NDTI": _normalised(b["B11"], b["B12"]),
        "PSRI": _ratio(b["B04"] - b["B02"], b["B06"]),
        "BSI": _normalised(bare, green),
        "BRIGHT": (b["B02"] + b["B03"] + b["B04"] + b["B08"] + b["B11"]) / constant([5], values.device),
        "DVI": b["B08"] - b["B04"],
        "RATIO": b["VH"] - b["VV"],
    }


def _normalised(one: Tensor, other: Tensor) -> Tensor:
    return _ratio(one - other, one + other)


def _ratio(top: Tensor, bottom: Tensor) -> Tensor:
    return top / torch.where(bottom > DARK, bottom, math.nan)


def _scaled(shown: dict[str, Tensor], names: tuple[str, ...]) -> Tensor:
    """Return (N, T, S) those of some names, shifted and scaled."""
    values = torch.stack([shown[name] for name in names], dim=-1)
    shift, scale = (constant((numbers[name] for name in names), values.device) for numbers in (SHIFT, SCALE))
    return (values - shift) / scale


def _by_month(month: Tensor, values: Tensor) -> Tensor:
    """Return (N, MONTHS, S) means of (N, T, S) over the steps of each calendar month; NaN where there is none."""
    member = (month[:, None, :] == torch.arange(MONTHS, device=month.device)[:, None]).double()  # (N, MONTHS, T)
    seen = values.isfinite()
    total = torch.matmul(member, torch.where(seen, values, 0.0).double())
    count = torch.matmul(member.float(), seen.float())
    return _mean(total, count)


def _spreads(values: Tensor) -> list[Tensor]:
    """Return quantiles, standard deviation, and mean and largest step between seen neighbours, of (N, T, S)."""
    ordered = values.sort(dim=1).values  # NaN last
    count = values.isfinite().sum(dim=1)  # (N, S)
    quantiles = [_quantile(ordered, count, level) for level in LEVELS]
    mean = _mean(values.double().nansum(dim=1), count)
    squares = (values - mean[:, None]).square().double().nansum(dim=1)
    deviation = _mean(squares, count).double().sqrt().float()  # float32 roots of torch are not always the nearest
    steps = values.diff(dim=1).abs()
    many = steps.isfinite().sum(dim=1)
    filled = torch.cat([steps.nan_to_num(nan=-1.0), torch.full_like(values[:, :1], -1.0)], dim=1)
    largest = torch.where(many > 0, filled.amax(dim=1), math.nan)
    return [*quantiles, deviation, _mean(steps.double().nansum(dim=1), many), largest]


def _quantile(ordered: Tensor, count: Tensor, level: float) -> Tensor:
    """Return (N, S) the nearest observed quantile of values sorted along the second axis; NaN of none."""
    at = (level * (count - 1).clamp(min=0).double()).round().long()
    return ordered.gather(1, at[:, None])[:, 0]


def _extremes(ndvi: Tensor, state: Tensor) -> list[Tensor]:
    """Return (N, S) what (N, T, S) was in the greenest and in the least green month."""
    most = ndvi.nan_to_num(nan=LOW).argmax(dim=1)
    least = ndvi.nan_to_num(nan=HIGH).argmin(dim=1)
    return [state.gather(1, at[:, None, None].expand(-1, 1, state.shape[-1]))[:, 0] for at in (most, least)]


def _newest(month: Tensor, values: Tensor) -> list[Tensor]:
    """Return (N, S) the newest month seen, and how it departs from the same month of the years before."""
    seen, steps = values.isfinite(), values.shape[1]
    at = steps - 1 - seen.flip(1).to(torch.uint8).argmax(dim=1)  # (N, S); the last step where nothing is seen
    newest = values.gather(1, at[:, None])[:, 0]
    alike = (month[:, :, None] == month.gather(1, at)[:, None]) & seen  # (N, T, S)
    alike &= torch.arange(steps, device=month.device)[None, :, None] < at[:, None]
    before = _mean(torch.where(alike, values, 0.0).double().sum(dim=1), alike.sum(dim=1))
    return [newest, newest - before]


def _terrain(static: Tensor | None, values: Tensor) -> Tensor:
    if static is None:
        return values.new_full((len(values), len(STATIC)), math.nan)
    shift, scale = (constant(numbers, values.device) for numbers in (STATIC_SHIFT, STATIC_SCALE))
    return (static - shift) / scale


def _mean(total: Tensor, count: Tensor) -> Tensor:
    return torch.where(count > 0, total / count.clamp(min=1), math.nan).float()
