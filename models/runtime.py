"""The fast path: series in, forecasts or class probabilities out, through ONNX Runtime. No training, no rasters."""

from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import onnxruntime
from numpy.typing import NDArray

from core.bands import NDVI, Floats, channel
from core.cube import Series
from core.errors import InvalidCheckpoint, InvalidOption
from core.forecast import QUANTILES, ClassProbabilities, Forecast
from core.product import Checkpoint
from core.quantities import QUANTITIES
from core.timeline import Days
from models.calibration import Calibration
from models.climatology import Expectation, expect
from models.queries import QUERY_FEATURES, forecast_queries, map_queries
from models.registry import NETWORK, is_published, verify
from models.tokens import composite, tokenise, without_weather

BATCH = 64
"""Series per run of the network: larger batches are slower on CPUs (activations leave the cache)."""


def forecast(
    series: Series,
    issue_days: Days,
    target_days: Days,
    checkpoint: Checkpoint,
    *,
    quantity: str = "NDVI",
    is_calibrated: bool = True,
    threads: int = 0,
) -> Forecast:
    """Forecast quantiles of NDVI, or of another quantity.

    Args:
        series: only observations strictly before the issue date are used; weather is not read.
        issue_days: (N,) days since 1970-01-01.
        target_days: (N, H) dates asked about.
        quantity: one of core.quantities.QUANTITIES.
        is_calibrated: False = as the network says, for fitting a calibration.
        threads: 0 = all cores.

    Returns:
        Forecast of N x H in the quantity's own units; NaN for series in which it was not seen before the issue date.

    Raises:
        InvalidOption: an imported model is asked for anything but NDVI.
        InvalidCheckpoint: it was trained on other inputs.
    """
    if is_published(checkpoint):
        from models.published_forecast import forecast_published  # loads torch, which no other forecast needs

        if quantity != "NDVI":
            raise InvalidOption("variables", quantity, "an imported model forecasts NDVI alone")
        return forecast_published(series, issue_days, target_days, checkpoint, threads=threads)
    _check_queries(checkpoint)
    asked, session = QUANTITIES[quantity], _session(checkpoint, threads)
    calibration = _calibration(checkpoint) if is_calibrated else None
    quantiles = np.full((*target_days.shape, len(QUANTILES)), np.nan, np.float32)
    climatology = np.full(target_days.shape, np.nan, np.float32)
    for rows in _batches(len(series)):
        part = series.take(rows)
        at = expect(part.days, asked.to_model(asked.of(part.values)), issue_days[rows], target_days[rows])
        quantiles[rows] = _answer(session, part, at, issue_days[rows], target_days[rows], quantity, calibration)
        climatology[rows] = at.climatology
    return Forecast(
        ids=series.ids,
        issue_days=issue_days,
        target_days=target_days,
        quantiles=asked.from_model(quantiles),
        climatology=asked.from_model(climatology[..., None])[..., 0],
    )


def _answer(
    session: Any,
    series: Series,
    at: Expectation,
    issue_days: Days,
    target_days: Days,
    quantity: str,
    calibration: Calibration | None,
) -> Floats:
    """Return (N, H, Q) quantiles in the model's units."""
    tokens = tokenise(without_weather(series), issue_days)
    asked = forecast_queries(at.features, issue_days, target_days, quantity)
    answer = _run(session, tokens.tokens, tokens.is_padding, asked)
    quantiles = np.asarray(at.base[..., None] + at.spread[..., None] * answer, np.float32)
    if calibration is None:
        return quantiles
    traits = at.traits if quantity == NDVI.name else _traits(series, issue_days)
    return calibration.apply(quantiles, target_days - issue_days[:, None] + 1, traits)


def _traits(series: Series, issue_days: Days) -> Floats:
    """Return (N, TRAITS) of NDVI, by which clusters are told apart whatever is asked for."""
    ndvi = series.values[..., channel(NDVI.name)]
    return expect(series.days, ndvi, issue_days, issue_days[:, None]).traits


def _check_queries(checkpoint: Checkpoint) -> None:
    """Refuse a forecaster that was trained when queries told something else."""
    if checkpoint.card["network"]["query_features"] != QUERY_FEATURES:
        raise InvalidCheckpoint(checkpoint.folder, "an earlier landcast trained it on other inputs; train it again")


def _calibration(checkpoint: Checkpoint) -> Calibration | None:
    content = checkpoint.card.get("calibration")
    return Calibration.from_json(content) if content else None


def classify(
    series: Series, reference_days: Days, checkpoint: Checkpoint, *, months: int, threads: int = 0
) -> ClassProbabilities:
    """Classify series from their monthly composites before a day.

    Args:
        reference_days: (N,) the day after the date (or season's end) that the map speaks of.
        months: how far back it looks.

    Returns:
        Probabilities in the card's class order; NaN for series without any observation in those months.
    """
    classes = tuple(checkpoint.card["classes"])
    session = _session(checkpoint, threads)
    temperature = float(checkpoint.card.get("temperature", 1.0))
    width = int(checkpoint.card["network"]["query_features"])
    probability = np.full((len(series), len(classes)), np.nan, np.float32)
    for rows in _batches(len(series), 4 * BATCH):
        part = composite(series.take(rows), reference_days[rows], months=months)
        tokens = tokenise(part, reference_days[rows], context=months, radar_context=months)
        asked = map_queries(part, reference_days[rows], width=width)
        logits = _run(session, tokens.tokens, tokens.is_padding, asked)
        seen = np.asarray(~tokens.is_padding.all(axis=1))
        probability[rows] = np.where(seen[:, None], _softmax(logits / temperature), np.nan)
    return ClassProbabilities(ids=series.ids, classes=classes, probability=probability)


def _batches(count: int, size: int = BATCH) -> list[slice]:
    return [slice(i, min(i + size, count)) for i in range(0, count, size)]


def _softmax(logits: Floats) -> Floats:
    shifted = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return np.asarray(shifted / shifted.sum(axis=-1, keepdims=True), np.float32)


def _run(session: Any, tokens: Floats, is_padding: NDArray[np.bool_], queries: Floats) -> Floats:
    if tokens.shape[1] == 1:  # the exported graph wants at least two token slots
        tokens = np.pad(tokens, ((0, 0), (0, 1), (0, 0)))
        is_padding = np.pad(is_padding, ((0, 0), (0, 1)), constant_values=True)
    asked = queries.shape[1]
    if session.get_inputs()[2].shape[1] != 1 and asked == 1:  # likewise at least two queries
        queries = np.repeat(queries, 2, axis=1)
    names = [i.name for i in session.get_inputs()]
    (answer,) = session.run(None, dict(zip(names, (tokens, is_padding, queries), strict=True)))
    return np.asarray(answer[:, :asked] if answer.ndim == 3 else answer, np.float32)


def _session(checkpoint: Checkpoint, threads: int) -> Any:
    return _load(checkpoint.folder, checkpoint.sha256, threads, checkpoint)


@lru_cache(maxsize=4)
def _cached(folder: str, sha256: str, threads: int) -> Any:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = threads
    return onnxruntime.InferenceSession(str(Path(folder) / NETWORK), options, providers=_providers())


def _load(folder: str, sha256: str, threads: int, checkpoint: Checkpoint) -> Any:
    if (folder, sha256) not in _VERIFIED:
        verify(checkpoint)
        _VERIFIED.add((folder, sha256))
    return _cached(folder, sha256, threads)


_VERIFIED: set[tuple[str, str]] = set()


def _providers() -> list[str]:
    wanted = ("CUDAExecutionProvider", "CPUExecutionProvider")
    return [p for p in wanted if p in onnxruntime.get_available_providers()]
