"""Prediction: series in, forecasts or class probabilities out. No training, no rasters."""

import numpy as np
from numpy.typing import NDArray

from core.bands import NDVI, Floats, channel
from core.checkpoint import Checkpoint
from core.cube import Series
from core.errors import InvalidCheckpoint, InvalidOption
from core.forecast import MEDIAN, QUANTILES, ClassProbabilities, Forecast
from core.quantities import QUANTITIES, Quantity
from core.timeline import Days
from models.baselines.climatology import Expectation, expect
from models.baselines.pooled import Pools, pooled_in_groups, shifts
from models.baselines.snow import without_snow
from models.calibration.evidence_scaling import EvidenceScaling, is_by_evidence
from models.calibration.quantiles import Calibration
from models.calibration.temperature import Temperature
from models.inference.backend import Backend
from models.inference.choose import load_backend
from models.inference.parts import in_parts
from models.inference.work import ClassWork, ForecastWork, WholeBackend
from models.network.class_features import CLASS_FEATURES
from models.network.class_inputs import class_inputs
from models.network.evidence import evidence
from models.network.queries import QUERY_FEATURES, forecast_queries
from models.network.tokens import tokenise, without_weather
from models.registry import NETWORK, is_class_network, is_published


@in_parts
def forecast(
    series: Series,
    issue_days: Days,
    target_days: Days,
    checkpoint: Checkpoint,
    *,
    quantity: str = "NDVI",
    pools: Pools | None = None,
    is_calibrated: bool = True,
    threads: int = 0,
) -> Forecast:
    """Forecast quantiles of NDVI, or of another quantity.

    Args:
        series: only observations strictly before the issue date are used; weather is not read.
        issue_days: (N,) days since 1970-01-01.
        target_days: (N, H) target dates; those before the issue date are estimated from what was seen around them.
        quantity: one of core.quantities.QUANTITIES.
        pools: the pool of each issue day, of the same quantity; None = each series stands alone.
        is_calibrated: False = as the network predicts, for fitting a calibration.
        threads: 0 = all cores.

    Returns:
        Forecast of N x H in the quantity's own units; NaN for series in which it was not seen before the issue date.

    Raises:
        InvalidOption: an imported model forecasts NDVI alone.
        InvalidCheckpoint: it was trained on other inputs.
    """
    if is_published(checkpoint):
        from models.published.forecast import forecast_published  # loads torch, which no other forecast needs

        if quantity != "NDVI":
            raise InvalidOption("variables", quantity, "an imported model forecasts NDVI alone")
        return forecast_published(series, issue_days, target_days, checkpoint, threads=threads)
    _check_queries(checkpoint)
    backend = load_backend(checkpoint, threads)
    work = ForecastWork(
        quantity=QUANTITIES[quantity],
        context=int(checkpoint.card["network"]["context"]),
        calibration=_calibration(checkpoint) if is_calibrated else None,
    )
    if isinstance(backend, WholeBackend) and pools is None and series.days.shape[1]:
        quantiles, climatology = backend.forecast(series, issue_days, target_days, work)
    else:  # pools are of tables, which are small
        quantiles, climatology = _forecast(backend, series, issue_days, target_days, work, pools)
    return Forecast(
        ids=series.ids,
        issue_days=issue_days,
        target_days=target_days,
        quantiles=quantiles,
        climatology=climatology,
    )


def _forecast(
    backend: Backend, series: Series, issue_days: Days, target_days: Days, work: ForecastWork, pools: Pools | None
) -> tuple[Floats, Floats]:
    """Return (N, H, Q) quantiles and (N, H) climatology in the quantity's own units, with features by NumPy."""
    quantiles = np.full((*target_days.shape, len(QUANTILES)), np.nan, np.float32)
    climatology = np.full(target_days.shape, np.nan, np.float32)
    wanted = np.arange(len(series)) if pools else _seen_rows(work.quantity, series, issue_days)
    for rows in (wanted[batch] for batch in _batches(len(wanted), backend.batch)):
        part, issues, dates = series.take(rows), issue_days[rows], target_days[rows]
        history = _history(work.quantity, part, issues, dates)
        at = expect(part.days, history, issues, dates)
        groups = [] if pools is None else [(np.flatnonzero(issues == d), pools[int(d)]) for d in np.unique(issues)]
        pooled = pooled_in_groups(groups, at, part.days, history, issues, dates)
        queries = forecast_queries(at.features, pooled, issues, dates, work.quantity.name)
        found = _quantiles(backend, part, at, queries, issues, dates, work)
        moved = shifts(groups, at, part.days, history, issues, dates, median=found[..., MEDIAN])
        quantiles[rows] = found + moved[..., None]
        climatology[rows] = at.climatology
    own = work.quantity.from_model
    return own(quantiles), own(climatology[..., None])[..., 0]


def _seen_rows(target: Quantity, series: Series, issue_days: Days) -> NDArray[np.int64]:
    """Return the rows of series in which a quantity was seen before the issue date: others are forecast as NaN."""
    is_seen = np.isfinite(target.model_values(series.values)) & (series.days < issue_days[:, None])
    return np.flatnonzero(is_seen.any(axis=1))


def _history(target: Quantity, series: Series, issue_days: Days, target_days: Days) -> Floats:
    """Return (N, T) the target quantity in the model's units; for forecasts of NDVI without snow in short histories.

    Where a gap is to be filled, snow is what was seen around it, and stays.
    """
    history = target.model_values(series.values)
    if target.name != NDVI.name:
        return history
    is_ahead = (target_days >= issue_days[:, None]).all(axis=1, keepdims=True)
    return np.where(is_ahead, without_snow(series.days, history, issue_days), history)


def _quantiles(
    backend: Backend,
    series: Series,
    at: Expectation,
    queries: Floats,
    issue_days: Days,
    target_days: Days,
    work: ForecastWork,
) -> Floats:
    """Return (N, H, Q) quantiles in the model's units."""
    tokens = tokenise(without_weather(series) if work.context else series, issue_days, context=work.context)
    scaled = backend.run(tokens.tokens, tokens.is_padding, queries)[0]
    quantiles = np.asarray(at.base[..., None] + at.unit[..., None] * scaled, np.float32)
    if work.calibration is None:
        return quantiles
    traits = at.traits if work.quantity.name == NDVI.name else _traits(series, issue_days)
    return work.calibration.apply(quantiles, target_days - issue_days[:, None] + 1, traits, at.doubt)


def _traits(series: Series, issue_days: Days) -> Floats:
    """Return (N, TRAITS) of NDVI, which clusters are defined by, whatever the target quantity."""
    ndvi = series.values[..., channel(NDVI.name)]
    return expect(series.days, ndvi, issue_days, issue_days[:, None]).traits


def _check_queries(checkpoint: Checkpoint) -> None:
    """Refuse a forecaster that was trained on other queries."""
    if checkpoint.card["network"]["query_features"] != QUERY_FEATURES:
        raise InvalidCheckpoint(checkpoint.folder, "an earlier landcast trained it on other inputs; train it again")


def _calibration(checkpoint: Checkpoint) -> Calibration | None:
    content = checkpoint.card.get("calibration")
    return Calibration.from_json(content) if content else None


@in_parts
def classify(
    series: Series, reference_days: Days, checkpoint: Checkpoint, *, months: int, threads: int = 0
) -> ClassProbabilities:
    """Classify series from their monthly composites before a day.

    Args:
        reference_days: (N,) the day after the date (or season's end) of the map.
        months: how far back it looks.

    Returns:
        Probabilities in the card's class order; NaN for series without any observation in those months.
    """
    return _classify(series, reference_days, checkpoint, months, threads, with_states=False)[0]


@in_parts
def classify_with_states(
    series: Series, reference_days: Days, checkpoint: Checkpoint, *, months: int, threads: int = 0
) -> tuple[ClassProbabilities, Floats]:
    """Classify series, and return states of the trunk.

    Returns:
        As `classify`; and (N, 2 D) states, those that the model's area of applicability was fitted on
        (models/calibration/applicability.py); NaN for series without any observation in those months.

    Raises:
        InvalidCheckpoint: its graph does not output the states.
    """
    _check_class_network(checkpoint)
    if not load_backend(checkpoint, threads).has_states:
        raise InvalidCheckpoint(checkpoint.folder, f"its {NETWORK} does not output the states; make it again")
    result, states = _classify(series, reference_days, checkpoint, months, threads, with_states=True)
    return result, states


def _classify(
    series: Series, reference_days: Days, checkpoint: Checkpoint, months: int, threads: int, *, with_states: bool
) -> tuple[ClassProbabilities, Floats]:
    """Return probabilities, and (N, 2 D) the states if wanted, else (N, 0)."""
    _check_class_network(checkpoint)
    classes = tuple(checkpoint.card["classes"])
    work = ClassWork(months=months, scaling=_scaling(checkpoint), with_states=with_states)
    backend = load_backend(checkpoint, threads)
    if not len(series):
        probability, states = np.empty((0, len(classes)), np.float32), np.empty((0, 0), np.float32)
    elif isinstance(backend, WholeBackend):
        probability, states = backend.classify(series, reference_days, work)
    else:
        probability, states = _classify_here(backend, series, reference_days, work)
    return ClassProbabilities(ids=series.ids, classes=classes, probability=probability), states


def _classify_here(backend: Backend, series: Series, reference_days: Days, work: ClassWork) -> tuple[Floats, Floats]:
    """Return (N, K) probabilities and the states of at least one series, with features by NumPy."""
    parts, further_parts, with_tokens = [], [], work.with_states or backend.reads_tokens
    for rows in _batches(len(series), 4 * backend.batch):
        part, days = series.take(rows), reference_days[rows]
        tokens, queries = class_inputs(part, days, months=work.months, with_tokens=with_tokens)
        logits, *others = backend.run(tokens.tokens, tokens.is_padding, queries, with_states=work.with_states)
        unseen = np.asarray(tokens.is_padding.all(axis=1))[:, None]
        share = _scaled(work.scaling, logits, tokens.is_padding, queries)
        parts.append(np.where(unseen, np.float32(np.nan), share))
        further_parts.append(np.where(unseen, np.float32(np.nan), np.concatenate([logits[:, :0], *others], axis=1)))
    return np.concatenate(parts), np.concatenate(further_parts)


def _scaling(checkpoint: Checkpoint) -> Temperature | EvidenceScaling:
    content = checkpoint.card["calibration"]
    return EvidenceScaling.from_json(content) if is_by_evidence(content) else Temperature.from_json(content)


def _scaled(
    scaling: Temperature | EvidenceScaling, logits: Floats, is_padding: NDArray[np.bool_], queries: Floats
) -> Floats:
    """Return calibrated probabilities from logits and class inputs."""
    if isinstance(scaling, Temperature):
        return scaling.apply_logits(logits)
    return scaling.apply_logits(logits, evidence(is_padding, queries))


def _check_class_network(checkpoint: Checkpoint) -> None:
    """Refuse a class model of an earlier design, or one that was trained on other features of the months."""
    network = checkpoint.card["network"]
    fits = is_class_network(checkpoint) and network["query_features"] == 2 * CLASS_FEATURES
    if not fits or "calibration" not in checkpoint.card:
        raise InvalidCheckpoint(checkpoint.folder, "an earlier landcast made it; make it again with landcast finetune")


def _batches(count: int, size: int) -> list[slice]:
    return [slice(i, min(i + size, count)) for i in range(0, count, size)]
