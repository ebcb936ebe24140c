"""Small hindcasts of seeded series, by a model that knows nothing. Simulated: no satellite has measured them."""

from typing import Any

import numpy as np

from core.checkpoint import Checkpoint
from core.cube import Series
from core.forecast import QUANTILES, Forecast
from core.timeline import Days
from evaluation.hindcast.result import HindcastResult
from evaluation.hindcast.run import Forecaster, Plan, run_hindcast
from evaluation.hindcast.sample import Sample, draw_sample
from ingest.source import TableSource
from tests.models.builders import wavy_series

CHECKPOINT = Checkpoint(name="fake", task="forecast", sha256="f" * 64, folder="", card={})


def nonsense(series: Series, issues: Days, targets: Days, _checkpoint: Checkpoint) -> Forecast:
    """A model that knows nothing: NDVI is about zero, always."""
    quantiles = np.broadcast_to((np.array(QUANTILES) - 0.5) / 10, (*targets.shape, 5)).astype(np.float32)
    return Forecast(
        ids=series.ids, issue_days=issues, target_days=targets, quantiles=quantiles, climatology=quantiles[..., 2]
    )


def waves(count: int = 12, *, dates: int = 190, limit: int = 100) -> Sample:
    """Series of four years."""
    source = TableSource(name="waves.csv", table=wavy_series(count, dates=dates))
    return draw_sample(source, source.period, limit)


def run(sample: Sample, forecast: Forecaster = nonsense, **options: Any) -> HindcastResult:
    """Run a hindcast and check that its progress only grows, to 1."""
    shares: list[float] = []
    result = run_hindcast(sample, CHECKPOINT, Plan(**options), shares.append, forecast=forecast)
    assert shares == sorted(shares)
    assert shares[-1] == 1.0
    return result
