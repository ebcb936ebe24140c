"""Tables: a product predicted for series that are not pixels of a cube, and the rows of its result. No files."""

from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
import pandas as pd

from core.bands import Floats
from core.checkpoint import Checkpoint
from core.cube import Series
from core.errors import InvalidPeriod, InvalidTable
from core.product import AnyOptions, Layer, PoolsSeries, Product
from core.progress import Progress
from core.timeline import Period, to_date, to_day
from products.order import add_card, parse

BLOCK_SERIES = 512
"""Series predicted at once: bounds memory."""
Inputs = Mapping[str, Any]


def options_of_each(
    product: Product[AnyOptions],
    series: Series,
    inputs: Inputs,
    checkpoint: Checkpoint,
    *,
    dates: Mapping[str, Sequence[date]] | None = None,
) -> list[AnyOptions]:
    """Return the resolved options of each series; defaults follow from the last row of the series.

    Args:
        dates: input `dates` of each series by its id; None = the same inputs for all.

    Raises:
        InvalidTable: dates of one series cannot be predicted.
        RequestError: as `parse` and `add_card`.
    """
    start = to_date(int(series.days.min()))
    known: dict[object, AnyOptions] = {}

    def resolved(last: int, targets: tuple[date, ...]) -> AnyOptions:
        given = {**inputs, "dates": targets} if targets else inputs
        options = parse(product, given, available=Period(start=start, end=to_date(last)), kind="table")
        return add_card(product, options, checkpoint)

    each = []
    for name, last in zip(series.ids, series.last_days, strict=True):
        key = (int(last), tuple(dates[str(name)]) if dates else ())
        try:
            known[key] = known.get(key) or resolved(*key)
        except InvalidPeriod as error:
            if dates is None:
                raise
            raise InvalidTable("targets", f"series '{name}': {str(error).removesuffix('.')}") from None
        each.append(known[key])
    return each


def predict_table(
    product: Product[AnyOptions],
    series: Series,
    each: Sequence[AnyOptions],
    checkpoint: Checkpoint,
    progress: Progress,
    *,
    company: Series | None = None,
) -> pd.DataFrame:
    """Predict series with resolved options of their own, and return the rows of the result in order.

    Series with the same number of layers are predicted together.

    Args:
        company: all series of the table, which pooled ones may learn from; None = those predicted.
    """
    if isinstance(product, PoolsSeries):
        product = product.pooled(_seen_in_any_period(product, series if company is None else company, each), each)
    parts, done = [], 0
    for rows in _by_layer_count(product, each):
        for first in range(0, len(rows), BLOCK_SERIES):
            block = rows[first : first + BLOCK_SERIES]
            parts.append(_rows_of(product, series, each, checkpoint, block))
            done += len(block)
            progress(done / len(series))
    return pd.concat(parts).sort_index(kind="stable").reset_index(drop=True)


def seen_in_period(product: Product[AnyOptions], series: Series, each: Sequence[AnyOptions]) -> Series:
    """Return series in which other channels than those of the product, and days outside the periods, are unseen."""
    first, last = (np.array([to_day(d) for d in days], np.int32) for days in zip(*map(_ends, each), strict=True))
    return series.only(product.bands).between(first, last)


def _seen_in_any_period(product: Product[AnyOptions], company: Series, each: Sequence[AnyOptions]) -> Series:
    """Return series in which other channels than those of the product, and days outside all periods, are unseen."""
    first, last = (f(days) for f, days in zip((min, max), zip(*map(_ends, each), strict=True), strict=True))
    ends = (np.full(len(company), to_day(day), np.int32) for day in (first, last))
    return company.only(product.bands).between(*ends)


def wide_table(
    series: Series, values: Floats, layers: Sequence[Layer], is_column: Callable[[Layer], bool], *, id_column: str
) -> pd.DataFrame:
    """Return one row for each series, and a column for each layer for which `is_column` is true.

    Args:
        values: (N, L) shares 0..1; of layers in percent the columns are whole percent.
    """
    table = pd.DataFrame({id_column: series.ids})
    for layer, column in zip(layers, values.T, strict=True):
        if is_column(layer):
            table[layer.name] = np.rint(column * 100) if layer.unit == "%" else column
    return table


def _ends(options: AnyOptions) -> tuple[date, date]:
    return options.days.start, options.days.end


def _by_layer_count(product: Product[AnyOptions], each: Sequence[AnyOptions]) -> list[list[int]]:
    """Return the numbers of the series grouped by their count of layers."""
    distinct = {id(options): options for options in each}
    sizes = {key: len(product.layers(options)) for key, options in distinct.items()}
    groups: dict[int, list[int]] = defaultdict(list)
    for number, options in enumerate(each):
        groups[sizes[id(options)]].append(number)
    return list(groups.values())


def _rows_of(
    product: Product[AnyOptions],
    series: Series,
    each: Sequence[AnyOptions],
    checkpoint: Checkpoint,
    numbers: Sequence[int],
) -> pd.DataFrame:
    """Return the rows of some series, each with the number of its series as index."""
    block, options = series.take(np.array(numbers)), [each[n] for n in numbers]
    values = product.predict(seen_in_period(product, block, options), options, checkpoint)
    table = product.tabulate(block, options, values)
    table.index = pd.Index(np.repeat(numbers, len(table) // len(numbers)))
    return table
