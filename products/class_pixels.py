"""Class maps: pixels that canopy and crop share. What the layers are is told in classes.py."""

from collections.abc import Callable
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.cube import Cube, Series
from core.errors import InvalidCheckpoint
from core.product import Checkpoint, Layer, Params, Progress, Raster, Variable
from core.timeline import to_day
from models.registry import APPLICABILITY as AREA_FILE
from products.class_options import MIDDLE
from products.rows import MAX_COUNT, render_rows

NODATA = 255


def class_raster(
    cube: Cube,
    layers: tuple[Layer, ...],
    params: Params,
    checkpoint: Checkpoint,
    progress: Progress,
    *,
    after: date,
    months: int,
) -> Raster:
    """Classify all pixels of a cube; nodata where a pixel was never clear.

    Args:
        layers: as `class_layers` gave them.
        after: the day after the last that is read.
        months: how far back the model reads.

    Raises:
        InvalidCheckpoint: its classes are not those of the layers.
    """
    names = [layer.class_name for layer in layers if layer.variable == Variable.PROBABILITY]
    _check_classes(checkpoint, names)
    count = cube.clear_count()
    found = render_rows(cube, _question(params, checkpoint, after, months), progress)
    if not len(found):
        found = np.full((len(names) + 1, *cube.shape_yx), np.nan, np.float32)
    share, index = found[: len(names)], found[len(names) :]
    unseen = np.isnan(share).any(axis=0) | (count == 0)
    bands = [_codes(share, params), *share]
    if params.options.get("sets"):
        bands.append(_masks(share, checkpoint))
    if params.options.get("applicability"):
        bands.append(index[0])
    if params.options["probabilities"] == "float":
        pixels = np.where(unseen, np.nan, np.stack([*bands, count])).astype(np.float32)
        return Raster(layers=layers, pixels=pixels, window=cube.window, nodata=np.nan)
    is_share = [layer.unit == "%" for layer in layers]
    whole = [percent(b) if s else b for b, s in zip([*bands, count], is_share, strict=True)]
    pixels = np.where(unseen, NODATA, np.minimum(np.stack(whole), MAX_COUNT)).astype(np.uint8)
    return Raster(layers=layers, pixels=pixels, window=cube.window, nodata=NODATA)


def _check_classes(checkpoint: Checkpoint, names: list[str]) -> None:
    has = list(checkpoint.card["classes"])
    if has != names:
        reason = f"its classes are {', '.join(has)}, and the order was made for {', '.join(names)}; order again"
        raise InvalidCheckpoint(checkpoint.folder, reason)


def _question(params: Params, checkpoint: Checkpoint, after: date, months: int) -> Callable[[Series], Floats]:
    """Return what gives (N, K) probabilities of series, and in one more column their dissimilarity if it is wanted."""
    from models.runtime import classify, classify_with_states  # loads ONNX Runtime, which the API never needs

    def ask(series: Series) -> Floats:
        reference = np.full(len(series), to_day(after), np.int32)
        return classify(series, reference, checkpoint, months=months).probability

    if not params.options.get("applicability"):
        return ask
    from models.calibration.applicability import Applicability

    area = Applicability.load(Path(checkpoint.folder) / AREA_FILE)

    def ask_more(series: Series) -> Floats:
        reference = np.full(len(series), to_day(after), np.int32)
        said, states = classify_with_states(series, reference, checkpoint, months=months)
        return np.concatenate([said.probability, area.index(states)[:, None]], axis=1)

    return ask_more


def _codes(share: Floats, params: Params) -> NDArray[np.int64]:
    """Return (Y, X) classes of (K, Y, X) probabilities: of two the second from the threshold on, else the largest."""
    if len(share) == 2:
        return np.asarray(share[1] >= params.options.get("threshold", MIDDLE), np.int64)
    return np.asarray(np.nan_to_num(share, nan=-1.0).argmax(axis=0), np.int64)


def _masks(share: Floats, checkpoint: Checkpoint) -> NDArray[np.uint8]:
    from models.calibration.prediction_sets import PredictionSets, to_mask

    found = PredictionSets.from_json(checkpoint.card["prediction_sets"])
    return to_mask(found.sets(np.moveaxis(share, 0, -1)))


def percent(share: Floats) -> NDArray[np.int64]:
    """Return probabilities (K, ...) as whole percent; NaN becomes 0 and is masked by the caller."""
    return np.asarray(np.rint(np.nan_to_num(share) * 100), np.int64)
