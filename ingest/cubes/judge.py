"""How the numbers of a cube file are stored, told from its attributes and from a sample of its pixels.

The sample grows until it shows something: the middle of some dates first, then more dates and places, then everything.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import xarray as xr
from numpy.typing import NDArray

from core.bands import OPTICAL_NAMES, WEATHER_NAMES
from core.errors import DoubtfulNumbers, InvalidCube
from core.source import listed
from ingest.cubes.arrange import yx_of
from ingest.cubes.layout import Layout
from ingest.cubes.open_file import RemoteCube
from ingest.rules.numbers import Coding, doubt, find_coding, is_stated, stated_coding
from ingest.rules.scales import DN_SCALE, doubtful, impossible_share, judge_scale, known, too_dark

SAMPLE_DATES, SAMPLE_PIXELS = (8, 24), 16
"""Dates of the first and the second sample, and the edge of a block of pixels in it."""
LEAST_NDVI = 2000.0
"""In ten-thousandths: an input whose NDVI stays below 0.2 may as well be in thousandths, or in percent."""
ENOUGH = 200
"""So many numbers that are data tell how a variable is stored; fewer are looked for elsewhere in the file."""
MAX_WHOLE = 50_000_000
"""Most numbers of a variable that are read to find any data in it."""


@dataclass(frozen=True, kw_only=True)
class Numbers:
    """How the bands of a file are stored."""

    codings: Mapping[str, Coding]
    """Band to its coding; without the bands that were left out."""
    taken: tuple[str, ...] = ()
    remarks: tuple[str, ...] = ()


def judge_numbers(path: Path | RemoteCube, data: xr.Dataset, layout: Layout) -> Numbers:
    """Find the coding of each band; a band whose numbers mean something else is left out, unless NDVI needs it.

    Raises:
        InvalidCube: the scale of the optical bands cannot be told, or red or near infrared is doubtful.
    """
    samples = {b: _sample(data[n]) for b, n in layout.variables.items()}
    attrs = {b: _attributes(data[n]) for b, n in layout.variables.items()}
    optical = [b for b in OPTICAL_NAMES if b in samples]
    silent = [b for b in optical if not is_stated(attrs[b])]
    codings = _optical_codings(path, samples, attrs, optical, silent)
    for band in (b for b in samples if b not in optical):
        codings[band] = _other_coding(path, data, layout, band, attrs[band], samples[band])
    doubts = _doubts(samples, codings, optical)
    _check_needed(path, layout, doubts)
    return Numbers(
        codings={b: codings[b] for b in samples if b not in doubts},
        taken=_said_of_scale(codings, optical, silent),
        remarks=(*_said_of_doubts(layout, doubts), *_said_of_impossible(samples, codings, optical, doubts)),
    )


def judge_mask(path: Path | RemoteCube, data: xr.Dataset, layout: Layout) -> None:
    """Refuse a mask that holds texts, or that calls nothing in the file clear: its codes mean something else.

    Raises:
        DoubtfulNumbers: names the mask and its numbers.
    """
    mask = layout.mask
    if mask is None:
        return
    if data[mask.name].dtype.kind not in "biuf":
        raise DoubtfulNumbers(path, mask.doubt(np.empty(0, data[mask.name].dtype)))
    reason = ""
    for sample in _samples(data[mask.name]):
        if not (reason := mask.hides_all(sample)):
            return
    advice = f"give --mask {mask.name}=clear or --mask {mask.name}=cloud for what 1 is, or --mask none"
    raise DoubtfulNumbers(path, f"{reason}; {advice}")


def _optical_codings(
    path: Path | RemoteCube,
    samples: Mapping[str, NDArray[Any]],
    attrs: Mapping[str, Mapping[str, Any]],
    optical: Sequence[str],
    silent: Sequence[str],
) -> dict[str, Coding]:
    """Return the codings of the optical bands; those that state no scale are judged together."""
    codings = {b: stated_coding(attrs[b]) for b in optical}
    fills = [f for b in silent for f in codings[b].fills]
    judged = judge_scale({b: samples[b] for b in silent}, fills)
    if judged.doubt:
        names = listed(list(silent))
        advice = "write their scale into the attribute scale_factor"
        raise InvalidCube(path, f"its bands {names} hold {judged.doubt}; {advice}")
    codings |= {b: replace(codings[b], scale=judged.scale) for b in silent}
    if reason := too_dark({b: samples[b] for b in optical}, codings):
        raise InvalidCube(path, f"with the scale that it states its {reason}; correct its attribute scale_factor")
    return codings


def _other_coding(
    path: Path | RemoteCube,
    data: xr.Dataset,
    layout: Layout,
    band: str,
    attrs: Mapping[str, Any],
    sample: NDArray[Any],
) -> Coding:
    name = layout.variables[band]
    coding = find_coding(band, attrs, sample, where=f"{path.name}:{name}")
    if "precipitation" in name.lower() and "flux" in name.lower():  # AgERA5: mm per day (doi:10.24381/cds.6c68c9bb)
        return replace(coding, unit="mm")
    return coding


def _doubts(
    samples: Mapping[str, NDArray[Any]], codings: Mapping[str, Coding], optical: Sequence[str]
) -> dict[str, str]:
    """Return the bands whose numbers mean something else, with the reason."""
    reasons = {
        b: doubtful(b, samples[b], codings[b]) if b in optical else doubt(b, samples[b], codings[b]) for b in samples
    }
    index = codings.get("NDVI")
    if index is not None and index.scale == DN_SCALE and known(samples["NDVI"]).max(initial=0) < LEAST_NDVI:
        top = known(samples["NDVI"]).max(initial=0)
        reasons["NDVI"] = reasons["NDVI"] or f"its numbers reach only {top:g}; state their scale in scale_factor"
    return {b: reason for b, reason in reasons.items() if reason}


def _check_needed(path: Path | RemoteCube, layout: Layout, doubts: Mapping[str, str]) -> None:
    needed = ["NDVI"] if layout.has_index_only else ["B04", layout.nir]
    for band in needed:
        if band in doubts:
            raise InvalidCube(path, f"'{layout.variables[band]}' ({band}) cannot be used: {doubts[band]}")


def _said_of_scale(codings: Mapping[str, Coding], optical: Sequence[str], silent: Sequence[str]) -> tuple[str, ...]:
    def phrase(band: str) -> str:
        coding = codings[band]
        return f"{coding.scale:g}" + (f", offset {coding.offset:g}" if coding.offset else "")

    stated = {
        phrase(b): [o for o in optical if o not in silent and phrase(o) == phrase(b)]
        for b in optical
        if b not in silent
    }
    told = {phrase(b): [o for o in silent if phrase(o) == phrase(b)] for b in silent}
    lines = [f"scale of {listed(bands)}: {text}, as stated" for text, bands in stated.items()]
    return (
        *lines,
        *(f"scale of {listed(bands)}: {text}, by the size of their numbers" for text, bands in told.items()),
    )


def _said_of_doubts(layout: Layout, doubts: Mapping[str, str]) -> Iterator[str]:
    return (f"'{layout.variables[b]}' ({b}) was left out: {reason}." for b, reason in doubts.items())


def _said_of_impossible(
    samples: Mapping[str, NDArray[Any]],
    codings: Mapping[str, Coding],
    optical: Sequence[str],
    doubts: Mapping[str, str],
) -> Iterator[str]:
    for band in (b for b in optical if b not in doubts):
        if share := impossible_share(band, samples[band], codings[band]):
            yield f"{share:.0%} of the numbers of {band} are no reflectance (-0.1 to 2.5) and are read as unseen."


def _attributes(variable: xr.DataArray) -> dict[str, Any]:
    """Return the attributes of a variable, with the fill value that Zarr keeps elsewhere."""
    return {**variable.encoding, **variable.attrs} if "_FillValue" in variable.encoding else dict(variable.attrs)


def _sample(variable: xr.DataArray) -> NDArray[Any]:
    """Return some stored numbers, with data among them if the variable has any."""
    found: NDArray[Any] = np.empty(0, variable.dtype)
    for sample in _samples(variable):
        found = sample
        if known(found).size >= min(ENOUGH, variable.size):
            break
    return found


def _samples(variable: xr.DataArray) -> Iterator[NDArray[Any]]:
    """Yield larger and larger samples."""
    yield _read_at(variable, SAMPLE_DATES[0], [(0.5, 0.5)])
    yield _read_at(variable, SAMPLE_DATES[1], [(0.5, 0.5), (0.15, 0.15), (0.15, 0.85), (0.85, 0.15), (0.85, 0.85)])
    step = -(-variable.size // MAX_WHOLE)
    times = [d for d in variable.dims if d not in (yx_of(variable) or ())]
    yield np.asarray(variable.isel({t: slice(None, None, step) for t in times[:1]}).values).ravel()


def _read_at(variable: xr.DataArray, dates: int, places: Sequence[tuple[float, float]]) -> NDArray[Any]:
    """Return the numbers of some dates, spread over the axis, in blocks at places in shares of the edges."""
    axes = yx_of(variable) or ()
    at: dict[str, Any] = {
        str(d): np.unique(np.linspace(0, max(n - 1, 0), min(dates, n)).astype(int))
        for d, n in variable.sizes.items()
        if str(d) not in axes
    }
    if not axes or str(variable.name) in WEATHER_NAMES:
        return np.asarray(variable.isel(at).values).ravel()
    part = [np.asarray(variable.isel({**at, **_block(variable, axes, place)}).values).ravel() for place in places]
    return np.concatenate(part)


def _block(variable: xr.DataArray, axes: tuple[str, ...], place: tuple[float, float]) -> dict[str, slice]:
    sizes = [variable.sizes[axis] for axis in axes]
    firsts = [
        int(np.clip(share * n - SAMPLE_PIXELS / 2, 0, max(0, n - SAMPLE_PIXELS)))
        for share, n in zip(place, sizes, strict=True)
    ]
    return {axis: slice(first, first + SAMPLE_PIXELS) for axis, first in zip(axes, firsts, strict=True)}
