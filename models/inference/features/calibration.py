"""Calibration of quantiles and class probabilities on a device; twin of models/calibration and network/evidence.py."""

import math

import torch
from torch import Tensor

from core.forecast import MEDIAN
from models.calibration.evidence_scaling import STEEPEST, EvidenceScaling
from models.calibration.quantiles import LEAD_CENTRES, OUTER, SCALES, SEEN_DOUBT, UNSEEN_DOUBT, Calibration
from models.calibration.temperature import Temperature
from models.inference.features.constants import constant
from models.network.class_features import MONTHS, SEASONAL
from models.network.evidence import MOST_MONTHS


def stretched(calibration: Calibration, quantiles: Tensor, lead_days: Tensor, traits: Tensor, doubt: Tensor) -> Tensor:
    """Stretch (N, H, Q) quantiles about their median; lead_days, doubt: (N, H); traits: (N, TRAITS) of NDVI."""
    device = quantiles.device
    centres = constant(calibration.centres.ravel().tolist(), device).reshape(calibration.centres.shape)
    factors = constant(calibration.factors.ravel().tolist(), device).reshape(calibration.factors.shape)
    gap = ((traits[:, None] / constant(SCALES.tolist(), device) - centres) ** 2).sum(dim=-1)  # (N, K)
    own = factors[gap.nan_to_num().argmin(dim=1)]  # (N, L, Q)
    leads = constant(LEAD_CENTRES, device, torch.float64)
    days = lead_days.double()
    low = (torch.searchsorted(leads, days, right=True) - 1).clamp(0, len(LEAD_CENTRES) - 2)  # (N, H)
    share = ((days - leads[low]) / (leads[low + 1] - leads[low])).clamp(0, 1)[..., None]
    ends = (own.gather(1, at[..., None].expand(-1, -1, own.shape[-1])) for at in (low, low + 1))
    before, after = ends
    factor = (before * (1 - share) + after * share).float()
    further = 1 + (calibration.unseen - 1) * ((doubt - SEEN_DOUBT) / (UNSEEN_DOUBT - SEEN_DOUBT)).clamp(0, 1)
    factor[..., list(OUTER)] *= further.float()[..., None]
    median = quantiles[..., MEDIAN : MEDIAN + 1]
    return median + factor * (quantiles - median)


def probabilities(
    scaling: Temperature | EvidenceScaling, logits: Tensor, is_padding: Tensor, queries: Tensor
) -> Tensor:
    """Return (N, K) float32 calibrated probabilities of (N, K) logits.

    Args:
        is_padding: (N, S); queries: (N, 1, G), as `class_inputs` gives them.
    """
    wide = logits.double()
    if isinstance(scaling, Temperature):
        wide = wide / scaling.temperature
        if scaling.bias:
            wide = wide + constant(scaling.bias, logits.device, torch.float64)
        return wide.softmax(dim=1).float()
    given = _evidence(is_padding, queries)  # (N, 1 + E)
    columns = (scaling.sharpness, *scaling.bias)
    flat = constant((n for column in columns for n in column), logits.device, torch.float64)
    moved = given @ flat.reshape(len(columns), -1).T  # (N, 1 + K)
    factor = moved[:, :1].clamp(-STEEPEST, STEEPEST).exp()
    return (wide * factor + moved[:, 1:]).softmax(dim=1).float()


def _evidence(is_padding: Tensor, queries: Tensor) -> Tensor:
    """Return (N, 1 + E) float64: 1, then the columns of models/network/evidence.py."""
    flags = queries[:, 0].chunk(2, dim=1)[1][:, : MONTHS * len(SEASONAL)]
    share = (flags.reshape(-1, MONTHS, len(SEASONAL)) > 0.5).double().mean(dim=1)  # (N, S)

    def has(name: str) -> Tensor:
        return (share[:, SEASONAL.index(name)] > 0).double()

    months = (~is_padding).sum(dim=1).clamp(max=MOST_MONTHS).double()
    columns = [
        torch.ones_like(months),
        months.log1p() / math.log1p(MOST_MONTHS),
        share[:, SEASONAL.index("NDVI")],
        has("B02"),
        has("RE"),
        has("B11"),
        has("VV"),
        (1 - has("B04")) * has("NDVI"),
    ]
    return torch.stack(columns, dim=1)
