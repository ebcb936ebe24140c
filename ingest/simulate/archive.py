"""The sample archive: a simulated landscape seen by simulated Sentinel-1 and 2, written as COGs with a STAC catalogue.

It is read through ingest.stac.folder like any other archive. Truth rasters lie beside it and are no bands of it. Where
it lies on disk: ingest.simulate.sample.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
from affine import Affine
from numpy.typing import NDArray
from pyproj import Transformer

from core.bands import Floats
from core.grid import Window
from core.timeline import to_date, to_day
from ingest.simulate import GENERATOR
from ingest.simulate.catalogue import write_catalogue
from ingest.simulate.clouds import soil_moisture, sun_zenith
from ingest.simulate.ground import Ground
from ingest.simulate.landscape import HEDGE_M, Landscape, draw_landscape
from ingest.simulate.phenology import grow
from ingest.simulate.radar import Pass
from ingest.simulate.rasters import write_radar, write_scene, write_truth
from ingest.simulate.sky import classify_scene, draw_cover, draw_sky, look_through
from ingest.simulate.spectra import spectral_table
from ingest.simulate.stands import draw_stands

CRS = "EPSG:32632"
CORNER = (600_960.0, 5_603_840.0)
"""West and north of the archive: tiles of 128 and of 64 pixels cut it into four and nine."""
SIZE = 192
PIXEL_M = 10.0
LATITUDE = 50.57
FIRST, LAST = date(2021, 3, 1), date(2022, 10, 31)
FIRST_YEAR, YEARS = 2020, 4
FELLED = date(2022, 2, 14)
"""A conifer stand is felled on this day."""
PLANTED = date(2020, 11, 20)
S2_STEP_DAYS = 5
S2_MISSED = 0.05
"""Share of passes that never reach the archive."""
S1_TWIN_UNTIL = date(2021, 12, 23)
"""Until then every 6 days, later every 12: the day Sentinel-1B failed."""
VIGOUR_STEP = 0.22
"""Relative difference in leaf area between the worst and the mean pixel of a parcel."""
INCIDENCE_DEG = 38.5
LOOKS = 4.4
"""Of a Sentinel-1 GRD pixel (ESA, Sentinel-1 Product Definition)."""


@dataclass(frozen=True, kw_only=True)
class _Truth:
    """The simulated ground truth of one place, and the dates of its passes."""

    landscape: Landscape
    window: Window
    s2_dates: list[date]
    s1_dates: list[date]
    covers: NDArray[np.float64]
    """(T,) cloud cover of the optical passes."""
    reflectance: Floats
    """(T, 3, P, 10) of parcels at low, mean and high vigour."""
    power: Floats
    """(T1, 3, P, 2) linear backscatter without speckle."""
    sun_zenith: Floats
    """(T,) degrees."""


def sample_region() -> dict[str, Any]:
    """Return a GeoJSON polygon, WGS84, about three quarters of the sample archive, on all of its tiles."""
    west, north = CORNER
    edge = SIZE * PIXEL_M
    shares = (
        (0.05, 0.13),
        (0.33, 0.03),
        (0.74, 0.07),
        (0.97, 0.3),
        (0.94, 0.71),
        (0.7, 0.97),
        (0.3, 0.93),
        (0.03, 0.62),
    )
    move = Transformer.from_crs(CRS, "EPSG:4326", always_xy=True).transform
    ring = [move(west + x * edge, north - y * edge) for x, y in (*shares, shares[0])]
    return {"type": "Polygon", "coordinates": [[[round(lon, 6), round(lat, 6)] for lon, lat in ring]]}


def write_archive(
    folder: Path,
    *,
    seed: int = 0,
    size: int = SIZE,
    first: date = FIRST,
    last: date = LAST,
    hedge_m: tuple[float, float] = HEDGE_M,
) -> None:
    """Simulate and write the archive into a new folder.

    Args:
        folder: must not exist.
        seed: the same seed gives the same pixels.
        size: rows and columns, 10 m.
        first, last: days of the first and last possible pass.
        hedge_m: least and largest width of hedges; changes no other parcel.
    """
    folder.mkdir(parents=True)
    truth = _simulate(seed, size, first, last, hedge_m)
    with ThreadPoolExecutor(2) as pool:
        scenes = pool.map(
            lambda t: write_scene(folder, truth.window, truth.s2_dates[t], *_optical_scene(truth, seed, t)),
            range(len(truth.s2_dates)),
        )
        passes = pool.map(
            lambda t: write_radar(folder, truth.window, truth.s1_dates[t], _radar_scene(truth, seed, t)),
            range(len(truth.s1_dates)),
        )
        written = [*scenes, *passes]
    write_truth(folder / "truth", truth.window, truth_rasters(truth.landscape))
    write_catalogue(folder, truth.window, written, generator=GENERATOR, seed=seed)


def truth_rasters(landscape: Landscape) -> dict[str, NDArray[Any]]:
    """Return (Y, X) at 10 m: `crop` 0/1, `canopy` 0..2 at the end of the archive, `parcel` numbers from 1."""
    parcels = landscape.parcels
    crop = np.array([p.cover == "cropland" for p in parcels], np.uint8)
    canopy = np.array([0 if p.is_felled else p.canopy for p in parcels], np.uint8)
    return {
        "crop": _majority(crop[landscape.parcel_at]),
        "canopy": _majority(canopy[landscape.parcel_at]),
        "parcel": (landscape.parcel_at[::2, ::2] + 1).astype(np.uint16),
    }


def _simulate(seed: int, size: int, first: date, last: date, hedge_m: tuple[float, float]) -> _Truth:
    """Draw the landscape and the dates, and simulate growth on all of them."""
    rng = np.random.default_rng(seed)
    landscape = draw_landscape(rng, size, hedge_m=hedge_m)
    all_days = np.arange(to_day(first) + 2, to_day(last) + 1, S2_STEP_DAYS, dtype=np.int32)
    s2_days = all_days[rng.random(len(all_days)) >= S2_MISSED]
    s1_days = np.array(
        [d for d in range(to_day(first) + 1, to_day(last) + 1, 6) if _has_radar_pass(d, first)], np.int32
    )
    covers = draw_cover(rng, _day_of_year(s2_days))
    ground, sun = _grow(rng, landscape, np.concatenate([s2_days, s1_days]))
    split = len(s2_days)
    parcels = len(landscape.parcels)
    rows, columns = np.divmod(np.arange(3 * parcels * split), split)
    reflectance = ground.reflectance(spectral_table(), sun, (rows, columns)).reshape(3, parcels, split, -1)
    rows, columns = np.divmod(np.arange(3 * parcels * len(s1_days)), max(len(s1_days), 1))
    view = Pass(incidence_deg=np.full(len(rows), INCIDENCE_DEG, np.float32), looks=np.full(len(rows), 1e6, np.float32))
    radar_db = ground.backscatter(rng, view, (rows, columns + split)).reshape(3, parcels, len(s1_days), 2)
    window = Window(crs=CRS, transform=Affine(PIXEL_M, 0, CORNER[0], 0, -PIXEL_M, CORNER[1]), shape_yx=(size, size))
    return _Truth(
        landscape=landscape,
        window=window,
        s2_dates=[to_date(d) for d in s2_days],
        s1_dates=[to_date(d) for d in s1_days],
        covers=covers,
        reflectance=np.ascontiguousarray(reflectance.transpose(2, 0, 1, 3)),
        power=np.asarray(10 ** (radar_db.transpose(2, 0, 1, 3) / 10), np.float32),
        sun_zenith=sun[0, :split],
    )


def _has_radar_pass(day: int, first: date) -> bool:
    is_twin = to_date(day) < S1_TWIN_UNTIL
    return is_twin or (day - to_day(first) - 1) % 12 == 0


def _grow(rng: np.random.Generator, landscape: Landscape, days: NDArray[np.int32]) -> tuple[Ground, Floats]:
    """Return the ground of all parcels at three vigours (3 P stands) on all days, and the sun (3 P, T)."""
    cover = np.array([p.cover for p in landscape.parcels])
    shift = np.repeat(rng.normal(0, 6, (1, YEARS)), len(cover), axis=0)
    stands = draw_stands(rng, cover, first_year=FIRST_YEAR, years=YEARS, shift_days=shift)
    felled = np.array([to_day(FELLED) if p.is_felled else np.inf for p in landscape.parcels], np.float32)
    planted = np.array([to_day(PLANTED) if p.is_planting else -np.inf for p in landscape.parcels], np.float32)
    stands = replace(stands, felled_day=felled, planted_day=planted)
    count = len(cover)
    tripled = stands.take(np.tile(np.arange(count), 3))
    step = np.repeat(np.array([-VIGOUR_STEP, 0, VIGOUR_STEP], np.float32), count)[:, None]
    tripled = replace(tripled, vigour=tripled.vigour * (1 + step))
    day_of_year = _day_of_year(days)[None].astype(np.float32)
    wet = soil_moisture(rng, day_of_year, wetness=np.full(1, 0.45, np.float32))
    soil = np.tile(_soil(rng, tripled.cover[:count]), 3)
    growth = grow(tripled, np.repeat(days[None], 3 * count, axis=0))
    sun = sun_zenith(np.full((1, 1), LATITUDE, np.float32), day_of_year)
    shape = growth.lai.shape
    ground = Ground(growth=growth, soil=soil, moisture=np.broadcast_to(wet, shape))
    return ground, np.broadcast_to(sun, shape)


def _soil(rng: np.random.Generator, cover: NDArray[np.str_]) -> Floats:
    """Return (P,) soil brightness: loess fields alike, water of one clarity, houses with roofs, roads without."""
    soil = np.clip(rng.normal(0.42, 0.07, len(cover)), 0.15, 0.75)
    soil = np.where(cover == "built-up", rng.uniform(0.1, 0.9, len(cover)), soil)
    return np.where(cover == "water", 0.3, soil).astype(np.float32)


def _day_of_year(days: NDArray[np.int32]) -> NDArray[np.int64]:
    return np.array([to_date(d).timetuple().tm_yday for d in days], np.int64)


def _fine(truth: _Truth, levels: Floats) -> Floats:
    """Return (Y, X, C) at 5 m of (3, P, C) parcel values, between vigours by the map of vigour."""
    vigour = truth.landscape.vigour
    step = (vigour >= 0).astype(np.int64)
    flat = levels.reshape(-1, levels.shape[-1])
    at = truth.landscape.parcel_at + step * levels.shape[1]
    low = flat[at]
    image = low + (vigour + 1 - step)[..., None] * (flat[at + levels.shape[1]] - low)
    return np.asarray(image, np.float32)


def _optical_scene(truth: _Truth, seed: int, t: int) -> tuple[Floats, NDArray[np.uint8], float]:
    """Return (10, Y, X) reflectance, (Y/2, X/2) scene classes and cloud cover (percent) of one pass."""
    rng = np.random.default_rng([seed, 2, to_day(truth.s2_dates[t])])
    size = truth.window.shape_yx[0]
    fine = _fine(truth, truth.reflectance[t]) * truth.landscape.texture[..., None]
    ground = np.asarray(halve(fine.transpose(2, 0, 1)), np.float32)
    sky = draw_sky(rng, size, cover=float(truth.covers[t]), sun_zenith_deg=float(truth.sun_zenith[t]))
    seen = look_through(rng, ground, sky)
    return seen, classify_scene(seen, sky)[::2, ::2], sky.cloud_percent


def _radar_scene(truth: _Truth, seed: int, t: int) -> Floats:
    """Return (2, Y, X) VV and VH in dB of one pass, with speckle."""
    rng = np.random.default_rng([seed, 1, to_day(truth.s1_dates[t])])
    power = halve(_fine(truth, truth.power[t]).transpose(2, 0, 1))
    speckled = power * rng.standard_gamma(LOOKS, power.shape) / LOOKS
    return np.asarray(10 * np.log10(np.maximum(speckled, 1e-5)), np.float32)


def halve(image: Floats) -> Floats:
    """Return (..., Y / 2, X / 2) means of 2 x 2 pixels."""
    *_, rows, columns = image.shape
    blocks = image.reshape(*image.shape[:-2], rows // 2, 2, columns // 2, 2)
    return np.asarray(blocks.mean(axis=(-3, -1)), np.float32)


def _majority(classes: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """Return (Y / 2, X / 2) the most frequent class of 2 x 2 pixels; the lower number wins a draw."""
    shares = [halve((classes == c).astype(np.float32)) for c in range(int(classes.max()) + 1)]
    return np.asarray(np.argmax(shares, axis=0), np.uint8)
