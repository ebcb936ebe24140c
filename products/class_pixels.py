"""Class maps: the values that canopy and crop predict for series. The layers are described in classes.py."""

from functools import lru_cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.checkpoint import Checkpoint
from core.cube import Series
from core.errors import InvalidCheckpoint
from core.timeline import Days
from models.calibration.applicability import Applicability
from models.calibration.prediction_sets import PredictionSets, to_mask
from models.network.evidence import months_seen
from models.registry import APPLICABILITY as AREA_FILE
from products.class_options import MIDDLE, ClassMapOptions


def predict_classes(
    series: Series,
    last_days: Days,
    options: ClassMapOptions,
    checkpoint: Checkpoint,
    *,
    names: tuple[str, ...],
    months: int,
    threshold: float = MIDDLE,
) -> Floats:
    """Predict the layers of a class map.

    Args:
        series: observations to use; days after the last are unseen.
        last_days: (N,) day that each series is classified on.
        options: resolved, with the values of the card.
        checkpoint: of the product's task.
        names: classes of the layers.
        months: how far back the model reads.
        threshold: of two classes, the share from which the second is mapped.

    Returns:
        (N, L) in the order of `classes.class_layers`; NaN where NDVI was never clear, or in fewer months than ordered.

    Raises:
        InvalidCheckpoint: its classes are not those of the layers.
    """
    _check_classes(checkpoint, names)
    reference, count = (last_days + 1).astype(np.int32), series.clear_count()
    is_empty, evidence = count == 0, []
    if options.evidence or options.min_evidence:
        seen, seasons = months_seen(series, reference, months=months)
        evidence = [seen, seasons] if options.evidence else []
        is_empty |= seen < options.min_evidence
    rows = np.arange(min(len(series), 1)) if is_empty.all() else np.flatnonzero(~is_empty)
    found = _columns(series.take(rows), reference[rows], options, checkpoint, months=months, threshold=threshold)
    values = np.full((len(series), found.shape[1] + len(evidence) + 1), np.nan, np.float32)
    values[rows] = np.column_stack([found, *(e[rows] for e in evidence), count[rows]])
    values[rows[np.isnan(found[:, 1])]] = np.nan  # nothing was seen in the months that the model reads
    values[is_empty] = np.nan
    return values


def _columns(
    series: Series, reference: Days, options: ClassMapOptions, checkpoint: Checkpoint, *, months: int, threshold: float
) -> Floats:
    """Return (N, L) class, probabilities, set and dissimilarity, as ordered; NaN where nothing was seen."""
    from models import runtime  # loads ONNX Runtime, which the API never needs

    if options.applicability:
        found, states = runtime.classify_with_states(series, reference, checkpoint, months=months)
    else:
        found, states = runtime.classify(series, reference, checkpoint, months=months), None
    share = found.probability
    columns: list[NDArray[np.generic]] = [class_codes(share, threshold), *share.T]
    if options.sets:
        columns.append(to_mask(PredictionSets.from_json(checkpoint.card["prediction_sets"]).sets(share)))
    if states is not None:
        columns.append(_area(checkpoint).index(states))
    return np.stack(columns, axis=1).astype(np.float32)


def class_codes(share: Floats, threshold: float) -> NDArray[np.int64]:
    """Return (N,) codes of (N, K) shares: of two classes the second from the threshold on, else the largest share."""
    if share.shape[1] == 2:
        return np.asarray(share[:, 1] >= threshold, np.int64)
    return np.asarray(np.nan_to_num(share, nan=-1.0).argmax(axis=1), np.int64)


def _area(checkpoint: Checkpoint) -> Applicability:
    path = Path(checkpoint.folder) / AREA_FILE
    return _load_area(path, path.stat().st_mtime_ns)


@lru_cache(maxsize=4)
def _load_area(path: Path, _modified_ns: int) -> Applicability:
    return Applicability.load(path)


def _check_classes(checkpoint: Checkpoint, names: tuple[str, ...]) -> None:
    classes = tuple(checkpoint.card["classes"])
    if classes != names:
        reason = f"its classes are {', '.join(classes)}, and the order was made for {', '.join(names)}; order again"
        raise InvalidCheckpoint(checkpoint.folder, reason)
