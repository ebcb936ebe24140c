"""What a cube file was taken for, in words: bands, mask, scale, dates, pixels, and what was left out."""

import re
from pathlib import Path

import numpy as np
from pyproj import CRS

from core.bands import OPTICAL_NAMES
from core.ground.scale import ground_edge_m
from core.source import InputSummary, ReadAs, counted, listed
from core.timeline import to_date
from ingest.cubes.judge import Numbers
from ingest.cubes.layout import AXES, Layout
from ingest.cubes.open_file import RemoteCube
from ingest.rules.band_names import Family, plain
from ingest.rules.dates import unlikely_dates
from ingest.rules.masks import RULES, mask_like

USUAL = re.compile(
    r"b0?1|b0?9|b10|coastal|nir09|visual|tci|aot|wvp|.*(?:angle|azimuth|zenith).*|dem|elevation|slope|aspect|altitude|"
    r"snw|snow|avail|data_?mask|msk_.*|.*label.*|.*worldcereal.*|.*tree_cover.*|spectral_.*"
)
"""Names, plain, that files of Sentinel-2 often hold beside its bands: they are listed, and no reason for a remark."""
SIZED = re.compile(r"_\d{1,3}m$")
KINDS = {"time": "dates", "time_s1": "radar dates", "time_weather": "weather dates"}


def summarise(path: Path | RemoteCube, layout: Layout, numbers: Numbers, read_as: ReadAs) -> InputSummary:
    """Describe a cube file."""
    usual, unknown = _unused(layout, read_as)
    taken = [_bands(layout, numbers), *numbers.taken, _mask(layout, read_as), *_dates(layout, numbers)]
    taken += [_pixels(layout), _coarser(layout), _others(usual), _given(read_as)]
    remarks = [*layout.remarks, *_doubled(layout), _unknown(unknown), _maskless(layout, numbers, unknown, read_as)]
    remarks += [
        *numbers.remarks,
        *_joined(layout, numbers),
        _resampled(layout),
        _enlarged(layout),
        _odd_dates(layout, numbers),
    ]
    return InputSummary(
        name=path.name,
        layout=layout.kind,
        taken=tuple(t for t in taken if t),
        remarks=tuple(r for r in remarks if r),
    )


def _bands(layout: Layout, numbers: Numbers) -> str:
    names = [b if b == n else f"{b} from '{n}'" for b, n in layout.variables.items() if b in numbers.codings]
    sensor = f" ({layout.names.family.value})" if layout.names.family is not Family.SENTINEL_2 else ""
    return f"bands{sensor}: {listed(names, most=20)}"


def _mask(layout: Layout, read_as: ReadAs) -> str:
    if layout.mask is None:
        return "mask: none is used, as given" if read_as.mask else ""
    return layout.mask.describe()


def _dates(layout: Layout, numbers: Numbers) -> list[str]:
    lines = []
    for axis, kind in KINDS.items():
        days = _days(layout, numbers, axis)
        if len(days):
            many = len(np.unique(days))
            lines.append(f"{kind}: {many} from {to_date(int(days.min()))} to {to_date(int(days.max()))}")
    return lines


def _days(layout: Layout, numbers: Numbers, axis: str) -> np.ndarray:
    """Return the days of all entries of an axis of a Cube."""
    names = [n for b, n in layout.variables.items() if AXES[b] == axis and b in numbers.codings]
    dims = sorted({layout.time_dims[n] for n in names})
    return np.concatenate([layout.days[d] for d in dims]) if dims else np.empty(0, np.int32)


def _pixels(layout: Layout) -> str:
    rows, columns = layout.window.shape_yx
    crs = layout.window.crs if layout.window.crs.startswith("EPSG:") else "a CRS without an EPSG code"
    return f"pixels: {rows} x {columns} (rows x columns) of {layout.window.resolution_m:g} m, {crs}"


def _coarser(layout: Layout) -> str:
    if layout.is_resampled:
        return ""
    other = [n for n, lattice in layout.lattices.items() if not lattice.is_that_of(layout.window)]
    return f"resampled from coarser pixels, bilinearly (a mask by the nearest): {listed(other)}" if other else ""


def _unused(layout: Layout, read_as: ReadAs) -> tuple[list[str], list[str]]:
    """Return the variables that are not used: those that such files often hold, and others."""
    known = {name for rule in RULES for name in rule.names}
    free = [n for n in layout.names.ignored if layout.mask is None or n != layout.mask.name]
    has_choice = layout.mask is not None or bool(read_as.mask)
    masks = [*mask_like(free), *(n for n in free if plain(n) in known)] if has_choice else []
    is_usual = {n: bool(USUAL.fullmatch(plain(n))) or n in masks for n in free}
    return [n for n in free if is_usual[n]], [n for n in free if not is_usual[n]]


def _others(usual: list[str]) -> str:
    return f"not used: {listed(usual)}" if usual else ""


def _unknown(unknown: list[str]) -> str:
    if not unknown:
        return ""
    return f"Not used, as their meaning is not known: {listed(unknown)} (--band and --mask use them)."


def _given(read_as: ReadAs) -> str:
    parts = [f"{ours} is '{theirs}'" for ours, theirs in read_as.bands.items()]
    if read_as.offset is not None:
        since = f" from {read_as.offset_from} on" if read_as.offset_from else ""
        parts.append(f"offset {read_as.offset:g}{since}")
    parts += [f"CRS {read_as.crs}"] if read_as.crs else []
    return f"as given: {', '.join(parts)}" if parts else ""


def _doubled(layout: Layout) -> list[str]:
    meant = layout.names.assignments
    names = [n for n in layout.names.doubled if not SIZED.search(n)]
    return [
        f"'{n}' was left out, as '{layout.variables[meant[n]]}' is {meant[n]} as well." for n in names if n in meant
    ]


def _maskless(layout: Layout, numbers: Numbers, unknown: list[str], read_as: ReadAs) -> str:
    """Return the remark that nothing is masked."""
    if layout.mask is not None or read_as.mask or not set(numbers.codings) & {*OPTICAL_NAMES, "NDVI"}:
        return ""
    maybe = mask_like(unknown)
    advice = f" If '{maybe[0]}' is one, give --mask {maybe[0]}=cloud or --mask {maybe[0]}=clear." if maybe else ""
    return f"No cloud mask was found: every observation is taken as clear.{advice}"


def _enlarged(layout: Layout) -> str:
    """Return the remark that pixels are others on the ground than in their CRS."""
    window = layout.window
    edge_m = ground_edge_m(window)
    if edge_m == window.resolution_m:
        return ""
    name = CRS.from_user_input(window.crs).name
    size = f"Pixels of {window.resolution_m:g} m in its CRS ({name})"
    return f"{size} have edges of {edge_m:g} m on the ground, by which areas are computed."


def _odd_dates(layout: Layout, numbers: Numbers) -> str:
    days = np.unique(_days(layout, numbers, "time"))
    return unlikely_dates(days, [b for b in numbers.codings if AXES[b] == "time"])


def _joined(layout: Layout, numbers: Numbers) -> list[str]:
    lines = []
    for axis, kind in KINDS.items():
        _, counts = np.unique(_days(layout, numbers, axis), return_counts=True)
        dims = {layout.time_dims[n] for b, n in layout.variables.items() if AXES[b] == axis and b in numbers.codings}
        joined = int((counts > len(dims)).sum())
        if joined:
            lines.append(f"{counted(joined, 'day has', 'days have')} several {kind}; the first clear value counts.")
    return lines


def _resampled(layout: Layout) -> str:
    if not layout.is_resampled:
        return ""
    return f"Its pixels are in degrees; they were resampled to {layout.window.resolution_m:g} m in {layout.window.crs}."
