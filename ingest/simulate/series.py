"""Simulated series of single pixels, to train on beside measured ones. Writes nothing; no sample archive here."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.bands import CHANNELS, OPTICAL_NAMES, Floats, channel, ndvi
from core.cube import Series
from core.timeline import to_day
from ingest.simulate.calendars import CROP_NAMES
from ingest.simulate.clouds import add_measurement_noise, clear_overpasses, soil_moisture, sun_zenith
from ingest.simulate.ground import Ground
from ingest.simulate.phenology import Stands, grow
from ingest.simulate.radar import Pass
from ingest.simulate.spectra import spectral_table
from ingest.simulate.stands import draw_stands

FIRST_YEAR = 2017
START = date(FIRST_YEAR, 1, 1)
STEP_DAYS = 5
DATES = 292
"""Four years of overpasses; the first one falls on any day of FIRST_YEAR."""
YEARS = 6
"""Four and a bit, plus the year whose winter crops are sown in the last autumn."""
CONIFER = 1
"""Canopy of what is felled."""
CHUNK = 2000
"""Series made at once, so that memory stays below a few hundred MB."""
MAX_SUN_ZENITH = 75.0
"""Degrees; lower suns give no usable reflectance."""


@dataclass(frozen=True, kw_only=True)
class Kind:
    """One kind of place that series are drawn from."""

    share: float
    """Of all series."""
    cover: str
    """`cropland`, `double cropping` or a key of phenology.COVERS."""
    other: str = ""
    """Cover mixed into the pixel; empty = the same cover."""
    other_share: tuple[float, float] = (0.0, 0.0)
    """Smallest and largest share of the other cover."""
    canopy: int = 0
    """0 none, 1 conifer, 2 broadleaf, at the end of the series."""
    crop: int = 0
    climate: str = "temperate"
    """`temperate`, `warm` or `mild`."""
    is_narrow: bool = False
    """A strip of the main cover: its pixels of 20 m hold more of the other cover than those of 10 m."""


KINDS = {
    "cropland": Kind(share=0.29, cover="cropland", other="grassland", other_share=(0, 0.1), crop=1),
    "double cropping": Kind(share=0.05, cover="double cropping", crop=1, climate="warm"),
    "grassland": Kind(share=0.14, cover="grassland", other="broadleaf", other_share=(0, 0.12)),
    "conifer forest": Kind(share=0.10, cover="conifer", other="broadleaf", other_share=(0, 0.25), canopy=1),
    "conifer forest, dying": Kind(share=0.025, cover="conifer", other="clearing", other_share=(0, 0.2), canopy=1),
    "broadleaf forest": Kind(share=0.11, cover="broadleaf", other="conifer", other_share=(0, 0.2), canopy=2),
    "mixed forest": Kind(share=0.05, cover="conifer", other="broadleaf", other_share=(0.25, 0.75), canopy=1),
    "evergreen forest": Kind(share=0.05, cover="evergreen", canopy=2, climate="warm"),
    "evergreen woodland": Kind(
        share=0.02, cover="evergreen", other="shrubland", other_share=(0.1, 0.4), canopy=2, climate="mild"
    ),
    "savanna": Kind(share=0.04, cover="savanna", other="evergreen", other_share=(0, 0.2), climate="warm"),
    "shrubland": Kind(share=0.025, cover="shrubland", other="bare", other_share=(0, 0.5), climate="mild"),
    "clear-cut": Kind(share=0.03, cover="conifer", other="broadleaf", other_share=(0, 0.2)),
    "plantation": Kind(share=0.01, cover="conifer"),
    "bare": Kind(share=0.01, cover="bare"),
    "water": Kind(share=0.02, cover="water"),
    "built-up": Kind(share=0.03, cover="built-up", other="grassland", other_share=(0.05, 0.55)),
}
"""Mixed forest counts as the kind of tree that holds the larger share."""
CANOPY_KINDS = {
    **KINDS,
    "clear-cut": replace(KINDS["clear-cut"], share=0.08),
    "hedge by a meadow": Kind(
        share=0.04, cover="broadleaf", other="grassland", other_share=(0, 0.45), canopy=2, is_narrow=True
    ),
    "hedge by a field": Kind(
        share=0.04, cover="broadleaf", other="cropland", other_share=(0, 0.45), canopy=2, is_narrow=True
    ),
    "meadow by trees": Kind(share=0.03, cover="grassland", other="broadleaf", other_share=(0.1, 0.45)),
    "field by trees": Kind(share=0.03, cover="cropland", other="broadleaf", other_share=(0.1, 0.45), crop=1),
}
"""With more fellings, and borders of trees: a pixel counts as canopy where more than half of it is."""
FINE = ("B02", "B03", "B04", "B08")
"""Bands with pixels of 10 m; those of the others are 20 m wide."""
NARROW_SHARE = (0.4, 1.0)
"""Range of the ratio between the shares of a narrow main cover in pixels of 20 m and of 10 m."""


def sample_series(rng: np.random.Generator, n: int, kinds: Mapping[str, Kind] = KINDS) -> tuple[Series, pd.DataFrame]:
    """Simulate independent pixel series: overpasses every five days for four years, with clouds, noise and radar.

    Radar lies on the optical dates (Sentinel-1 passes are moved by at most two days), on every one, every second one or
    none. Weather channels and terrain are NaN: a simulation would only teach its own assumptions.

    Args:
        rng: the same state gives the same series.
        n: number of series.
        kinds: what is drawn, by name.

    Returns:
        Series of n x 292 dates; labels indexed by series_id with columns canopy (0 none, 1 conifer, 2 broadleaf, at the
        end of the series), canopy_before and felled_day (what stood before, and until which day; the same and infinite
        where nothing was felled), crop (0, 1), kind, crop_type (last year's crop, else empty), latitude.
    """
    parts = [_chunk(rng, min(CHUNK, n - first), first, kinds) for first in range(0, n, CHUNK)]
    series = Series(
        ids=np.concatenate([s.ids for s, _ in parts]),
        days=np.concatenate([s.days for s, _ in parts]),
        values=np.concatenate([s.values for s, _ in parts]),
    )
    return series, pd.concat([labels for _, labels in parts])


@dataclass(frozen=True, kw_only=True)
class _Places:
    """N places, before anything grows there."""

    kind: NDArray[np.str_]
    kinds: Mapping[str, Kind]
    latitude: Floats
    """Degrees."""
    other_share: Floats
    """(N,) share of the second cover."""
    coarse_share: Floats
    """(N,) the same in pixels of 20 m."""
    main: Stands
    other: Stands

    @property
    def climate(self) -> NDArray[np.str_]:
        return np.array([self.kinds[k].climate for k in self.kind])


def _chunk(rng: np.random.Generator, n: int, first: int, kinds: Mapping[str, Kind]) -> tuple[Series, pd.DataFrame]:
    places = _draw_places(rng, n, kinds)
    start = to_day(START) + rng.integers(0, 365, (n, 1))
    days = (start + STEP_DAYS * np.arange(DATES)).astype(np.int32)
    places = _draw_events(rng, places, days)
    ids = np.array([f"simulated-{first + i:06d}" for i in range(n)])
    values = _observe(rng, places, days)
    return Series(ids=ids, days=days, values=values), _labels(places, ids)


def _draw_places(rng: np.random.Generator, n: int, kinds: Mapping[str, Kind]) -> _Places:
    shares = np.array([k.share for k in kinds.values()])
    kind = rng.choice(list(kinds), n, p=shares / shares.sum())
    of = [kinds[k] for k in kind]
    climate = np.array([k.climate for k in of])
    latitude = _draw_latitude(rng, climate)
    low, high = np.array([k.other_share for k in of]).T
    spring = np.where(climate == "temperate", (np.abs(latitude) - 50) * 1.3, rng.normal(0, 25, n))
    shift = (spring + rng.normal(0, 6, n))[:, None] + rng.normal(0, 6, (n, YEARS))
    covers = np.array([k.cover for k in of]), np.array([k.other or k.cover for k in of])
    main, other = (draw_stands(rng, c, first_year=FIRST_YEAR, years=YEARS, shift_days=shift) for c in covers)
    is_southern = latitude < 0
    other_share = rng.uniform(low, high).astype(np.float32)
    return _Places(
        kind=kind,
        kinds=kinds,
        latitude=latitude,
        other_share=other_share,
        coarse_share=_in_coarse_pixels(rng, other_share, np.array([k.is_narrow for k in of])),
        main=_vary(rng, replace(main, is_southern=is_southern)),
        other=replace(other, is_southern=is_southern, shift_days=main.shift_days, dryness=main.dryness),
    )


def _in_coarse_pixels(rng: np.random.Generator, other_share: Floats, is_narrow: NDArray[np.bool_]) -> Floats:
    """Return (N,) the share of the other cover in pixels of 20 m; draws nothing where no place is narrow."""
    if not is_narrow.any():
        return other_share
    kept = rng.uniform(*NARROW_SHARE, len(other_share))
    return np.where(is_narrow, 1 - (1 - other_share) * kept, other_share).astype(np.float32)


def _vary(rng: np.random.Generator, stands: Stands) -> Stands:
    """Let dry places differ more from year to year, and draw dry years place by place."""
    shape = stands.vigour.shape
    is_rainfed = np.isin(stands.cover, ("savanna", "shrubland", "bare"))[:, None]
    factor = np.where(is_rainfed, rng.lognormal(0, 0.3, shape), 1)
    is_dry = rng.random(shape) < 0.2
    dryness = np.where(is_dry, rng.uniform(0.1, 0.6, shape), rng.uniform(0, 0.1, shape))
    return replace(stands, vigour=(stands.vigour * factor).astype(np.float32), dryness=dryness.astype(np.float32))


def _draw_latitude(rng: np.random.Generator, climate: NDArray[np.str_]) -> Floats:
    low, high, south = (
        np.select([climate == "warm", climate == "mild"], pair, default)
        for pair, default in (((2, 34), 42), ((28, 43), 63), ((0.6, 0.3), 0.1))
    )
    sign = np.where(rng.random(len(climate)) < south, -1, 1)
    height = rng.uniform(low, high)
    return (sign * np.where(sign < 0, np.minimum(height, 46), height)).astype(np.float32)


def _draw_events(rng: np.random.Generator, places: _Places, days: NDArray[np.int32]) -> _Places:
    """Draw when stands are felled, begin to die or were planted."""
    first, last = days[:, 0], days[:, -1]
    span = last - first
    felled = np.where(places.kind == "clear-cut", first + span * rng.uniform(0.15, 0.93, len(first)), np.inf)
    dying = places.kind == "conifer forest, dying"
    dieback = np.where(dying, first + span * rng.uniform(-0.1, 0.7, len(first)), np.inf)
    planted = np.where(places.kind == "plantation", first + span * rng.uniform(-1.0, 0.6, len(first)), -np.inf)
    main, other = (
        replace(s, felled_day=felled.astype(np.float32), planted_day=planted.astype(np.float32))
        for s in (places.main, places.other)
    )
    return replace(places, main=replace(main, dieback_day=dieback.astype(np.float32)), other=other)


def _observe(rng: np.random.Generator, places: _Places, days: NDArray[np.int32]) -> Floats:
    """Return (N, T, C) simulated observations."""
    n = len(days)
    day_of_year = _northern_day(places, days)
    moisture = soil_moisture(rng, day_of_year, wetness=rng.uniform(0.2, 0.7, n).astype(np.float32))
    soil = rng.uniform(0.12, 0.75, n).astype(np.float32)
    grounds = [Ground(growth=grow(s, days), soil=soil, moisture=moisture) for s in (places.main, places.other)]
    sun = sun_zenith(np.abs(places.latitude)[:, None], day_of_year)
    values = np.full((*days.shape, len(CHANNELS)), np.nan, np.float32)
    seen = _seen(rng, places, day_of_year, sun)
    share = np.where(np.isin(OPTICAL_NAMES, FINE), places.other_share[:, None], places.coarse_share[:, None])  # (N, B)
    optical = _mix([g.reflectance(spectral_table(), sun, seen) for g in grounds], share[seen[0]])
    noisy = add_measurement_noise(rng, optical, residues=0.04)
    columns = [channel(b) for b in OPTICAL_NAMES]
    values[seen[0][:, None], seen[1][:, None], columns] = noisy
    red, nir = (noisy[:, OPTICAL_NAMES.index(b)] for b in ("B04", "B08"))
    values[seen[0], seen[1], channel("NDVI")] = ndvi(red, nir)
    _add_radar(rng, values, places, grounds)
    return values


def _northern_day(places: _Places, days: NDArray[np.int32]) -> Floats:
    """Return (N, T) the day of the year, half a year on in the south."""
    moved = days - to_day(START) + np.where(places.latitude[:, None] < 0, 182.6, 0)
    return np.mod(moved, 365.25).astype(np.float32)


def _seen(
    rng: np.random.Generator, places: _Places, day_of_year: Floats, sun: Floats
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return series and date numbers of clear overpasses; some come every ten days only."""
    n = len(day_of_year)
    climate = places.climate
    share = np.select([climate == "warm", climate == "mild"], [0.42, 0.55], 0.36) + rng.uniform(-0.16, 0.22, n)
    swing = np.select([climate == "warm", climate == "mild"], [-0.25, 0.15], 0.14) + rng.normal(0, 0.04, n)
    clear = clear_overpasses(rng, day_of_year, share=share.astype(np.float32), swing=swing.astype(np.float32))
    every_second = (rng.random(n) < 0.15)[:, None] & (np.arange(day_of_year.shape[1]) % 2 == 1)[None, :]
    rows, columns = np.nonzero(clear & ~every_second & (sun < MAX_SUN_ZENITH))
    return rows, columns


def _mix(parts: list[Floats], other_share: Floats) -> Floats:
    main, other = parts
    return np.asarray(main + (other - main) * other_share, np.float32)


def _add_radar(rng: np.random.Generator, values: Floats, places: _Places, grounds: list[Ground]) -> None:
    """Write VV and VH on every date, every second one or none."""
    n, dates = values.shape[:2]
    step = rng.choice([0, 1, 2], n, p=[0.15, 0.35, 0.5])[:, None]
    has_pass = (step > 0) & (np.arange(dates)[None] % np.maximum(step, 1) == 0) & (rng.random((n, dates)) > 0.03)
    rows, columns = np.nonzero(has_pass)
    incidence = np.asarray(rng.uniform(31, 44, n), np.float32)
    looks = np.asarray(rng.choice([4.4, 10.0, 40.0], n), np.float32)
    view = Pass(incidence_deg=incidence[rows], looks=looks[rows])
    power = [np.asarray(10 ** (g.backscatter(rng, view, (rows, columns)) / 10), np.float32) for g in grounds]
    mixed = 10 * np.log10(_mix(power, places.other_share[rows, None]))
    for number, band in enumerate(("VV", "VH")):
        values[rows, columns, channel(band)] = mixed[:, number]


def _labels(places: _Places, ids: NDArray[np.str_]) -> pd.DataFrame:
    canopy = np.array([places.kinds[k].canopy for k in places.kind])
    is_broad = (places.kind == "mixed forest") & (places.other_share > 0.5)
    canopy = np.where(is_broad, 2, canopy)
    crop = np.array([places.kinds[k].crop for k in places.kind])
    names = np.array(CROP_NAMES)[places.main.crops[:, YEARS - 3]]
    return pd.DataFrame(
        {
            "canopy": canopy,
            "canopy_before": np.where(places.kind == "clear-cut", CONIFER, canopy),
            "felled_day": places.main.felled_day,
            "crop": crop,
            "kind": places.kind,
            "crop_type": np.where(crop == 1, names, ""),
            "latitude": places.latitude,
        },
        index=pd.Index(ids, name="series_id"),
    )
