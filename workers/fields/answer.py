"""Fields answered: group by group measured, forecast and flagged, and joined in the order of the file."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import date
from functools import partial

import numpy as np
import pandas as pd

from core.bands import NDVI, Floats, channel
from core.cube import Cube, Series
from core.errors import InvalidOption
from core.forecast import QUANTILES
from core.product import Variable
from core.progress import Progress
from core.region import Field
from core.timeline import to_day
from models.baselines.climatology import expect
from products.evidence import RestsOnSeries
from products.fields.columns import NAME
from products.fields.coverage import Coverage, cover
from products.fields.departure import departures, hindcast_mae
from products.fields.findings import Expected, Findings, lines
from products.fields.flags import (
    SIMULATED,
    departure_flag,
    evidence_flags,
    left_out_flag,
    little_seen_flag,
    outside,
    place_flags,
    repeated_flags,
    unlike_flag,
    unread_flag,
)
from products.fields.means import History, Sums
from products.forecast import CALIBRATED_DAYS, ForecastOptions
from workers.fields.group import Group
from workers.fields.measure import Classified, measure
from workers.fields.order import FieldOrder, Part
from workers.fields.source import FieldSource

Keep = Callable[[Group, Callable[[], pd.DataFrame]], pd.DataFrame]
"""Returns the lines of a group: those that were kept earlier, or those that the function makes; may raise LeftOut."""


class LeftOut(Exception):
    """A group of fields is left out: each of its fields has a line that says why."""

    def __init__(self, reason: str) -> None:
        """Take the reason, as a clause."""
        super().__init__(reason)
        self.reason = reason


def make_anew(group: Group, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
    """Keep nothing."""
    return make()


def answer(
    fields: Sequence[Field],
    order: FieldOrder,
    source: FieldSource,
    id_column: str,
    progress: Progress,
    *,
    keep: Keep = make_anew,
) -> pd.DataFrame:
    """Answer fields; see `products.fields.findings.lines` for the columns.

    A field that cannot be measured, lies outside the source, or is left out has a line that says so.

    Args:
        fields: in the order of the result.
        order: what to make.
        source: where to read.
        id_column: name of the column of ids.
        progress: takes the share done.
        keep: keeps the lines of groups, for work that may be broken off.

    Raises:
        InvalidOption: none of the fields lies in the source.
        ArchiveError: the archive cannot be read.
    """
    fields = _ids_of_one_type(fields)
    groups = source.groups({n: f for n, f in enumerate(fields) if not f.defect})
    if not groups:
        raise InvalidOption("FIELDS", f"{len(fields)} fields", _why_none(fields, source))
    repeated, parts, done = repeated_flags(fields), [], 0
    for group in groups:
        try:
            parts.append(keep(group, partial(_lines_of, group, fields, order, source, repeated, id_column)))
        except LeftOut as error:
            flags = [left_out_flag(error.reason)] * len(group.numbers)
            parts.append(_lines(_blank([fields[n] for n in group.numbers], flags), group.numbers, repeated, id_column))
        done += len(group.numbers)
        progress(done / len(fields))
    read = {n for g in groups for n in g.numbers}
    left = [n for n in range(len(fields)) if n not in read]
    if left:
        flags = [f"not measured: {f.defect}" if f.defect else outside(source.name) for f in (fields[n] for n in left)]
        parts.append(_lines(_blank([fields[n] for n in left], flags), left, repeated, id_column))
    progress(1.0)
    table = pd.concat(parts).sort_index(kind="stable")
    table.attrs["positions"] = table.index.tolist()
    table = table.reset_index(drop=True)
    has_names = NAME != id_column and any(f.name for f in fields)
    return table if has_names or NAME == id_column else table.drop(columns=NAME)


def _lines_of(
    group: Group,
    fields: Sequence[Field],
    order: FieldOrder,
    source: FieldSource,
    repeated: Sequence[str],
    id_column: str,
) -> pd.DataFrame:
    return _lines(_of_group(group, fields, order, source), group.numbers, repeated, id_column)


def _ids_of_one_type(fields: Sequence[Field]) -> list[Field]:
    """Return fields whose ids are all numbers, or all texts, so that every format can hold them in one column."""
    is_plain = len({type(f.id) for f in fields}) == 1
    return list(fields) if is_plain else [replace(f, id=str(f.id)) for f in fields]


def _why_none(fields: Sequence[Field], source: FieldSource) -> str:
    whole = [f for f in fields if not f.defect]
    if not whole:
        return f"none of them can be measured; of the first, {fields[0].defect}"
    return f"none of them lies in '{source.name}'"


def _lines(found: Findings, numbers: Sequence[int], repeated: Sequence[str], id_column: str) -> pd.DataFrame:
    """Return the lines of some fields, with their positions among all as index."""
    for own, number in enumerate(numbers):
        found = found.flagged(own, repeated[number])
    table = lines(found, id_column)
    table.index = pd.Index(np.asarray(numbers, np.int64)[table.index.to_numpy(np.int64)])
    return table


def _blank(fields: Sequence[Field], flags: Sequence[str]) -> Findings:
    """Return findings on fields that were not looked at, each with the flag that says why."""
    history = _nothing(fields)
    usual = np.full_like(history.std, np.nan)
    return Findings(fields=tuple(fields), history=history, usual=usual, flags=tuple((flag,) for flag in flags))


def _nothing(fields: Sequence[Field]) -> History:
    names = np.array([str(f.id) for f in fields])
    return Sums(np.zeros(1, np.int32), len(fields)).history(names, np.zeros(len(fields)))


def _of_group(group: Group, fields: Sequence[Field], order: FieldOrder, source: FieldSource) -> Findings:
    """Return what is known of one group."""
    own = tuple(fields[n] for n in group.numbers)
    coverage = cover(group.shapes, group.window)
    wanted = coverage.is_wanted().reshape(group.window.shape_yx)
    cube = source.cube(group.window, order.period, order.bands, wanted)
    history, classified = measure(cube, coverage, np.array([str(f.id) for f in own]), order.maps)
    found = Findings(
        fields=own,
        history=history,
        usual=_usual(history.series, order),
        figures=_figures(classified),
        flags=tuple(_flags_of(source, cube) for _ in own),
    )
    found = _with_places(found, coverage, group, source, end=order.issue)
    if order.forecast is not None:
        found = _with_forecast(found, order.forecast, order)
    return _with_classes(found, classified)


def _flags_of(source: FieldSource, cube: Cube) -> tuple[str, ...]:
    """Return the flags that all fields of a cube have."""
    simulated = SIMULATED if source.is_simulated else ""
    return tuple(f for f in (simulated, unread_flag(len(cube.failures), len(cube.scenes))) if f)


def _with_places(found: Findings, coverage: Coverage, group: Group, source: FieldSource, *, end: date) -> Findings:
    counts, last = found.clear_count, found.last_clear
    for n in range(len(found.fields)):
        inside = min(float(coverage.inside[n]), group.share_inside(n))
        place = place_flags(inside, is_mixed=bool(coverage.is_mixed[n]), source=source.name)
        is_out = inside <= 0
        seen = () if is_out else evidence_flags(int(counts[n]), int(last[n]), end)
        found = found.flagged(n, *place, *seen)
    return found


def _usual(series: Series, order: FieldOrder) -> Floats:
    """Return (F, T) the seasonal cycle of all that was seen, on the days of the history."""
    ndvi = series.values[..., channel(NDVI.name)]
    issues = np.full(len(series), to_day(order.issue), np.int32)
    return expect(series.days, ndvi, issues, series.days).climatology


def _with_forecast(found: Findings, part: Part, order: FieldOrder) -> Findings:
    """Add the forecast of each field's mean as one series, and how fields stand against earlier ones."""
    series, options = found.history.series, part.options
    assert isinstance(options, ForecastOptions)
    expected = _expected(series, part, options)
    ahead = int(expected.days[-1]) - to_day(order.issue) + 1
    error = hindcast_mae(series, order.issue, part.checkpoint, horizon_days=min(ahead, CALIBRATED_DAYS))
    found = replace(found, expected=expected, figures={**found.figures, "hindcast_mae": error})
    for n, departure in enumerate(departures(series, order.issue, part.checkpoint)):
        found = found.flagged(n, departure_flag(departure))
    return found


def _expected(series: Series, part: Part, options: ForecastOptions) -> Expected:
    """Return the forecast of series, with their climatology; NaN of those never seen."""
    options = options.but(quantiles=None, extra_layers=(Variable.CLIMATOLOGY.value,))
    days = np.array([to_day(d) for d in options.targets], np.int32)
    values = np.full((len(series), len(part.product.layers(options))), np.nan, np.float32)
    rows = np.nonzero(series.clear_count() > 0)[0]
    if len(rows):
        values[rows] = part.product.predict(series.take(rows), [options] * len(rows), part.checkpoint)
    end = len(days) * len(QUANTILES)
    quantiles = values[:, :end].reshape(len(series), len(days), len(QUANTILES))
    return Expected(days=days, quantiles=quantiles, climatology=values[:, end : end + len(days)])


def _figures(classified: Sequence[Classified]) -> dict[str, Floats]:
    """Return probabilities, shares, and the largest dissimilarity of all class maps."""
    figures = {name: values for c in classified for name, values in c.figures().items()}
    indices = [index for c in classified if (index := c.dissimilarity()) is not None]
    return {**figures, "dissimilarity": np.fmax.reduce(indices)} if indices else figures


def _with_classes(found: Findings, classified: Sequence[Classified]) -> Findings:
    """Add flags on fields that a class model knows little of."""
    for n, field in enumerate(found.fields):
        outside_of = [c.part.product.task for c in classified if c.is_outside(n)]
        little = [little_seen_flag(c.part.product.task, float(c.seen[n])) for c in classified]
        found = found.flagged(n, unlike_flag(outside_of), *little, *(_place(c.part, field) for c in classified))
    return found


def _place(part: Part, field: Field) -> str:
    """Return the flag of a field where the model has learned of no such place."""
    if not isinstance(part.product, RestsOnSeries) or field.geometry is None:
        return ""
    noted = part.product.place_note(field.geometry.centroid.y)
    return f"{part.product.task} was learned from hardly any place like this one: do not rely on it" if noted else ""
