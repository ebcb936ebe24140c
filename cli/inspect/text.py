"""What was found about an input, as lines for people."""

from collections.abc import Iterator, Sequence
from datetime import date

from cli.inspect.look import Counts, Inspected, Place
from cli.inspect.observations import GROUPS, Seen, band_groups
from cli.inspect.vectors import USES
from core.text_table import text_table

NUMBER_OF_MONTHS = 12


def render(found: Inspected) -> str:
    """Return all lines."""
    return "\n".join(
        [
            "\n  ".join(found.summary.lines()),
            *(f"Note: {reason}" for reason in found.failures),
            *_facts(found),
            *_verdicts("What each product makes of it:", found.products or {}),
            *_verdicts("What it can be used as:", {USES[name]: text for name, text in (found.uses or {}).items()}),
        ]
    )


def months_text(months: Sequence[int]) -> str:
    """Return months as ranges: `Jan-Mar, Jun`; `all months`; `no month`."""
    if len(months) in (0, NUMBER_OF_MONTHS):
        return "all months" if months else "no month"
    runs: list[list[int]] = []
    for month in months:
        if runs and month == runs[-1][-1] + 1:
            runs[-1].append(month)
        else:
            runs.append([month])
    return ", ".join(_name(r[0]) if len(r) == 1 else f"{_name(r[0])}-{_name(r[-1])}" for r in runs)


def _facts(found: Inspected) -> Iterator[str]:
    if found.place:
        yield _place(found.place)
    if found.bounds_wgs84:
        yield f"extent: {_extent(found.bounds_wgs84)}"
    if found.counts:
        yield _counts(found.counts)
    if found.bands:
        yield _groups(found.bands)
    if found.seen:
        yield from _seen(found.seen)


def _place(place: Place) -> str:
    rows, columns = place.shape_yx
    return (
        f"extent: {_extent(place.bounds_wgs84)}; {rows:,} x {columns:,} (rows x columns) pixels of "
        f"{place.pixel_m:g} m in {place.crs}"
    )


def _extent(bounds: tuple[float, float, float, float]) -> str:
    west, south, east, north = bounds
    return f"{west:.4f} to {east:.4f} degrees east, {south:.4f} to {north:.4f} degrees north"


def _counts(counts: Counts) -> str:
    return (
        f"series: {counts.series:,}, with {counts.dates_least} to {counts.dates_most} dates each "
        f"(median {counts.dates_median})"
    )


def _groups(bands: Sequence[str]) -> str:
    held = band_groups(bands)
    missing = [name for name in GROUPS if name not in held]
    text = "; ".join(f"{name} ({' '.join(names)})" for name, names in held.items())
    return f"band groups: {text}" + (f"; without {', '.join(missing)}" if missing else "")


def _seen(seen: Seen) -> Iterator[str]:
    yield f"clear: {100 * seen.clear_share:.0f} % ({seen.basis})"
    for year, found in seen.by_year().items():
        yield f"  {year}: {found.dates} dates, clear in {months_text(found.clear_months)}"


def _verdicts(heading: str, verdicts: dict[str, str]) -> Iterator[str]:
    if verdicts:
        yield heading
        yield from (f"  {line}" for line in text_table(list(verdicts.items()), left=2).splitlines())


def _name(month: int) -> str:
    return date(2000, month, 1).strftime("%b")
