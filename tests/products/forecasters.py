"""A forecaster of random weights for products that need one, and series predicted by it."""

from collections.abc import Mapping, Sequence
from datetime import date
from functools import lru_cache
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import numpy as np
import pandas as pd

from core.bands import channel
from core.checkpoint import Checkpoint
from core.cube import Series
from core.product import Product
from core.settings import Settings
from models.registry import find_checkpoint
from products.table import options_of_each, predict_table
from tests.models.builders import START, wavy_series
from tests.models.tiny_checkpoints import FORECASTER, write_forecaster

NDVI = channel("NDVI")
STEP_DAYS, DATES = 8, 120
LAST = START + STEP_DAYS * (DATES - 1)
"""Last day of `wavy_series`."""
_FOLDER = TemporaryDirectory(prefix="landcast-test-")
"""It goes with the process."""


@lru_cache
def forecaster() -> Checkpoint:
    """Return a tiny forecaster; it is written once a process."""
    models = Path(_FOLDER.name)
    write_forecaster(models)
    return find_checkpoint(FORECASTER, "forecast", Settings(home=models, models=models))


def predicted(
    product: Product[Any],
    series: Series | None = None,
    *,
    dates: Mapping[str, Sequence[date]] | None = None,
    **inputs: Any,
) -> pd.DataFrame:
    """Return the rows of a table of series."""
    series = wavy_series() if series is None else series
    each = options_of_each(product, series, inputs, forecaster(), dates=dates)
    return predict_table(product, series, each, forecaster(), lambda _share: None)


def seen_every_date(count: int = 4) -> Series:
    """Return wavy series without gaps."""
    series = wavy_series(count)
    values = series.values.copy()
    level = np.linspace(0.35, 0.6, count)[:, None]
    values[..., NDVI] = level + 0.25 * np.sin(2 * np.pi * (series.days - 80) / 365.2425)
    return Series(ids=series.ids, days=series.days, values=values)
