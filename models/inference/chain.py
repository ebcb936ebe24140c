"""From series to quantiles and class probabilities on one device: features, network, trees, calibration."""

import math
from typing import Protocol

import torch
from torch import Tensor

from core.bands import NDVI, Floats, channel
from core.cube import Series
from models.inference.features.calibration import probabilities, stretched
from models.inference.features.class_features import class_inputs
from models.inference.features.climatology import Expectation, expect, traits
from models.inference.features.history import from_model, model_values, without_snow
from models.inference.features.queries import forecast_queries
from models.inference.features.tokens import no_tokens, tokenise, without_weather
from models.inference.work import ClassWork, ForecastWork
from models.network.tokens import RADAR_CONTEXT


class OnDevice(Protocol):
    """A network on a device."""

    @property
    def reads_tokens(self) -> bool:
        """Return whether logits need tokens."""

    def on_device(
        self, tokens: Tensor, is_padding: Tensor, queries: Tensor, *, with_states: bool = False
    ) -> tuple[Tensor, ...]:
        """Run the network on tensors of the device."""


def shown(series: Series, rows: slice, work: ForecastWork) -> Floats:
    """Return what a forecast reads of some series: (N, T, C), or (N, T) NDVI where that is all."""
    values = series.values[rows]
    return values[..., channel(NDVI.name)] if is_ndvi_alone(work) else values


def is_ndvi_alone(work: ForecastWork) -> bool:
    """Return whether a forecast reads nothing but NDVI: it has no tokens, and NDVI is its target."""
    return not work.context and work.quantity.name == NDVI.name


@torch.inference_mode()
def forecast_rows(
    network: OnDevice, work: ForecastWork, days: Tensor, values: Tensor, issue_days: Tensor, target_days: Tensor
) -> tuple[Tensor, Tensor]:
    """Return (N, H, Q) quantiles and (N, H) climatology in the quantity's own units.

    Args:
        days: (N, T) int32; values: as `shown`; issue_days: (N,); target_days: (N, H).
    """
    history = _history(work, days, values, issue_days, target_days)
    at = expect(days, history, issue_days, target_days)
    queries = forecast_queries(at.features, issue_days, target_days, work.quantity.name)
    tokens, is_padding = _tokens(work, days, values, issue_days)
    scaled = network.on_device(tokens, is_padding, queries)[0].float()
    quantiles = at.base[..., None] + at.unit[..., None] * scaled
    if work.calibration is not None:
        lead = target_days - issue_days[:, None] + 1
        kind = _traits(work, at, days, values, issue_days)
        quantiles = stretched(work.calibration, quantiles, lead, kind, at.doubt)
    return from_model(work.quantity, quantiles), from_model(work.quantity, at.climatology[..., None])[..., 0]


def _history(work: ForecastWork, days: Tensor, values: Tensor, issue_days: Tensor, target_days: Tensor) -> Tensor:
    """Return (N, T) the target quantity in the model's units; for forecasts of NDVI without snow in short histories."""
    history = values if is_ndvi_alone(work) else model_values(work.quantity, values)
    if work.quantity.name != NDVI.name:
        return history
    is_ahead = (target_days >= issue_days[:, None]).all(dim=1, keepdim=True)
    return torch.where(is_ahead, without_snow(days, history, issue_days), history)


def _tokens(work: ForecastWork, days: Tensor, values: Tensor, issue_days: Tensor) -> tuple[Tensor, Tensor]:
    if not work.context:
        return no_tokens(len(days), days.device)
    seen = without_weather(values)
    return tokenise(days, seen, issue_days, context=work.context, radar_context=RADAR_CONTEXT)


def _traits(work: ForecastWork, at: Expectation, days: Tensor, values: Tensor, issue_days: Tensor) -> Tensor:
    """Return (N, TRAITS) of NDVI, which clusters are defined by, whatever the target quantity."""
    if work.quantity.name == NDVI.name:
        return at.traits
    return traits(days, values[..., channel(NDVI.name)], issue_days)


@torch.inference_mode()
def class_rows(
    network: OnDevice, work: ClassWork, days: Tensor, values: Tensor, static: Tensor | None, reference_days: Tensor
) -> tuple[Tensor, Tensor]:
    """Return (N, K) probabilities and (N, 2 D) states, (N, 0) where they are not wanted; NaN where nothing was seen."""
    with_tokens = work.with_states or network.reads_tokens
    tokens, is_padding, queries = class_inputs(
        days, values, static, reference_days, months=work.months, with_tokens=with_tokens
    )
    logits, *states = network.on_device(tokens, is_padding, queries, with_states=work.with_states)
    share = probabilities(work.scaling, logits, is_padding, queries)
    unseen = is_padding.all(dim=1, keepdim=True)
    kept = states[0].float() if states else share[:, :0]
    return torch.where(unseen, math.nan, share), torch.where(unseen, math.nan, kept)
