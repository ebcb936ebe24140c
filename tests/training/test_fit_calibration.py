"""Calibrating on what a forecaster did not learn from."""

import numpy as np
import pytest

from core.bands import channel
from core.checkpoint import Checkpoint
from core.settings import Settings
from models.checkpoint import save_checkpoint
from models.registry import list_checkpoints
from models.runtime import forecast
from tests.models.builders import START, tiny_network, wavy_series
from training.fit_calibration import Unlearned, calibrate


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Checkpoint:
    folder = tmp_path_factory.mktemp("models")
    save_checkpoint(tiny_network(members=2), folder / "tiny", {"name": "tiny", "task": "forecast", "classes": []})
    return next(c for c in list_checkpoints(Settings(home=folder, models=folder)) if c.name == "tiny")


def held(checkpoint: Checkpoint, count: int = 24) -> Unlearned:
    return Unlearned(
        checkpoint=checkpoint,
        series=wavy_series(count, dates=200),
        issues=(START + 900, START + 1100),
        until=START + 1500,
    )


@pytest.mark.filterwarnings("ignore")  # the exporter warns about its own internals
def test_a_calibrated_forecaster_has_nearly_its_nominal_coverage(checkpoint: Checkpoint) -> None:
    found = calibrate([held(checkpoint), held(checkpoint, 12)])
    card = {**checkpoint.card, "calibration": found.to_json()}
    calibrated = Checkpoint(**{**vars(checkpoint), "card": card})
    series = wavy_series(60, dates=200, seed=5)
    issues = np.full(60, START + 1000, np.int32)
    targets = np.broadcast_to(series.days[0][126:140], (60, 14)).astype(np.int32)
    predicted = forecast(series, issues, targets, calibrated).quantiles
    raw = forecast(series, issues, targets, calibrated, is_calibrated=False).quantiles
    truth = series.values[:, 126:140, channel("NDVI")]
    seen = np.isfinite(truth)
    assert not np.array_equal(predicted, raw)
    np.testing.assert_allclose(predicted[..., 2], raw[..., 2], atol=1e-6)

    def share(q: np.ndarray) -> float:
        return float(((truth >= q[..., 0]) & (truth <= q[..., 4]))[seen].mean())

    assert abs(share(predicted) - 0.9) <= abs(share(raw) - 0.9) + 0.02
