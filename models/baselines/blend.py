"""Blend: a forecast mixed with simple baselines by weights per lead bin, fitted on hindcasts of the user's own data.

Which hindcasts those are is up to the caller: evaluation/hindcast/run.py. Loads no network.
"""

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass, field, replace
from typing import Any

import numpy as np
import scipy  # loads scipy.optimize when it is first used, in fitting
from numpy.typing import NDArray

from core.bands import Floats, channel
from core.checkpoint import Checkpoint
from core.cube import Series
from core.errors import InvalidOption
from core.forecast import QUANTILES, Forecast
from models.baselines.baseline_errors import BaselineErrors, lead_bin
from models.baselines.rules import BASELINES, weigh

KIND, FORMAT = "landcast blend", 1
MODEL = "landcast"
METHODS = (MODEL, *BASELINES)
"""Names, in the order of the M axis: the model, then its baselines."""
MIN_TARGETS = 50
"""With fewer in a lead bin, the weights of all leads are taken."""
MIN_WEIGHT = 0.005
"""Smaller weights are taken as none."""
OPTION = "blend"


@dataclass(frozen=True, kw_only=True)
class Blend:
    """Weights of a model and its baselines, and all that the baselines need to forecast quantiles."""

    model: str
    """Name of the model it was fitted for."""
    model_sha256: str
    """Of its weights."""
    weights: Floats
    """(B, M) at least 0, rows sum to 1."""
    baseline_errors: BaselineErrors
    """How wide the baselines' errors are and how anomalies fade, at the same lead bins."""
    fitted_on: Mapping[str, Any] = field(default_factory=dict)
    """Input, series, issue dates, targets: for people."""
    sha256: str = ""
    """Of its content, as JSON with sorted keys and without spaces."""

    def apply(self, series: Series, forecast: Forecast) -> Forecast:
        """Return a forecast mixed with the baselines'; where the model's weight is 1, its quantiles are kept exactly.

        Args:
            series: N series; only observations strictly before each issue date are looked at.
            forecast: the model's, of the same series.
        """
        if (self.weights[:, 0] == 1).all():
            return forecast
        ndvi = series.values[..., channel("NDVI")]
        leads = (forecast.target_days - forecast.issue_days[:, None] + 1).astype(np.int64)
        evidence = weigh(series.days, ndvi, forecast.issue_days, forecast.target_days)
        baselines = self.baseline_errors.quantiles(evidence, leads)
        return replace(forecast, quantiles=self.mix(forecast.quantiles, baselines, leads))

    def mix(self, quantiles: Floats, baselines: Floats, leads: NDArray[np.int64]) -> Floats:
        """Return (..., Q) the weighted mean of the model's quantiles (..., Q) and the baselines' (..., K, Q)."""
        weights = self.weights[lead_bin(leads, self.baseline_errors.edges)]
        own = weights[..., :1]
        mixed = own * quantiles + np.einsum("...k,...kq->...q", weights[..., 1:], baselines)
        return np.where(own == 1, quantiles, np.sort(mixed, axis=-1)).astype(np.float32)

    def check_model(self, checkpoint: Checkpoint, path: object = "") -> None:
        """Refuse a model that the blend was not fitted for.

        Raises:
            InvalidOption: names both.
        """
        if checkpoint.sha256 != self.model_sha256:
            made = f"'{self.model}' ({self.model_sha256[:12]})"
            raise InvalidOption(
                OPTION,
                path,
                f"it was made for the model {made}, not for '{checkpoint.name}' ({checkpoint.sha256[:12]})",
            )

    def to_json(self) -> dict[str, Any]:
        """Return JSON-ready fields."""
        rounded = np.round(self.weights.astype(np.float64), 4)
        return {
            "kind": KIND,
            "format": FORMAT,
            "model": {"name": self.model, "sha256": self.model_sha256},
            "weights": {name: rounded[:, i].tolist() for i, name in enumerate(METHODS)},
            **self.baseline_errors.to_json(),
            "fitted_on": dict(self.fitted_on),
        }

    @classmethod
    def from_json(cls, content: dict[str, Any]) -> "Blend":
        """Read `to_json`.

        Raises:
            ValueError, KeyError, TypeError: it is something else.
        """
        if content["kind"] != KIND or content["format"] != FORMAT:
            raise ValueError(f"it is no {KIND} of format {FORMAT}")
        baseline_errors = BaselineErrors.from_json(content)
        weights = np.array([content["weights"][name] for name in METHODS], np.float64).T
        if weights.shape != (len(baseline_errors.rho), len(METHODS)) or not (weights >= 0).all():
            raise ValueError("its weights do not fit its lead bins, or are negative")
        if np.abs(weights.sum(axis=1) - 1).max() > 1e-3:
            raise ValueError("its weights do not sum to 1")
        return cls(
            model=str(content["model"]["name"]),
            model_sha256=str(content["model"]["sha256"]),
            weights=weights.astype(np.float32),
            baseline_errors=baseline_errors,
            fitted_on=content["fitted_on"],
        )


def parse_blend(content: Any, named: object = "") -> Blend:
    """Read the content of a blend file.

    Args:
        named: what errors call it: its path, or nothing.

    Raises:
        InvalidOption: it is something else.
    """
    try:
        blend = Blend.from_json(content)
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise InvalidOption(OPTION, named, f"it is not a blend file ({error})") from None
    plain = json.dumps(content, sort_keys=True, separators=(",", ":"))
    return replace(blend, sha256=hashlib.sha256(plain.encode()).hexdigest())


def fit_weights(
    quantiles: Floats, truth: Floats, owner: NDArray[np.int64], bins: NDArray[np.int64], count: int
) -> Floats:
    """Return (B, M) weights that minimise the mean over series of each one's mean pinball loss, per lead bin.

    Args:
        quantiles: (R, M, Q) of METHODS.
        truth: (R,) NDVI.
        owner: (R,) number of the series.
        bins: (R,) lead bin.
        count: how many lead bins there are.
    """
    whole = _fit(quantiles, truth, owner)
    rows = [np.flatnonzero(bins == number) for number in range(count)]
    enough = [len(r) >= MIN_TARGETS for r in rows]
    fitted = [_fit(quantiles[r], truth[r], owner[r]) if e else whole for r, e in zip(rows, enough, strict=True)]
    return np.stack(fitted).astype(np.float32)


def _fit(quantiles: Floats, truth: Floats, owner: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return (M,) the weights of one bin: the loss is convex in them."""
    share = 1 / np.bincount(owner)[owner]
    share /= share.sum()

    def loss(weights: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        return _loss_and_slope(quantiles, truth, share, weights)

    methods = quantiles.shape[1]
    alone = min(np.eye(methods), key=lambda w: loss(w)[0])
    found = scipy.optimize.minimize(
        loss,
        (alone + 1 / methods) / 2,
        jac=True,
        method="SLSQP",
        bounds=[(0, 1)] * methods,
        constraints={"type": "eq", "fun": lambda w: w.sum() - 1},
        options={"ftol": 1e-7},
    )
    return min((alone, _tidy(np.asarray(found.x))), key=lambda w: loss(w)[0])


def _loss_and_slope(
    quantiles: Floats, truth: Floats, share: NDArray[np.float64], weights: NDArray[np.float64]
) -> tuple[float, NDArray[np.float64]]:
    """Return the weighted mean pinball loss of a mix, in hundredths of NDVI, and its slope (M,)."""
    levels = np.array(QUANTILES)
    gap = truth[:, None] - np.einsum("rmq,m->rq", quantiles, weights)
    side = np.where(gap > 0, levels, levels - 1) * share[:, None] / len(levels) * 100
    return float((side * gap).sum()), -np.einsum("rmq,rq->m", quantiles, side)


def _tidy(weights: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return weights without traces, summing to 1, with four decimals as they are written."""
    kept = np.where(weights >= MIN_WEIGHT, np.maximum(weights, 0), 0)
    rounded = np.round(kept / max(kept.sum(), 1e-9), 4)
    rounded[rounded.argmax()] += 1 - rounded.sum()
    return np.asarray(np.round(rounded, 4))
