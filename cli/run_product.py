"""What `landcast forecast`, `canopy` and `crop` do with their options: check them together, read, carry out, write.

No terminal options here, and no pixels: those are in workers/direct.py and workers/direct_tables.py.
"""

import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from cli.progress import show_progress
from cli.region_file import read_region_file
from core.cube import Series
from core.errors import InvalidOption
from core.product import Checkpoint, Progress
from core.read_settings import read_settings
from core.region import parse_region
from core.settings import Settings
from core.timeline import Period, parse_date, parse_duration, parse_period

if TYPE_CHECKING:
    from models.baselines.blend import Blend

CUBE_ENDINGS = (".nc", ".zarr")
TABLE_ENDINGS = (".parquet", ".csv")
RASTER_ENDINGS = (".tif", *CUBE_ENDINGS)
HORIZON, STEP = "150d", "5d"


@dataclass(frozen=True, kw_only=True)
class Ask:
    """One call of a product's command, as it was typed."""

    product_id: str
    source: Path | None
    """A cube or a table; None = a region of an archive."""
    out: Path
    region: Path | None = None
    archive: str | None = None
    model: str = ""
    """Empty = the product's default."""
    samples: Path | None = None
    targets: Path | None = None
    blend: Path | None = None
    """A forecast is mixed with the baselines as this file says; None = the model's own."""
    layers: list[str] = field(default_factory=list)
    """Empty = all."""
    inputs: Mapping[str, Any] = field(default_factory=dict)
    """What the product is asked: `period`, `date`, `dates`, ..."""

    @property
    def is_table(self) -> bool:
        """Tell whether the input is a table."""
        return self.source is not None and self.source.suffix.lower() in TABLE_ENDINGS

    def option(self, name: str) -> str:
        """Return a text input, empty where it was not given."""
        return str(self.inputs.get(name) or "")


def carry_out(ask: Ask) -> None:
    """Make one product of a cube, a table, or a region of an archive, and write it.

    Raises:
        RequestError: with one sentence; nothing is left behind.
    """
    check(ask)
    settings = read_settings()
    with show_progress(ask.product_id) as progress:
        if ask.is_table:
            _table(ask, settings, progress)
            areas: Mapping[str, Any] = {}
        elif ask.source is not None:
            areas = _cube(ask, ask.source, settings, progress)
        else:
            areas = _region(ask, settings, progress)
    if areas:
        _print_areas(areas)
    print(ask.out)


def _print_areas(areas: Mapping[str, Any]) -> None:
    from products.areas import area_lines

    for line in area_lines(areas):
        print(line)


def check(ask: Ask) -> None:
    """Refuse options that do not go together, before anything is read.

    Raises:
        InvalidOption: names the option and what is possible.
    """
    check_source(ask.source, ask.region, ask.archive)
    _check_out(ask)
    if ask.samples and not ask.is_table:
        raise InvalidOption("--samples", ask.samples, "it belongs to a table of series, and the input is none")
    if ask.targets and not ask.is_table:
        raise InvalidOption("--targets", ask.targets, "it belongs to a table; give --dates or --horizon for cubes")
    ways = [n for n in ("dates", "horizon") if n in ask.inputs] + (["targets"] if ask.targets else [])
    if len(ways) > 1:
        raise InvalidOption("--" + ways[0], ask.option(ways[0]), f"it cannot be combined with --{ways[1]}")
    if "step" in ask.inputs and ("dates" in ask.inputs or ask.targets):
        raise InvalidOption("--step", ask.option("step"), "it belongs to --horizon, and the dates are given already")
    if ask.layers and (ask.is_table or (ask.product_id == "ndvi-forecast" and ask.out.suffix != ".tif")):
        raise InvalidOption("--layers", ",".join(ask.layers), "layers are chosen for maps, and of a forecast for .tif")


def check_source(source: Path | None, region: Path | None, archive: str | None) -> None:
    """Refuse anything but one cube or table that exists, or a region in its place.

    Raises:
        InvalidOption: names the option and what is possible.
    """
    if (source is None) == (region is None):
        raise InvalidOption(
            "INPUT", source or "", "give either a cube or table, or --region with --archive and --period"
        )
    if archive and region is None:
        raise InvalidOption("--archive", archive, "it goes with --region, not with INPUT")
    if source is None:
        return
    if source.suffix.lower() not in (*CUBE_ENDINGS, *TABLE_ENDINGS):
        raise InvalidOption("INPUT", source, "it ends in .nc or .zarr (a cube), .parquet or .csv (a table)")
    if not source.exists():
        raise InvalidOption("INPUT", source, "there is no such file")


def _check_out(ask: Ask) -> None:
    check_out("--out", ask.out, TABLE_ENDINGS if ask.is_table else RASTER_ENDINGS, ask.source)


def check_out(option: str, out: Path, endings: Sequence[str], source: Path | None) -> None:
    """Refuse a file that cannot be written, or that the input would be overwritten by.

    Raises:
        InvalidOption: names the option and the reason.
    """
    if out.suffix not in endings:
        raise InvalidOption(option, out, f"for this input it ends in {', '.join(endings)}")
    if source is not None and out.resolve() == source.resolve():
        raise InvalidOption(option, out, "it is the input itself")
    if out.is_dir() and out.suffix != ".zarr":
        raise InvalidOption(option, out, "it is a folder")
    folder = next(p for p in out.resolve().parents if p.exists())
    if not (folder.is_dir() and os.access(folder, os.W_OK)):
        raise InvalidOption(option, out, f"'{folder}' cannot be written to")


def _cube(ask: Ask, source: Path, settings: Settings, progress: Progress) -> Mapping[str, Any]:
    from ingest.cubes.read import read_cube
    from models.registry import find_checkpoint
    from products.catalogue import find_product
    from products.class_options import filled_in
    from workers.direct import run_cube_file

    product = find_product(ask.product_id)
    checkpoint = find_checkpoint(ask.model, product.task, settings)
    cube = read_cube(source, bands=product.bands)
    asked = product.parse({**ask.inputs, **_blend_input(ask, checkpoint)}, available=cube.period)
    params = filled_in(product, asked, checkpoint)
    return run_cube_file(product, cube.between(params.period), params, checkpoint, ask.out, progress, layers=ask.layers)


def _region(ask: Ask, settings: Settings, progress: Progress) -> Mapping[str, Any]:
    from ingest.build.cube import check_region
    from ingest.preprocess.prepare import Preparation
    from ingest.registry import open_archive
    from models.registry import find_checkpoint
    from products.catalogue import find_product
    from products.class_options import filled_in
    from workers.direct import run_region_file
    from workers.tile import Recipe

    assert ask.region is not None
    region = parse_region(read_region_file(ask.region))
    product = find_product(ask.product_id)
    checkpoint = find_checkpoint(ask.model, product.task, settings)
    archive = open_archive(ask.archive or settings.archive, settings)
    check_region(archive, region)
    asked = product.parse({**ask.inputs, **_blend_input(ask, checkpoint)}, available=archive.period)
    recipe = Recipe(
        product=product,
        params=filled_in(product, asked, checkpoint),
        archive=archive,
        checkpoint=checkpoint,
        region=region,
        preparation=Preparation.from_settings(settings).key(),
    )
    return run_region_file(recipe, ask.out, settings, progress, layers=ask.layers)


def _blend_input(ask: Ask, checkpoint: Checkpoint) -> dict[str, Any]:
    """Return the input `blend` where a blend is given that fits the model."""
    from models.baselines.blend import read_content

    return {} if _blend(ask, checkpoint) is None or ask.blend is None else {"blend": read_content(ask.blend)}


def _blend(ask: Ask, checkpoint: Checkpoint) -> "Blend | None":
    from models.baselines.blend import read_blend

    if ask.blend is None:
        return None
    blend = read_blend(ask.blend)
    blend.check_model(checkpoint, ask.blend)
    return blend


def _table(ask: Ask, settings: Settings, progress: Progress) -> None:
    from ingest.tables import read_series
    from models.registry import find_checkpoint
    from products.catalogue import find_product
    from workers.direct_tables import between, write_table

    assert ask.source is not None
    if ask.option("probabilities"):
        raise InvalidOption("--probabilities", ask.option("probabilities"), "tables always hold floats 0..1")
    for name in ("change", "significance", "mmu", "sets", "applicability", "threshold"):
        if name in ask.inputs:
            raise InvalidOption(f"--{name}", ask.inputs[name], "it belongs to maps, and the input is a table")
    checkpoint = find_checkpoint(ask.model, find_product(ask.product_id).task, settings)
    period = parse_period(ask.option("period")) if ask.option("period") else None
    series = between(read_series(ask.source, ask.samples), period)
    work = _forecast_table if ask.product_id == "ndvi-forecast" else _class_table
    write_table(work(ask, series, checkpoint, progress, period), ask.out)


def _forecast_table(
    ask: Ask, series: Series, checkpoint: Checkpoint, progress: Progress, period: Period | None
) -> pd.DataFrame:
    from products.forecast import check_variables
    from workers.direct_tables import forecast_series

    issue = _day(ask, "issue_date") or (period.end + timedelta(days=1) if period else None)
    return forecast_series(
        series,
        _targets(ask, series, issue),
        checkpoint,
        progress,
        issue_date=issue,
        blend=_blend(ask, checkpoint),
        variables=check_variables(ask.inputs.get("variables") or []),
    )


def _targets(ask: Ask, series: Series, issue: date | None) -> Mapping[str, list[date]]:
    from ingest.tables import read_targets
    from workers.direct_tables import same_targets, targets_ahead

    if ask.targets:
        return read_targets(ask.targets)
    if ask.inputs.get("dates"):
        return same_targets(series, [parse_date(d) for d in ask.inputs["dates"]])
    horizon, step = ask.option("horizon") or HORIZON, ask.option("step") or STEP
    return targets_ahead(series, issue_date=issue, horizon_days=parse_duration(horizon), step_days=parse_duration(step))


def _class_table(
    ask: Ask, series: Series, checkpoint: Checkpoint, progress: Progress, period: Period | None
) -> pd.DataFrame:
    from workers.direct_tables import classify_series

    end = _day(ask, "date") or (period.end if period else None)
    return classify_series(ask.product_id, series, checkpoint, progress, end=end)


def _day(ask: Ask, name: str) -> date | None:
    return parse_date(ask.option(name)) if ask.option(name) else None
