"""Training sets: the real series below a data folder, and simulated ones, as models learn from them.

Each loader reads one folder of the data collection (docs/reference/models.md names them with their licences) and states
what one place is. What maps are evaluated on has no labels here: the east half of the FORDEAD cube, and the WorldCereal
patches.
"""

from collections.abc import Callable, Mapping
from pathlib import Path

import numpy as np
import pandas as pd
import xarray as xr
from numpy.typing import NDArray

from core.bands import CHANNELS, OPTICAL_NAMES, WEATHER_NAMES, channel, red_and_nir
from core.cube import Series
from core.errors import InvalidTable
from core.timeline import to_days
from ingest.cubes.read import read_cube
from ingest.simulate.index_series import GROUP, sample_index_series
from ingest.simulate.series import CANOPY_KINDS, sample_series
from models.training_set import TrainingSet

CANOPY = ("none", "conifer", "broadleaf")
FORDEAD = "FORDEAD test cube: GPL-3.0; Theia/CNES open licence; BD Foret IGN open licence"
NOT_CONIFER = -3
"""Label of a pixel known not to be conifer, and no more (-2 - class)."""
NOT_NONE = -2
"""Label of a pixel known to have trees, and no more."""
DENSE, SPARSE = 70, 0
"""Tree cover density in percent from which a pixel is dense forest, and up to which it has no trees."""


def load_sets(names: Mapping[str, float], data: Path, *, seed: int = 0) -> dict[str, TrainingSet]:
    """Load sets by name.

    Raises:
        InvalidTable: a set is not known, or its folder is missing.
    """
    loaded = {}
    for name in names:
        if name not in LOADERS:
            raise InvalidTable(name, f"no such training set; there are {', '.join(LOADERS)}")
        folder = data / name.split(":")[0]
        if not name.startswith("simulated") and not folder.is_dir():
            raise InvalidTable(folder, "the folder does not exist; give the data collection by --data")
        loaded[name] = LOADERS[name](folder, seed)
    return loaded


def _panel(table: pd.DataFrame, key: str, time: str, columns: Mapping[str, str]) -> Series:
    """Turn a long table into series, rows in the order of the sorted keys.

    Args:
        columns: channel name -> column name; values already in the channel's unit.
    """
    table = table.sort_values([key, time], kind="stable")
    groups = table.groupby(key, sort=True).indices
    length = max(len(rows) for rows in groups.values())
    days = np.zeros((len(groups), length), np.int32)
    values = np.full((len(groups), length, len(CHANNELS)), np.nan, np.float32)
    all_days = to_days(table[time].to_numpy("datetime64[ns]"))
    matrix = {name: table[column].to_numpy(np.float32) for name, column in columns.items()}
    for i, rows in enumerate(groups.values()):
        days[i, : len(rows)], days[i, len(rows) :] = all_days[rows], all_days[rows[-1]]
        for name, column in matrix.items():
            values[i, : len(rows), channel(name)] = column[rows]
    return Series(ids=np.array([str(k) for k in groups]), days=days, values=values)


def _stack(days: NDArray[np.int32], ndvi: NDArray[np.float32]) -> Series:
    """Turn a (T, Y, X) stack of NDVI into Y * X series."""
    flat = ndvi.reshape(len(days), -1).T.astype(np.float32)
    values = np.full((*flat.shape, len(CHANNELS)), np.nan, np.float32)
    values[..., channel("NDVI")] = np.where(np.abs(flat) <= 1, flat, np.nan)
    ids = np.arange(len(flat)).astype(str)
    return Series(ids=ids, days=np.broadcast_to(days, flat.shape).copy(), values=values)


def _sites(folder: Path, _seed: int) -> TrainingSet:
    table = pd.read_parquet(folder / "s2_site_timeseries.parquet")
    table["NDVI"] = table.NDVI.where(table.NDVI.abs() <= 1)
    table["B04"], table["B08"] = red_and_nir(table.NDVI.to_numpy(np.float32), table.EVI2.to_numpy(np.float32))
    series = _panel(table.dropna(subset="NDVI"), "site", "date", {"NDVI": "NDVI", "B04": "B04", "B08": "B08"})
    canopy = table.drop_duplicates("site").set_index("site").canopy3[list(series.ids)]
    return TrainingSet(
        name="hrvpp_s2_sites",
        licence="HR-VPP series at ICOS/FLUXNET sites: Apache-2.0; Copernicus Land data free and open",
        series=series,
        places=series.ids,
        labels={"canopy": np.array([CANOPY.index(c) for c in canopy], np.int8)},
    )


def _modis_stacks(folder: Path, _seed: int) -> TrainingSet:
    parts = []
    for path in sorted(folder.glob("*ndvi*.nc")):
        with xr.open_dataset(path) as data:
            parts.append(_stack(to_days(data.time.values), data.NDVI.values))
    longest = max(p.days.shape[1] for p in parts)
    series = _joined([_lengthened(p, longest) for p in parts])
    places = np.array([f"sinop{i}" for i, p in enumerate(parts) for _ in range(len(p))])
    licence = "MOD13Q1 stacks of Mato Grosso (sits): GPL-2; MODIS data free (NASA LP DAAC)"
    return TrainingSet(name="modis_brazil_longstacks", licence=licence, series=series, places=places)


def _modis_raster(folder: Path, _seed: int) -> TrainingSet:
    with xr.open_dataset(folder / "mod13q1_porta_dos_gauchos_2007_2013.nc") as data:
        series = _stack(to_days(data.time.values), data.ndvi.values)
    licence = "MOD13Q1 raster of Mato Grosso (dtwSat): GPL>=3; MODIS data free (NASA LP DAAC)"
    places = np.full(len(series), "porta_dos_gauchos")
    return TrainingSet(name="modis_matogrosso_raster", licence=licence, series=series, places=places)


def _modis_sites(folder: Path, _seed: int) -> TrainingSet:
    table = pd.read_parquet(folder / "mod13a1_10sites.parquet")
    table["NDVI"] = table.NDVI.where((table.SummaryQA <= 1) & (table.NDVI.abs() <= 1))
    series = _panel(table, "site", "date", {"NDVI": "NDVI"})
    licence = "MOD13A1 at flux sites (phenofit): GPL-2; MODIS data free (NASA LP DAAC)"
    return TrainingSet(name="modis_flux_sites", licence=licence, series=series, places=series.ids)


def _slovenia(folder: Path, _seed: int) -> TrainingSet:
    with xr.open_dataset(folder / "testeopatch.nc") as data:
        ndvi = np.where(data.CLM.values == 0, data.NDVI.values, np.nan)
        series = _stack(to_days(data.time.values), ndvi)
    licence = "eo-learn test patch, Sentinel-2 over Slovenia: MIT; Copernicus Sentinel data"
    places = np.full(len(series), "slovenia")
    return TrainingSet(name="slovenia_testeopatch", licence=licence, series=series, places=places)


def _rondonia(folder: Path, _seed: int) -> TrainingSet:
    table = pd.read_parquet(folder / "timeseries_raw.parquet")
    names = [n for n in (*OPTICAL_NAMES, "NDVI") if n in table]
    table = table.astype(dict.fromkeys(names, np.float32))
    bright = table.B02 > 0.15  # clouds are left in this table; thick ones are bright in the blue band
    table[names] = table[names].mask(bright)
    series = _panel(table, "id", "date", {n: n for n in names})
    samples = pd.read_parquet(folder / "samples.parquet").assign(id=lambda s: s.id.astype(str)).set_index("id")
    chosen = samples.loc[list(series.ids)]
    label = np.where(chosen.label == "Forest", 2, np.where(chosen.label.isin(["Pasture", "NonForest"]), 0, -1))
    place = [f"{a:.0f}_{o:.0f}" for a, o in zip(chosen.lat * 4, chosen.lon * 4, strict=True)]
    return TrainingSet(
        name="rondonia_s2_points",
        licence="Labelled Sentinel-2 pixels of Rondonia (deforestation-sentinel2): MIT; Copernicus Sentinel data",
        series=series,
        places=np.array(place),
        labels={"canopy": label.astype(np.int8), "crop": np.zeros(len(series), np.int8)},
    )


def _points(folder: Path, _seed: int) -> TrainingSet:
    samples = pd.read_parquet(folder / "samples.parquet").drop_duplicates("sample_id").set_index("sample_id")
    raw = pd.read_parquet(folder / "timeseries.parquet")
    series = _panel(_physical(raw), "sample_id", "date", {n: n for n in CHANNELS if n != "NDVI"})
    _add_ndvi(series)
    chosen = samples.loc[list(series.ids)]
    static = chosen[["elev", "slope"]].to_numpy(np.float32)
    series = Series(ids=series.ids, days=series.days, values=series.values, static=static)
    place = [f"{np.floor(a):.0f}_{np.floor(o):.0f}" for a, o in zip(chosen.lat, chosen.lon, strict=True)]
    crop = chosen.crop_temporary.fillna(-1).to_numpy(np.int8)
    canopy = np.array([CANOPY.index(c) if c in CANOPY else -1 for c in chosen.canopy3], np.int8)
    return TrainingSet(
        name="worldcereal_points",
        licence="WorldCereal points: FRA, BEL_2021, AFR and EU parts MIT; CAN, GLO_mix and BEL_2018 parts without a "
        "licence file (AAFC: Open Government Licence Canada; LPIS open data)",
        series=series,
        places=np.array(place),
        labels={"crop": crop, "canopy": canopy},
    )


def _physical(raw: pd.DataFrame) -> pd.DataFrame:
    table = raw[["sample_id", "date"]].copy()
    empty = (raw[["B02", "B04", "B08"]] == 0).all(axis=1)
    for band in OPTICAL_NAMES:
        table[band] = (raw[band] / 1e4).where((raw[band] != 65535) & ~empty)
    for band in ("VV", "VH"):
        decibel = 20 * np.log10(raw[band].clip(lower=1)) - 83
        table[band] = decibel.where((raw[band] != 65535) & (raw[band] > 0))
    table["temperature_2m"] = (raw.temp / 100).where(raw.temp != 65535)
    table["total_precipitation"] = (raw.prec * 1e-5).where(raw.prec != 65535)
    return table


def _add_ndvi(series: Series) -> None:
    red, nir = series.values[..., channel("B04")], series.values[..., channel("B08")]
    with np.errstate(divide="ignore", invalid="ignore"):
        index = (nir - red) / (nir + red)
    series.values[..., channel("NDVI")] = np.where(nir + red > 0.01, index, np.nan)


def _romania(folder: Path, _seed: int) -> TrainingSet:
    """Every fifth pixel of a mountain forest: dense forest is not `none`, treeless pixels are; no leaf type."""
    path = next(iter(sorted(folder.glob("*.nc"))))
    series = _observed(read_cube(path).series())
    with xr.open_dataset(path, mask_and_scale=False) as data:
        density = data.tree_cover_density.values.ravel().astype(int)
    row, column = (place.ravel() for place in np.indices((100, 100)))
    labels = np.where((density >= DENSE) & (density <= 100), NOT_NONE, np.where(density <= SPARSE, 0, -1))
    whole = TrainingSet(
        name="romania_forest_cube",
        licence="Romanian forest cube (nrt): EUPL-1.2; Copernicus Sentinel data; Copernicus Land (tree cover density)",
        series=series,
        places=np.array([f"romania_{r // 20}_{c // 20}" for r, c in zip(row, column, strict=True)]),
        labels={"canopy": labels.astype(np.int8)},
    )
    return whole.take((row * 100 + column) % 5 == 0)


def _franconia(folder: Path, _seed: int) -> TrainingSet:
    table = pd.read_parquet(folder / "series.parquet")
    names = [n for n in (*OPTICAL_NAMES, "NDVI") if n in table]
    series = _panel(table, "series_id", "time", {n: n for n in names})
    nothing = np.zeros(len(series), np.int8)
    return TrainingSet(
        name="franconia_grassland_s2",
        licence="Sentinel-2 of grassland plots in Franconia (gRasslands): MIT; Copernicus Sentinel data",
        series=series,
        places=np.array([f"franconia_{name}" for name in series.ids]),
        labels={"canopy": nothing, "crop": nothing},
    )


def _vermont(folder: Path, _seed: int) -> TrainingSet:
    """One row of adjacent pixels: one place."""
    table = pd.read_parquet(folder / "series.parquet")
    names = [n for n in (*OPTICAL_NAMES, "NDVI") if n in table]
    series = _panel(table, "series_id", "time", {n: n for n in names})
    return TrainingSet(
        name="landsat_vermont_30years",
        licence="Landsat pixels of a forest in Vermont (yatsm): MIT; USGS Landsat: public domain",
        series=series,
        places=np.full(len(series), "vermont"),
    )


def _africa(folder: Path, _seed: int) -> TrainingSet:
    """Two half-year composites a point; a place is a zone."""
    samples = pd.read_parquet(folder / "samples.parquet").set_index("sample_id")
    table = pd.read_parquet(folder / "series.parquet")
    series = _panel(table, "sample_id", "date", {n: n for n in OPTICAL_NAMES if n in table})
    _add_ndvi(series)
    chosen = samples.loc[list(series.ids)]
    slope = chosen.slope.to_numpy(np.float32)
    static = np.column_stack([np.full(len(slope), np.nan, np.float32), slope])
    return TrainingSet(
        name="africa_crop_halfyears",
        licence="Crop points of Digital Earth Africa (crop-mask): Apache-2.0; Copernicus Sentinel data",
        series=Series(ids=series.ids, days=series.days, values=series.values, static=static),
        places=np.array([f"africa_{zone}" for zone in chosen.zone]),
        labels={"crop": chosen.crop.to_numpy(np.int8)},
    )


def _patches(folder: Path, _seed: int) -> TrainingSet:
    """Every fifth pixel of the one patch with a red band; its weather is left out."""
    series = read_cube(folder / "00002806639B424A.nc").series()
    series = _observed(series.take(np.arange(0, len(series), 5)))
    licence = "WorldCereal phase-I patch of Belgium, Sentinel-1/2: MIT; Copernicus Sentinel data"
    places = np.full(len(series), "belgium_50_8")
    return TrainingSet(name="worldcereal_patches", licence=licence, series=series, places=places)


def _fields(folder: Path, _seed: int) -> TrainingSet:
    """Every third pixel of the demonstration fields, red and near infrared."""
    series = read_cube(folder / "demo_raw_s2.nc").series()
    series = _observed(series.take(np.arange(0, len(series), 3)))
    licence = "FuseTS demonstration fields in Spain, Sentinel-2: Apache-2.0; Copernicus Sentinel data"
    places = np.full(len(series), "soria")
    return TrainingSet(name="fusets_spain_fields", licence=licence, series=series, places=places)


def _fordead_whole(folder: Path, _seed: int) -> TrainingSet:
    """Every third pixel of both halves, without labels: for forecasters that ship."""
    series = read_cube(next(iter(sorted(folder.glob("*.nc"))))).series()
    series = _observed(series.take(np.arange(0, len(series), 3)))
    places = np.full(len(series), "ardennes")
    return TrainingSet(name="fordead_conifer_cube:whole", licence=FORDEAD, series=series, places=places)


def _observed(series: Series) -> Series:
    """Drop the weather and the dates on which nothing else was seen."""
    values = series.values.copy()
    values[..., [channel(b) for b in WEATHER_NAMES]] = np.nan
    kept = np.isfinite(values).any(axis=(0, 2))
    return Series(ids=series.ids, days=series.days[:, kept], values=values[:, kept])


def _fordead_west(folder: Path, _seed: int) -> TrainingSet:
    """Labelled pixels of the west half (x < 40); maps are evaluated on the east half."""
    path = next(iter(sorted(folder.glob("*.nc"))))
    series = read_cube(path).series()
    with xr.open_dataset(path, mask_and_scale=False) as data:
        conifer = data.conifer_mask.values
    column = np.indices(conifer.shape)[1].ravel()
    row = np.indices(conifer.shape)[0].ravel()
    labels = np.where(conifer.ravel() > 0, 1, NOT_CONIFER).astype(np.int8)
    places = np.array([f"{r // 10}_{c // 10}" for r, c in zip(row, column, strict=True)])
    whole = TrainingSet(
        name="fordead_conifer_cube",
        licence=FORDEAD,
        series=series,
        places=places,
        labels={"canopy": labels},
    )
    return whole.take(column < conifer.shape[1] // 2)


def _simulated(_folder: Path, seed: int) -> TrainingSet:
    series, labels = sample_series(np.random.default_rng(seed), SIMULATED_COUNT)
    return TrainingSet(
        name="simulated",
        licence="simulated (PROSAIL and water cloud model), no satellite data",
        series=series,
        places=series.ids,
        labels={"crop": labels.crop.to_numpy(np.int8), "canopy": labels.canopy.to_numpy(np.int8)},
        is_simulated=True,
    )


def _simulated_canopy(_folder: Path, seed: int) -> TrainingSet:
    """As `simulated`, other series: more fellings, and trees at the borders of fields."""
    series, labels = sample_series(np.random.default_rng(seed + 1), SIMULATED_COUNT, CANOPY_KINDS)
    felled = labels.felled_day.to_numpy(np.float64)
    return TrainingSet(
        name="simulated_canopy",
        licence="simulated (PROSAIL and water cloud model), no satellite data",
        series=series,
        places=series.ids,
        labels={"canopy": labels.canopy.to_numpy(np.int8)},
        labels_before={"canopy": labels.canopy_before.to_numpy(np.int8)},
        changed_on=felled,
        is_simulated=True,
    )


def _simulated_index(_folder: Path, seed: int) -> TrainingSet:
    """NDVI alone, in regions."""
    series, _ = sample_index_series(np.random.default_rng(seed + 2), SIMULATED_REGIONS)
    return TrainingSet(
        name="simulated_index",
        licence="simulated (prior of NDVI series), no satellite data",
        series=series,
        places=np.array([f"region-{i // GROUP}" for i in range(len(series))]),
        is_simulated=True,
    )


def _joined(parts: list[Series]) -> Series:
    ids = np.concatenate([np.char.add(f"{i}_", p.ids) for i, p in enumerate(parts)])
    return Series(
        ids=ids,
        days=np.concatenate([p.days for p in parts]),
        values=np.concatenate([p.values for p in parts]),
    )


def _lengthened(series: Series, length: int) -> Series:
    more = length - series.days.shape[1]
    days = np.pad(series.days, ((0, 0), (0, more)), mode="edge")
    values = np.pad(series.values, ((0, 0), (0, more), (0, 0)), constant_values=np.nan)
    return Series(ids=series.ids, days=days, values=values)


SIMULATED_COUNT = 6000
SIMULATED_REGIONS = 1000
LOADERS: dict[str, Callable[[Path, int], TrainingSet]] = {
    "hrvpp_s2_sites": _sites,
    "modis_brazil_longstacks": _modis_stacks,
    "modis_matogrosso_raster": _modis_raster,
    "modis_flux_sites": _modis_sites,
    "slovenia_testeopatch": _slovenia,
    "rondonia_s2_points": _rondonia,
    "worldcereal_points": _points,
    "fordead_conifer_cube": _fordead_west,
    "fordead_conifer_cube:whole": _fordead_whole,
    "romania_forest_cube": _romania,
    "franconia_grassland_s2": _franconia,
    "landsat_vermont_30years": _vermont,
    "africa_crop_halfyears": _africa,
    "worldcereal_patches": _patches,
    "fusets_spain_fields": _fields,
    "simulated": _simulated,
    "simulated_canopy": _simulated_canopy,
    "simulated_index": _simulated_index,
}
