"""Change of tree canopy between two dates, from the class probabilities at both. No model, no files.

The two vectors of probabilities are treated as independent given the observations. Both dates share observations where
they lie closer together than the window that the head reads, so their errors are alike, and independence overstates the
probability of change. No change is mapped on that assumption: significance holds whatever the dependence.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import timedelta
from typing import Any

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.cube import Series
from core.product import Layer, LegendEntry, Variable
from core.timeline import FIRST_DATE, Period, to_day
from products.areas import AreaClass, Bounds, within

LEGEND = (
    LegendEntry(value=0, label="Stable without canopy", colour=(238, 226, 196)),
    LegendEntry(value=1, label="Stable canopy", colour=(120, 146, 112)),
    LegendEntry(value=2, label="Gain", colour=(44, 110, 190)),
    LegendEntry(value=3, label="Loss", colour=(208, 52, 44)),
    LegendEntry(value=4, label="Conifer to broadleaf", colour=(236, 176, 40)),
    LegendEntry(value=5, label="Broadleaf to conifer", colour=(124, 64, 148)),
)
GAIN, LOSS, SWITCHES = 2, 3, (4, 5)
PROBABILITIES = ("p_gain", "p_loss", "p_switch", "significance")
MEANINGS: tuple[dict[str, Any], ...] = (
    {"variable": Variable.PROBABILITY, "class_name": "gain", "class_code": GAIN},
    {"variable": Variable.PROBABILITY, "class_name": "loss", "class_code": LOSS},
    {"variable": Variable.PROBABILITY, "class_name": "switch"},  # either of two codes
    {"variable": Variable.SIGNIFICANCE},
)
SIGNIFICANCE = 0.9
LEAST, MOST = 0.5, 0.999
"""Range of the option significance: from a half on, no two changes of a pixel can both be significant."""
ROUNDING = 1e-6
"""Room for float32: 0.95 + 0.95 - 1 is 0.9."""


def between(dates: Period) -> Period:
    """Return the days after the first date up to the second."""
    return Period(start=dates.start + timedelta(days=1), end=dates.end)


def change_layers(
    classes: tuple[LegendEntry, ...], dates: Period, *, significance: float, is_percent: bool
) -> tuple[Layer, ...]:
    """Return the change, its probabilities and significance, the classes at both dates, the clear count."""
    first, second = dates.start.isoformat(), dates.end.isoformat()
    unit = "%" if is_percent else "1"
    texts = (
        f"Probability of canopy gain from {first} to {second}",
        f"Probability of canopy loss from {first} to {second}",
        f"Probability of a change between conifer and broadleaf from {first} to {second}",
        "Least probability of the likeliest change, whatever the dependence between the errors at both dates",
    )
    probabilities = [
        Layer(name=n, description=d, unit=unit, **meaning)
        for n, d, meaning in zip(PROBABILITIES, texts, MEANINGS, strict=True)
    ]
    text = f"Most probable change from {first} to {second}, where its significance is at least"
    change = Layer(
        name="change",
        variable=Variable.CHANGE,
        description=f"{text} {significance:g}, else stable: {_codes(LEGEND)}",
        legend=LEGEND,
    )
    states = [
        Layer(
            name=f"class_{when}",
            variable=Variable.CLASS,
            description=f"Most probable class on {day}: {_codes(classes)}",
            legend=classes,
            date=day,
        )
        for when, day in (("before", first), ("after", second))
    ]
    most = ", at most 254" if is_percent else ""
    count = Layer(
        name="clear_count",
        variable=Variable.CLEAR_COUNT,
        description=f"Clear observations between the two dates{most}",
        unit="count",
    )
    dtype = "uint8" if is_percent else "float32"
    return tuple(replace(layer, dtype=dtype) for layer in (change, *probabilities, *states, count))


def change_values(series: Series, dates: Period, before: Floats, after: Floats, *, significance: float) -> Floats:
    """Return (N, L) the layers of a change.

    A pixel without a clear observation between the two dates, or without one up to the first date, is NaN: its change
    cannot be known.

    Args:
        series: N, from which the classes at both dates were predicted.
        before, after: (N, 3) shares of none, conifer, broadleaf.
    """
    count = within_days(series, between(dates)).clear_count()
    history = within_days(series, Period(start=FIRST_DATE, end=dates.start)).clear_count()
    share = np.concatenate([before, after], axis=1)
    unseen = np.isnan(share).any(axis=1) | (count == 0) | (history == 0)
    share = np.where(unseen[:, None], np.float32(1 / 3), share)
    first, second = share[:, :3].T, share[:, 3:].T
    columns = [
        change_codes(first, second, significance),
        *change_probabilities(first, second),
        least_probabilities(first, second).max(axis=0),
        first.argmax(axis=0),
        second.argmax(axis=0),
        count,
    ]
    return np.where(unseen[:, None], np.float32(np.nan), np.stack(columns, axis=1).astype(np.float32))


def within_days(series: Series, period: Period) -> Series:
    """Return series with everything outside one period unseen."""
    first, last = (np.full(len(series), to_day(day), np.int32) for day in (period.start, period.end))
    return series.between(first, last)


def change_probabilities(before: Floats, after: Floats) -> Floats:
    """Return the probabilities of gain, loss and switch, the two dates being independent given the observations.

    Args:
        before, after: (3, ...) probabilities of none, conifer, broadleaf, which sum to 1.

    Returns:
        (3, ...) 0..1; what they leave of 1 is the probability of no change.
    """
    joint = _joint(before, after)
    return np.stack([joint[GAIN], joint[LOSS], joint[4] + joint[5]])


def least_probabilities(before: Floats, after: Floats) -> Floats:
    """Return the least probabilities of the four changes over all dependences between the errors at both dates.

    A change is one class before and another after; P(A and B) >= P(A) + P(B) - 1 (Frechet 1935, Fundamenta
    Mathematicae 25). The bound is met when errors persist, which is what shared observations make likely.

    Args:
        before, after: (3, ...) probabilities of none, conifer, broadleaf, which sum to 1.

    Returns:
        (4, ...) 0..1 for the codes 2 to 5 of LEGEND.
    """
    (none, conifer, broadleaf), (none_after, conifer_after, broadleaf_after) = before, after
    sums = [none - none_after, none_after - none, conifer + broadleaf_after - 1, broadleaf + conifer_after - 1]
    return np.asarray(np.maximum(np.stack(sums), 0))


def change_codes(before: Floats, after: Floats, significance: float) -> NDArray[np.int64]:
    """Return the codes of LEGEND: the most probable one, but a change only where its least probability suffices.

    A least probability of a half or more leaves no other code more probable. Where no change is significant, the more
    probable of the two stable codes is given.

    Args:
        before, after: (3, ...) probabilities of none, conifer, broadleaf, which sum to 1.
        significance: 0.5..1.
    """
    least = least_probabilities(before, after)
    is_change = least.max(axis=0) >= significance - ROUNDING
    stable = _joint(before, after)[:2].argmax(axis=0)
    return np.asarray(np.where(is_change, GAIN + least.argmax(axis=0), stable), np.int64)


def area_classes() -> tuple[AreaClass, ...]:
    """Return the rows of a change map's area table: its codes, then stable and switch as a whole.

    Expected areas treat the dates as independent; intervals reach from the least that any dependence allows.
    """
    alone: dict[int, Callable[[Mapping[str, Floats]], Bounds]] = {GAIN: _gain, LOSS: _loss}
    codes = [AreaClass(label=e.label, codes=(e.value,), bounds=alone.get(e.value)) for e in LEGEND]
    stable = AreaClass(label="Stable", codes=(0, 1), bounds=_stable)
    return (*codes, stable, AreaClass(label="Conifer or broadleaf changed", codes=SWITCHES, bounds=_switch))


def _joint(before: Floats, after: Floats) -> Floats:
    """Return (6, ...) the probability of each code of LEGEND under independence."""
    (none, conifer, broadleaf), (none_after, conifer_after, broadleaf_after) = before, after
    stays = conifer * conifer_after + broadleaf * broadleaf_after
    gain, loss = none * (1 - none_after), (1 - none) * none_after
    return np.stack([none * none_after, stays, gain, loss, conifer * broadleaf_after, broadleaf * conifer_after])


def _gain(layer: Mapping[str, Floats]) -> Bounds:
    """Return the gain; its least probability is that of the gain less that of the loss."""
    return within(layer["p_gain"] - layer["p_loss"], layer["p_gain"], layer["p_gain"])


def _loss(layer: Mapping[str, Floats]) -> Bounds:
    return within(layer["p_loss"] - layer["p_gain"], layer["p_loss"], layer["p_loss"])


def _switch(layer: Mapping[str, Floats]) -> Bounds:
    """Return the switch; its least probability is known where it is what has been mapped, and 0 is safe elsewhere."""
    is_mapped = np.isin(layer["change"], SWITCHES)
    least = np.where(is_mapped, np.minimum(layer["significance"], layer["p_switch"]), 0)
    return within(least, layer["p_switch"], layer["p_switch"])


def _stable(layer: Mapping[str, Floats]) -> Bounds:
    gain, loss, switch = _gain(layer), _loss(layer), _switch(layer)
    rest = 1 - gain.expected - loss.expected - switch.expected
    return within(rest, rest, 1 - gain.least - loss.least - switch.least)


def _codes(legend: tuple[LegendEntry, ...]) -> str:
    return "; ".join(f"{entry.value} {entry.label.lower()}" for entry in legend)
