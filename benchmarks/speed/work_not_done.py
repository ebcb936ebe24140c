"""Measure what is saved where series of a map are the same, were never seen, or are left blank by the product.

    python -m benchmarks.speed.work_not_done [--series 2048] [--rounds 5] [--out rows.json]

The pixels of a map are predicted with and without looking for those that are the same (models/inference/parts.py):
four of each series, as bands of 20 m give them on a grid of 10 m; half of them never seen; and all different, where the
looking itself is what is measured. Then a class map of which a third of the pixels was seen by radar alone, which the
product leaves blank.
"""

from collections.abc import Callable, Mapping
from dataclasses import replace

import numpy as np

from benchmarks.measured import DATES, START, STEP_DAYS, simulated
from benchmarks.paired import Row, in_turns, kept, parser
from core.bands import RADAR_NAMES, Floats, channel
from core.checkpoint import Checkpoint
from core.cube import Series
from core.settings import Settings
from core.timeline import Period, to_date
from models.registry import find_checkpoint
from models.runtime import classify, forecast
from products.canopy import MONTHS
from products.catalogue import find_product
from products.order import add_card, parse

END = START + STEP_DAYS * DATES


def main() -> None:
    options = parser(__doc__)
    options.add_argument("--series", type=int, default=2048)
    options.add_argument("--rounds", type=int, default=5)
    chosen = options.parse_args()
    rows = []
    for task in ("forecast", "canopy"):
        checkpoint = find_checkpoint("", task, Settings(device="cpu"))
        for name, series in pixels(chosen.series).items():
            rows.append(with_and_without(f"{task}, {name}", checkpoint, series, chosen.rounds))
    kept([*rows, radar_alone(chosen.series, chosen.rounds)], chosen.out)


def pixels(count: int) -> Mapping[str, Series]:
    """Return series of three kinds of map."""
    different = simulated(count)
    unseen = different.values.copy()
    unseen[::2] = np.nan
    return {
        "four of each": different.take(np.arange(count) // 4),
        "half never seen": replace(different, values=unseen),
        "all different": different,
    }


def with_and_without(name: str, checkpoint: Checkpoint, series: Series, rounds: int) -> Row:
    """Time a prediction that looks for series that are the same, beside one that computes every series."""
    end = np.full(len(series), END, np.int32)
    targets = (end[:, None] + 5 * np.arange(30)).astype(np.int32)

    def answers(is_whole: bool) -> Callable[[], Floats]:
        predict = forecast if checkpoint.task == "forecast" else classify
        chosen = predict if is_whole else predict.__wrapped__  # type: ignore[attr-defined]
        if checkpoint.task == "forecast":
            return lambda: chosen(series, end, targets, checkpoint, threads=1).quantiles
        return lambda: chosen(series, end, checkpoint, months=MONTHS, threads=1).probability

    old, new = answers(is_whole=False), answers(is_whole=True)
    np.testing.assert_allclose(new(), old(), atol=1e-5)
    return {"name": name, **in_turns(old, new, rounds=rounds)}


def radar_alone(count: int, rounds: int) -> Row:
    """Time a class map with pixels that radar alone has seen, beside the model applied to all of them."""
    series = simulated(count)
    optical = [channel(b) for b in series.shown if b not in RADAR_NAMES]
    series.values[np.ix_(np.arange(0, count, 3), np.arange(DATES), optical)] = np.nan
    product, checkpoint = find_product("canopy"), find_checkpoint("", "canopy", Settings(device="cpu"))
    available = Period(start=to_date(START), end=to_date(END - 1))
    options = add_card(product, parse(product, {}, available=available), checkpoint)
    end = np.full(count, END, np.int32)
    row = in_turns(
        lambda: classify(series, end, checkpoint, months=MONTHS),
        lambda: product.predict(series, [options] * count, checkpoint),
        rounds=rounds,
    )
    return {"name": "canopy, a third seen by radar alone", **row}


if __name__ == "__main__":
    main()
