"""The texts and tables of a report, from the facts of a map. How they are laid out: page.py and sheet.py."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from pyproj import CRS, Transformer

from core.bands import NDVI
from core.product import Layer, Variable
from outputs.map_report.facts import MapFacts
from outputs.map_report.pixels import median_of, shares_between, step_of, values
from outputs.map_report.sureness import Rows, Sureness, sureness
from outputs.plots.quicklook import degrees
from outputs.provenance import SIMULATED
from outputs.reports.numbers import NOT_DEFINED, number, percent
from outputs.reports.report import Table
from products.catalogue import PRODUCTS, find_product
from products.evidence import evidence_line

MOST_PANELS, MOST_DATES, MOST_CLASSES, MOST_NOTES, MOST_REASONS = 3, 8, 12, 3, 2
HECTARES_IN_KM2 = 100.0
PERCENTILE_EDGES = (10.0, 90.0)


@dataclass(frozen=True, kw_only=True)
class MapReport:
    """Everything that a reader is shown of one map."""

    title: str
    where: str
    """Place and size, one sentence without a full stop."""
    when: str
    """What the map is of, one sentence without a full stop."""
    caution: str
    """What makes all of it doubtful, such as simulated data; empty = nothing."""
    layers: tuple[Layer, ...]
    """One to three that are drawn."""
    amounts: Table
    """Areas with intervals, or values by date."""
    sure: tuple[Sureness, ...]
    sure_notes: tuple[str, ...]
    missing: tuple[str, ...]
    """Sentences on where the map says nothing, and notes to read before it."""
    sources: tuple[str, ...]
    provenance: Rows


def compose(facts: MapFacts, *, title: str = "") -> MapReport:
    """Return the content of a report.

    Args:
        facts: of the map.
        title: instead of the product's; the product is then named with the date.
    """
    layers = drawn_layers(facts)
    own = " ".join(title.split())
    return MapReport(
        title=own or facts.title,
        where=_where(facts),
        when=f"{facts.title}: {_when(facts, layers)}" if own else _capital(_when(facts, layers)),
        caution=SIMULATED if facts.is_simulated else "",
        layers=layers,
        amounts=_amounts(facts, layers),
        sure=sureness(facts.raster),
        sure_notes=tuple(_sure_notes(facts)),
        missing=tuple(_missing(facts)),
        sources=tuple(_sources(facts)),
        provenance=tuple(_provenance(facts)),
    )


def drawn_layers(facts: MapFacts) -> tuple[Layer, ...]:
    """Return what the product shows, else the first layer."""
    layers = facts.raster.layers
    shown = find_product(facts.product).shown(layers) if facts.product in PRODUCTS else ()
    return tuple(shown[:MOST_PANELS]) or layers[:1]


def _where(facts: MapFacts) -> str:
    window = facts.raster.window
    west, south, east, north = window.bounds
    move = Transformer.from_crs(window.crs, "EPSG:4326", always_xy=True)
    longitude, latitude = move.transform((west + east) / 2, (south + north) / 2)
    crs = CRS.from_user_input(window.crs)
    name = crs.name.rpartition(" / ")[2] or crs.name
    size = f"{_area(facts.region.area_km2)}, " if facts.region else ""
    return f"{size}centre {degrees(latitude, 'NS')} {degrees(longitude, 'EW')}, {name} ({window.crs})"


def _area(km2: float) -> str:
    """Return an area in the unit that people would choose."""
    if km2 >= 10:
        return f"{km2:,.0f} km²"
    return f"{km2:.2f} km²" if km2 >= 1 else f"{km2 * HECTARES_IN_KM2:.2f} ha"


def _when(facts: MapFacts, layers: Sequence[Layer]) -> str:
    dates = sorted({v.date for v in facts.raster.layers if v.date})
    if facts.issue_date and dates:
        return f"forecast issued on {facts.issue_date} for {_span(dates)}"
    if layers[0].variable == Variable.CHANGE and len(dates) > 1:
        return f"change from {dates[0]} to {dates[-1]}"
    if dates:
        return f"map of {_span(dates)}"
    return f"map from observations of {facts.period.replace('/', ' to ')}" if facts.period else "map without a date"


def _span(dates: Sequence[str]) -> str:
    return dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"


def _capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def _amounts(facts: MapFacts, layers: Sequence[Layer]) -> Table:
    if facts.areas.get("classes"):
        return _area_table(facts)
    if any(v.variable == NDVI.name and v.is_median for v in facts.raster.layers):
        return _date_table(facts)
    if layers[0].variable == Variable.PERCENTILE:
        return _percentile_table(facts, layers[0])
    row = (layers[0].description, number(median_of(facts.raster, layers[0])))
    return Table(title="Value of the typical pixel", heads=("layer", "median"), rows=(row,))


def _area_table(facts: MapFacts) -> Table:
    rows = [_area_row(row) for row in facts.areas["classes"]]
    left_out = len(rows) - MOST_CLASSES
    if left_out > 0:
        rows = [*rows[:MOST_CLASSES], (f"{left_out} further classes", "", "", "")]
    all_of_it = ("all that was mapped", _hectares(facts.areas["total_ha"]), "", "")
    return Table(
        title="Area in hectares",
        heads=("class", "counted", "expected", "95 % interval"),
        rows=[*rows, all_of_it],
        note="Counted: pixels of the class. Expected: sum of its probabilities, with the interval of that sum; errors "
        "that the model makes everywhere are not in it.",
    )


def _area_row(row: dict[str, object]) -> tuple[str, str, str, str]:
    expected = _hectares(row.get("expected_ha"))
    ends = f"{_hectares(row.get('low_ha'))} to {_hectares(row.get('high_ha'))}"
    is_known = row.get("expected_ha") is not None
    return str(row["label"]), _hectares(row["mapped_ha"]), expected, ends if is_known else NOT_DEFINED


def _hectares(value: object) -> str:
    if not isinstance(value, int | float):
        return NOT_DEFINED
    return f"{value:,.0f}" if value >= 1000 else f"{value:,.2f}"


def _date_table(facts: MapFacts) -> Table:
    dates = sorted({v.date for v in facts.raster.layers if v.variable == NDVI.name and v.is_median})
    step = max(1, math.ceil((len(dates) - 1) / (MOST_DATES - 1)))
    chosen = sorted({*dates[::step], dates[-1]})[-MOST_DATES:]
    by_meaning = {(v.date, v.quantile): v for v in facts.raster.layers if v.variable == NDVI.name}
    return Table(
        title="NDVI of the typical pixel",
        heads=("date", "median", "90 % interval"),
        rows=[_date_row(facts, day, by_meaning) for day in chosen],
        note="Median over the pixels of each pixel's median, and of the ends of its interval.",
    )


def _date_row(facts: MapFacts, day: str, by_meaning: dict[tuple[str, float | None], Layer]) -> tuple[str, str, str]:
    low, middle, high = (
        median_of(facts.raster, by_meaning[day, q]) if (day, q) in by_meaning else math.nan for q in (0.05, 0.5, 0.95)
    )
    is_whole = not math.isnan(low) and not math.isnan(high)
    return day, _two(middle), f"{_two(low)} to {_two(high)}" if is_whole else NOT_DEFINED


def _two(value: float) -> str:
    return NOT_DEFINED if math.isnan(value) else f"{value:.2f}"


def _percentile_table(facts: MapFacts, layer: Layer) -> Table:
    found = values(facts.raster, layer, step=step_of(facts.raster))
    names = ("below what was expected (percentile under 10)", "as expected", "above (percentile from 90)")
    shares = shares_between(found, PERCENTILE_EDGES)
    rows = [(name, percent(share, decimals=0)) for name, share in zip(names, shares, strict=True)]
    return Table(title="NDVI against what was expected", heads=("range", "share of pixels"), rows=rows)


def _sure_notes(facts: MapFacts) -> Iterator[str]:
    if line := evidence_line(facts.evidence):
        yield line
    if outside := facts.areas.get("applicability"):
        yield f"{percent(outside['outside_share'])} of the pixels are unlike the training data of the model."
    step = step_of(facts.raster)
    if step > 1:
        yield f"Shares are of every {step}th pixel in rows and columns."


def _missing(facts: MapFacts) -> Iterator[str]:
    if facts.gap_count:
        reasons = dict.fromkeys(str(gap["properties"].get("reason", "")).rstrip(".") for gap in facts.gaps)
        text = "; ".join([*reasons][:MOST_REASONS])
        parts = "1 part" if facts.gap_count == 1 else f"{facts.gap_count} parts"
        yield f"{parts} of the region could not be made (hatched){f': {text}' if text else ''}."
    else:
        yield "Each part of the region that the archive covers was made."
    if facts.seen_share is not None:
        yield _unseen(facts.seen_share)
    elif not any_seen(facts):
        yield "No pixel has data: nothing was seen clearly."
    if facts.completeness is not None:
        yield f"{percent(facts.completeness)} of the reads of scenes succeeded."
    yield from facts.notes[:MOST_NOTES]
    if more := len(facts.notes[MOST_NOTES:]):
        yield "1 further note is in the file." if more == 1 else f"{more} further notes are in the file."


def _unseen(seen_share: float) -> str:
    missing = percent(1 - seen_share)
    if missing == percent(0):
        return "All of the region has data."
    return f"{missing} of the region has no data: it was not seen clearly, or was left out."


def any_seen(facts: MapFacts) -> bool:
    """Tell whether any pixel that is looked at has data."""
    found = values(facts.raster, facts.raster.layers[0], step=step_of(facts.raster))
    return bool((found == found).any())


def _sources(facts: MapFacts) -> Iterator[str]:
    scenes = "" if facts.scenes is None else "1 scene of " if facts.scenes == 1 else f"{facts.scenes:,} scenes of "
    days = f", {facts.period.replace('/', ' to ')}" if facts.period else ""
    yield f"Observations: {scenes}the archive '{facts.archive}'{days}."
    if facts.attribution:
        is_named = facts.attribution.lower().startswith(("licence", "license"))
        yield facts.attribution if is_named else f"Licence and credit: {facts.attribution}"


def _provenance(facts: MapFacts) -> Iterator[tuple[str, str]]:
    model = " ".join(part for part in (facts.model, facts.model_version) if part)
    rows = {
        "product": facts.product,
        "model": model or "none",
        "weights sha256": facts.model_sha256,
        "issue date": facts.issue_date,
        "software": f"landcast {facts.version}" if facts.version else "",
        "ran on": facts.backend,
        "ordered": facts.created,
        "job": facts.job_id,
        "file": facts.raster.path.name,
        "file sha256": facts.sha256,
    }
    yield from ((name, text) for name, text in rows.items() if text)
