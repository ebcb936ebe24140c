"""Inputs of class networks from series: monthly tokens, and features of the months. Shared by training and maps."""

import numpy as np

from core.bands import Floats
from core.cube import Series
from core.timeline import Days
from models.network.class_features import class_features
from models.network.composite import calendar_composite
from models.network.tokens import Tokens, tokenise

MONTH_DAYS = 31
"""Room for the newest month, whose centre may lie after the reference day."""


def class_inputs(
    series: Series, reference_days: Days, *, months: int, with_tokens: bool = True
) -> tuple[Tokens, Floats]:
    """Prepare series for a class network.

    Args:
        series: N series; only what was observed before the reference day is read.
        reference_days: (N,) the day after the date that is classified.
        months: calendar months up to that date that are read.
        with_tokens: False = of no features, for heads that read none: which of them are padding is said all the same.

    Returns:
        Tokens of N x `months` at most, and (N, 1, G) queries: features of the months, then a flag for each.
    """
    monthly = calendar_composite(series, reference_days, months=months)
    if with_tokens:
        tokens = tokenise(monthly, reference_days + MONTH_DAYS, context=months, radar_context=months)
    else:
        tokens = _without_features(monthly)
    features = class_features(monthly)
    known = np.isfinite(features)
    queries = np.concatenate([np.nan_to_num(features), known.astype(np.float32)], axis=1)
    return tokens, queries[:, None].astype(np.float32)


def _without_features(monthly: Series) -> Tokens:
    """Return tokens of no features: one for each month that shows anything, as `tokenise` would."""
    count = np.isfinite(monthly.values).any(axis=-1).sum(axis=1)
    length = max(1, int(count.max(initial=0)))
    is_padding = np.arange(length)[None] >= count[:, None]
    return Tokens(tokens=np.zeros((*is_padding.shape, 0), np.float32), is_padding=is_padding)
