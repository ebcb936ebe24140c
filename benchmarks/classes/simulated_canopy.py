"""Claim: canopy on SIMULATED archives never learned from: three classes, a clear-cut, a planting, hedges of 10 m.

    python -m benchmarks.classes.simulated_canopy [--archives 4] [--seed 1000] [--model canopy] [-o tables.md]
    python -m benchmarks.classes.simulated_canopy --archives 1 --picture docs/images/hedges.png

Nothing here was measured. Landscapes, calendars, clouds and noise are drawn from seeds that no training uses (models
learn from single simulated series of seed 0, and the sample archive has seed 0), but plants and light follow the same
equations as in training. So this tells what the model finds in such a world, not how good it is on the ground.

Archives are written as files and read like any other; all their hedges are 10 m wide. Intervals resample blocks of
100 m. Truth of an edge pixel is the class of more than half of it. Days of clear sight are counted pixel by pixel, from
the first clear observation on or after the event. A planting is open ground for years in the simulation: its trees hold
(age / 15 years) squared of the leaf area, and its truth is no canopy. To find it is to map it as that.
"""

import argparse
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from core.bands import NDVI, Floats, channel
from core.checkpoint import Checkpoint
from core.cube import Cube, Series
from core.region import Region
from core.settings import Settings
from core.timeline import to_date, to_day
from ingest.build.cube import build_cube
from ingest.simulate.archive import FELLED, FIRST, PLANTED, SIZE, halve, truth_rasters, write_archive
from ingest.simulate.landscape import Landscape, Parcel, draw_landscape
from ingest.stac.folder import open_stac_folder
from models.metrics.class_scores import Blocks, interval, mean_interval
from models.metrics.forecast_scores import Interval
from models.registry import find_checkpoint
from models.runtime import classify
from products.canopy import CLASSES, LEGEND, MONTHS, Canopy
from products.change import GAIN, LOSS, change_codes
from products.order import add_card, parse
from products.rows import render

HEDGE_M = (10.0, 10.0)
DAYS_AFTER = (0, 10, 20, 30, 45, 60, 90, 120, 150, 180, 210)
NEVER = f"> {DAYS_AFTER[-1]}"
WITHIN = 60
"""Days of clear sight in which the issue asks for the clear-cut and the planting."""
SIGNIFICANCES = (0.9, 0.75, 0.5)
D1 = to_day(FELLED) - 14
"""The change is asked from here on."""
EVERY = 37
"""Of the pixels in which nothing happens, every so-manieth is looked at for false alarms."""
TRUE = 3
"""Quarters of a pixel: more than half of it, which is what truth asks for."""
SIGHT = ("days of clear sight", "clear dates", "mean p(none)", "mapped none")
PICTURE_PIXELS = 40


@dataclass(frozen=True, kw_only=True)
class Watch:
    """N pixels of one archive, looked at some days after something happened."""

    blocks: NDArray[np.str_]
    wait: NDArray[np.int64]
    """(N,) days from the event to the first clear observation."""
    clear: NDArray[np.int64]
    """(K, N) clear observations since the event."""
    before: Floats
    """(N, 3) probabilities at D1."""
    after: Floats
    """(K, N, 3) probabilities DAYS_AFTER the first clear observation."""

    def codes(self, significance: float) -> NDArray[np.int64]:
        """Return (K, N) codes of change, as the product maps them."""
        return np.stack([change_codes(self.before.T, p.T, significance) for p in self.after])


@dataclass(frozen=True, kw_only=True)
class Seen:
    """One archive: what is there, and what was mapped."""

    seed: int
    truth: NDArray[np.uint8]
    """(Y, X) class on the last day."""
    mapped: NDArray[np.uint8]
    hedge: NDArray[np.int64]
    """(Y, X) quarters of the pixel that are hedge."""
    other: NDArray[np.int64]
    """(Y, X) quarters of the pixel that are other trees while they stand."""
    felled_pixels: NDArray[np.bool_]
    """(Y, X) those that `felled` watches, row by row."""
    seasons: Floats
    """(F, Y, X) medians of seasons, for the baseline."""
    colour: Floats
    """(Y, X, 3) red, green, blue of the clearest summer day."""
    day: date
    """Of the colours."""
    felled: Watch
    planted: Watch
    still: Watch
    """Nothing happens there."""

    @property
    def blocks(self) -> NDArray[np.str_]:
        """(Y, X) names of blocks of 100 m."""
        row, column = np.indices(self.truth.shape) // 10
        return np.char.add(f"{self.seed}_", (row * 1000 + column).astype(str))


def main() -> None:
    """Print the tables, and draw one window."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--archives", type=int, default=4)
    parser.add_argument("--seed", type=int, default=1000, help="of the first archive; the others follow")
    parser.add_argument("--model", default="canopy")
    parser.add_argument("--since", type=date.fromisoformat, default=FIRST, help="first day; not before 2020-03-01")
    parser.add_argument("-o", "--out", type=Path, help="Markdown file to write the tables to as well")
    parser.add_argument("--picture", type=Path, help="PNG of hedges to draw from the first archive")
    options = parser.parse_args()
    model = find_checkpoint(options.model, "canopy", Settings())
    archives = [look(options.seed + n, model, options.since) for n in range(options.archives)]
    text = report(archives)
    print(text)
    if options.out:
        options.out.write_text(text + "\n", encoding="utf-8")
    if options.picture:
        draw(archives[0], options.picture)


def look(seed: int, model: Checkpoint, since: date, *, size: int = SIZE) -> Seen:
    """Make an archive, map it, and watch its events."""
    cube = simulate(seed, since, size)
    landscape = draw_landscape(np.random.default_rng(seed), size, hedge_m=HEDGE_M)
    felled, planted, hedge, trees = (
        quarters(landscape, claim)
        for claim in (lambda p: p.is_felled, lambda p: p.is_planting, lambda p: p.is_hedge, lambda p: p.canopy > 0)
    )
    still = np.flatnonzero((felled + planted).ravel() == 0)[::EVERY]
    series = cube.series()
    colour, day = true_colour(cube)

    def watch(rows: NDArray[np.int64], since_day: int) -> Watch:
        return follow(series.take(rows), rows, seed, size, since_day, model)

    return Seen(
        seed=seed,
        truth=truth_rasters(landscape)["canopy"],
        mapped=map_canopy(cube, model),
        hedge=hedge,
        other=trees - hedge,
        felled_pixels=felled >= TRUE,
        seasons=season_medians(cube),
        colour=colour,
        day=day,
        felled=watch(np.flatnonzero(felled.ravel() >= TRUE), to_day(FELLED)),
        planted=watch(np.flatnonzero(planted.ravel() >= TRUE), to_day(max(since, PLANTED))),
        still=watch(still, to_day(FELLED)),
    )


def simulate(seed: int, since: date, size: int) -> Cube:
    """Write an archive, and read it as a cube."""
    with tempfile.TemporaryDirectory(prefix="landcast-") as home:
        folder = Path(home) / "archive"
        write_archive(folder, seed=seed, size=size, first=since, hedge_m=HEDGE_M)
        archive = open_stac_folder(folder, settings=Settings(home=Path(home)))
        region = Region(geometry=archive.footprint)
        return build_cube(archive, archive.grid(region).window(region), archive.period, archive.bands)


def quarters(landscape: Landscape, claim: Callable[[Parcel], bool]) -> NDArray[np.int64]:
    """Return (Y, X) how many of the four quarters of each pixel belong to parcels of which a claim is true."""
    is_so = np.array([claim(p) for p in landscape.parcels])
    return np.rint(4 * halve(is_so[landscape.parcel_at].astype(np.float32))).astype(np.int64)


def map_canopy(cube: Cube, model: Checkpoint) -> NDArray[np.uint8]:
    """Return (Y, X) the class that the product maps on the last day."""
    product = Canopy()
    params = add_card(product, parse(product, {}, available=cube.period), model)
    return np.asarray(render(product, cube, params, model, lambda _: None).pixels[0], np.uint8)


def follow(series: Series, rows: NDArray[np.int64], seed: int, size: int, since: int, model: Checkpoint) -> Watch:
    """Classify pixels at D1 and at days after the first clear observation since an event."""
    is_clear = np.isfinite(series.values[..., channel(NDVI.name)]) & (series.days >= since)
    first = np.where(is_clear, series.days, np.iinfo(np.int32).max).min(axis=1)
    row, column = np.divmod(rows, size)

    def ask(days: NDArray[np.int64]) -> Floats:
        return classify(series, (days + 1).astype(np.int32), model, months=MONTHS).probability

    dates = [first.astype(np.int64) + k for k in DAYS_AFTER]
    return Watch(
        blocks=np.char.add(f"{seed}_", (row // 10 * 1000 + column // 10).astype(str)),
        wait=first.astype(np.int64) - since,
        clear=np.stack([(is_clear & (series.days <= d[:, None])).sum(axis=1) for d in dates]),
        before=ask(np.full(len(series), D1, np.int64)),
        after=np.stack([ask(d) for d in dates]),
    )


def joined(watches: Sequence[Watch]) -> Watch:
    """Return the pixels of several archives as one."""
    along = {"blocks": 0, "wait": 0, "clear": 1, "before": 0, "after": 1}
    return Watch(**{n: np.concatenate([getattr(w, n) for w in watches], axis=axis) for n, axis in along.items()})


def season_medians(cube: Cube) -> Floats:
    """Return (8, Y, X) medians of NDVI and of B11 by quarter of the year; the year's median where one is unseen."""
    month = cube.data["time"].dt.month.values
    found = []
    for values in (cube.ndvi(), cube.data["B11"].values):
        year = np.nanmedian(values, axis=0)
        for season in range(4):
            part = values[month % 12 // 3 == season]
            seen = np.isfinite(part).any(axis=0)
            found.append(np.nanmedian(np.where(seen, part, year), axis=0))
    return np.asarray(found, np.float32)


def nearest_mean(archive: Seen, others: Sequence[Seen]) -> NDArray[np.int64]:
    """Return (Y, X) the class whose mean of seasons, in the other archives, is nearest in standard deviations."""
    x = np.concatenate([o.seasons.reshape(len(o.seasons), -1) for o in others], axis=1)
    y = np.concatenate([o.truth.ravel() for o in others])
    spread = x.std(axis=1)[:, None, None]
    means = [x[:, y == k].mean(axis=1)[:, None, None] for k in range(len(CLASSES))]
    far = [(((archive.seasons - m) / spread) ** 2).sum(axis=0) for m in means]
    return np.asarray(np.argmin(far, axis=0))


def report(archives: Sequence[Seen]) -> str:
    """Return the tables as Markdown."""
    tables = (classes_table, felling_table, wait_table, planting_table, hedge_table)
    return "\n\n".join(make(archives) for make in tables)


def table(title: str, columns: Sequence[str], rows: Sequence[Sequence[object]]) -> str:
    """Return a table as Markdown; its title says that it is simulated."""
    lines = [f"**SIMULATED: {title}**", "", f"| {' | '.join(columns)} |", "|---" * len(columns) + "|"]
    return "\n".join([*lines, *(f"| {' | '.join(str(cell) for cell in row)} |" for row in rows)])


def cases(archives: Sequence[Seen]) -> list[tuple[str, Sequence[Seen]]]:
    """Return each archive with its name, and all of them if there are several."""
    alone: list[tuple[str, Sequence[Seen]]] = [(str(a.seed), [a]) for a in archives]
    return [*alone, ("all", archives)] if len(archives) > 1 else alone


def classes_table(archives: Sequence[Seen]) -> str:
    """Score the map of the last day."""
    baseline = {a.seed: nearest_mean(a, [o for o in archives if o is not a]) for a in archives if len(archives) > 1}
    rows = []
    for name, chosen in cases(archives):
        truth, mapped = (np.concatenate([getattr(a, n).ravel() for a in chosen]) for n in ("truth", "mapped"))
        blocks = Blocks.of(np.concatenate([a.blocks.ravel() for a in chosen]))
        said = [baseline[a.seed].ravel() for a in chosen if baseline]
        theirs = scores(truth, np.concatenate(said), blocks)[1] if said else "-"
        rows.append([name, len(truth), *scores(truth, mapped, blocks), theirs])
    names = ("accuracy", "macro-F1", *(f"F1 {c}" for c in CLASSES), "macro-F1 of the nearest class mean")
    return table("three classes on the last day", ("archive", "pixels", *names), rows)


def scores(truth: NDArray[np.uint8], mapped: NDArray[np.integer], blocks: Blocks) -> list[str]:
    """Return accuracy, macro-F1 and the F1 of each class with intervals; pixels without data are left out."""
    k = len(CLASSES)
    cells = [blocks.add((truth == t) & (mapped == m)) for t in range(k) for m in range(k)]
    confusions = np.stack(cells, axis=-1).reshape(-1, k, k)  # truth down, map across

    def figures(weight: NDArray[np.float64]) -> NDArray[np.float64]:
        c = np.tensordot(weight, confusions, 1)
        f1 = 2 * np.diagonal(c) / (c.sum(axis=0) + c.sum(axis=1))
        return np.array([np.trace(c) / c.sum(), f1.mean(), *f1])

    def one(number: int) -> Interval:
        return interval(lambda weight: float(figures(weight)[number]), blocks)

    return [shown(one(number)) for number in range(2 + k)]


def felling_table(archives: Sequence[Seen]) -> str:
    """Tell what of the clear-cut is found by days of clear sight, and how many false alarms there are."""
    felled, still = (joined([getattr(a, name) for a in archives]) for name in ("felled", "still"))
    found = [(felled.codes(s) == LOSS).mean(axis=1) for s in SIGNIFICANCES]
    false = [(still.codes(s) >= GAIN).mean(axis=1) for s in SIGNIFICANCES]
    rows = []
    for k, days in enumerate(DAYS_AFTER):
        shares = [f"{f[k]:.3f}" for f in found] + [f"{f[k]:.4f}" for f in false]
        rows.append([days, *sight(felled, k), *shares])
    ways = (*(f"loss at {s:g}" for s in SIGNIFICANCES), *(f"false at {s:g}" for s in SIGNIFICANCES))
    title = f"clear-cut of {FELLED}, {len(felled.wait)} pixels; false alarms of {len(still.wait)} others"
    said = ", ".join(f"p({c}) {p:.3f}" for c, p in zip(CLASSES, felled.before.mean(axis=0), strict=True))
    text = table(title, (*SIGHT, *ways), rows)
    return f"{text}\n\nAt D1, {to_date(D1)}, the mean of the pixels to be felled is {said}."


def sight(watch: Watch, k: int) -> list[str]:
    """Return what SIGHT names after the days."""
    p = watch.after[k]
    return [f"{np.median(watch.clear[k]):.0f}", f"{p[:, 0].mean():.3f}", f"{(p.argmax(axis=1) == 0).mean():.3f}"]


def wait_table(archives: Sequence[Seen]) -> str:
    """Tell how long it takes until half of the clear-cut is found, and how much is after the days asked for."""
    rows = []
    for name, chosen in cases(archives):
        felled = joined([a.felled for a in chosen])
        found = [felled.codes(s) == LOSS for s in SIGNIFICANCES]
        waits = [
            next((str(d) for d, f in zip(DAYS_AFTER, each, strict=True) if f.mean() >= 0.5), NEVER) for each in found
        ]
        blocks = Blocks.of(felled.blocks)
        kept = [shown(mean_interval(f[DAYS_AFTER.index(WITHIN)], blocks)) for f in found]
        rows.append([name, len(felled.wait), f"{np.median(felled.wait):.0f}", *waits, *kept])
    ways = [f"half at {s:g}, days" for s in SIGNIFICANCES] + [f"in {WITHIN} days at {s:g}" for s in SIGNIFICANCES]
    columns = ("archive", "pixels", "days to the first clear sight", *ways)
    return table("days of clear sight until half of the clear-cut is found", columns, rows)


def planting_table(archives: Sequence[Seen]) -> str:
    """Tell what of the planting is mapped as open ground, from its first clear sight in the archive."""
    planted = joined([a.planted for a in archives])
    rows = [[days, *sight(planted, k)] for k, days in enumerate(DAYS_AFTER)]
    return table(f"planting, {len(planted.wait)} pixels, from its first clear sight in the archive", SIGHT, rows)


def hedge_table(archives: Sequence[Seen]) -> str:
    """Tell how much of hedges is called canopy, and how much of the canopy near them is there."""
    rows = []
    for name, chosen in cases(archives):
        hedge, mapped, other = (
            np.concatenate([getattr(a, n).ravel() for a in chosen]) for n in ("hedge", "mapped", "other")
        )
        blocks = Blocks.of(np.concatenate([a.blocks.ravel() for a in chosen]))
        near = np.concatenate([is_near(a.hedge >= TRUE).ravel() for a in chosen]) & (other == 0)
        called = np.isin(mapped, (1, 2))
        recalls = [
            mean_interval(called, blocks, where) for where in (hedge >= TRUE, hedge == 4, hedge == 3, hedge == 2)
        ]
        precisions = [mean_interval(hedge >= least, blocks, near & called) for least in (TRUE, 1)]
        rows.append([name, (hedge >= TRUE).sum(), *(shown(f) for f in (*recalls, *precisions))])
    recalls_of = ("recall", "of those wholly hedge", "of those 3/4 hedge", "(1/2 hedge: called canopy)")
    columns = ("archive", "hedge pixels", *recalls_of, "precision within 30 m", "at least 1/4 hedge")
    return table("hedges of 10 m width on the last day", columns, rows)


def is_near(where: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (Y, X) whether a pixel of some lies within 30 m."""
    from scipy.ndimage import distance_transform_edt

    return np.asarray(distance_transform_edt(~where, sampling=10) <= 30) if where.any() else where


def shown(figure: Interval) -> str:
    """Return a figure and its interval, three digits."""
    return f"{figure.value:.3f} [{figure.low:.3f}, {figure.high:.3f}]"


def true_colour(cube: Cube) -> tuple[Floats, date]:
    """Return (Y, X, 3) the reflectance of the clearest summer day."""
    clear = np.isfinite(cube.ndvi()).mean(axis=(1, 2))
    clear[~np.isin(cube.data["time"].dt.month.values, (6, 7))] = -1
    best = int(clear.argmax())
    image = np.stack([cube.data[b].values[best] for b in ("B04", "B03", "B02")], axis=-1)
    return image, to_date(int(cube.axis_days("time")[best]))


def draw(archive: Seen, path: Path) -> None:
    """Draw the window with most hedges: true colour, truth and map."""
    from matplotlib.colors import ListedColormap
    from matplotlib.figure import Figure
    from matplotlib.patches import Patch
    from scipy.ndimage import uniform_filter

    is_hedge = ((archive.hedge >= TRUE) & (archive.other == 0)).astype(np.float64)
    half = PICTURE_PIXELS // 2
    dense = uniform_filter(is_hedge, PICTURE_PIXELS)[half:-half, half:-half]
    row, column = np.unravel_index(dense.argmax(), dense.shape)
    part = (slice(row, row + PICTURE_PIXELS), slice(column, column + PICTURE_PIXELS))
    tints = ["#{:02x}{:02x}{:02x}".format(*e.colour) for e in LEGEND]
    figure = Figure(figsize=(9, 3.7), layout="constrained")
    panels = figure.subplots(1, 3)
    panels[0].imshow(np.clip(np.nan_to_num(archive.colour[part]) / 0.2, 0, 1) ** 0.7, interpolation="nearest")
    for axes, classes in zip(panels[1:], (archive.truth, archive.mapped), strict=True):
        axes.imshow(classes[part], cmap=ListedColormap(tints), vmin=0, vmax=len(LEGEND) - 1, interpolation="nearest")
    for axes, title in zip(panels, (f"true colour, {archive.day}", "truth", "mapped canopy"), strict=True):
        axes.set(xticks=[], yticks=[])
        axes.set_title(title, fontsize=10)
    figure.suptitle("SIMULATED: hedges of 10 m width, 400 m x 400 m, pixels of 10 m", fontsize=11)
    patches = [Patch(color=tint, label=e.label) for tint, e in zip(tints, LEGEND, strict=True)]
    figure.legend(handles=patches, loc="outside lower center", ncols=len(patches), fontsize=9, frameon=False)
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    main()
