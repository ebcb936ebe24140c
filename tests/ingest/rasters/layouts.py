"""Folders of rasters as programs write them, all of the same pixels."""

import json
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import rasterio
from affine import Affine
from numpy.typing import NDArray

from core.grid import Window

SHAPE = (24, 30)
WINDOW = Window(crs="EPSG:32631", transform=Affine(10, 0, 500_000, 0, -10, 4_900_240), shape_yx=SHAPE)
DAYS = ("2018-06-11", "2018-06-16", "2018-07-01")
ALL = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")
CLOUD = np.s_[4:9, 6:15]


def pixels(day: str, band: str) -> NDArray[np.int16]:
    """Return digital numbers that differ by day, band, row and column."""
    rows, columns = np.mgrid[: SHAPE[0], : SHAPE[1]]
    base = 250 if band in ("B02", "B03", "B04") else 2200
    return (base + 90 * ALL.index(band) + 40 * DAYS.index(day) + 5 * rows + columns).astype(np.int16)


def hidden() -> NDArray[np.bool_]:
    mask = np.zeros(SHAPE, bool)
    mask[CLOUD] = True
    return mask


def write(
    path: Path,
    bands: Mapping[str, NDArray[Any]],
    *,
    nodata: float | None = None,
    transform: Affine = WINDOW.transform,
    crs: str | None = WINDOW.crs,
    scale: float = 1.0,
    tags: Mapping[str, str] | None = None,
) -> Path:
    """Write a GeoTIFF; names that begin with a space are no descriptions."""
    path.parent.mkdir(parents=True, exist_ok=True)
    stack = np.stack(list(bands.values()))
    options: dict[str, Any] = {"driver": "GTiff", "count": len(stack), "dtype": stack.dtype, "nodata": nodata}
    options |= {"height": stack.shape[1], "width": stack.shape[2], "crs": crs, "transform": transform}
    with rasterio.open(path, "w", **options) as raster:
        raster.write(stack)
        for index, name in enumerate(bands, start=1):
            if not name.startswith(" "):
                raster.set_band_description(index, name)
        if scale != 1.0:
            raster.scales = [scale] * len(stack)
        if tags:
            raster.update_tags(**tags)
    return path


def one(path: Path, array: NDArray[Any], **options: Any) -> Path:
    return write(path, {" ": array}, **options)


def unnamed(arrays: list[NDArray[Any]]) -> dict[str, NDArray[Any]]:
    return {f" {n}": a for n, a in enumerate(arrays)}


def scl() -> NDArray[np.uint8]:
    return np.where(hidden(), 9, 4).astype(np.uint8)


def short(band: str) -> str:
    return band.replace("B0", "B")


def own(folder: Path) -> None:
    for day in DAYS:
        stem = f"farm_{day.replace('-', '')}"
        for band in ALL:
            one(folder / f"{stem}_{band}.tif", pixels(day, band).astype(np.uint16))
        one(folder / f"{stem}_SCL.tif", scl())


def flat_esa(folder: Path) -> None:
    for day in DAYS:
        stem = f"T31TCJ_{day.replace('-', '')}T105031"
        for band in ALL:
            size = "10m" if band in ("B02", "B03", "B04", "B08") else "20m"
            one(folder / f"{stem}_{band}_{size}.tif", (pixels(day, band) + 1000).astype(np.uint16))
        one(folder / f"{stem}_SCL_20m.tif", scl())
        one(folder / f"{stem}_TCI_10m.tif", np.full(SHAPE, 90, np.uint8))
        one(folder / f"{stem}_B01_60m.tif", np.full(SHAPE, 1090, np.uint16))


def safe(folder: Path) -> None:
    for day in DAYS:
        stamp = f"{day.replace('-', '')}T105031"
        product = (
            folder / f"S2A_MSIL2A_{stamp}_N0500_R051_T31TCJ_20230810T001122.SAFE/GRANULE/L2A_T31TCJ_A015504_{stamp}"
        )
        for band in ALL:
            size = "10m" if band in ("B02", "B03", "B04", "B08") else "20m"
            image = product / "IMG_DATA" / f"R{size}" / f"T31TCJ_{stamp}_{band}_{size}.tif"
            one(image, (pixels(day, band) + 1000).astype(np.uint16))
        one(product / "IMG_DATA" / "R20m" / f"T31TCJ_{stamp}_SCL_20m.tif", scl())
        one(product / "QI_DATA" / "MSK_DETFOO_B04.tif", scl())
        one(product / "QI_DATA" / f"T31TCJ_{stamp}_PVI.tif", scl())


def theia(folder: Path) -> None:
    for day in DAYS:
        name = f"SENTINEL2A_{day.replace('-', '')}-105031-463_L2A_T31TCJ_D_V1-7"
        for band in ALL:
            one(folder / name / f"{name}_FRE_{short(band)}.tif", pixels(day, band), nodata=-10000)
            one(folder / name / f"{name}_SRE_{short(band)}.tif", pixels(day, band) + np.int16(300), nodata=-10000)
        clm = np.where(hidden(), 0b10, 0).astype(np.uint8)
        one(folder / name / "MASKS" / f"{name}_CLM_R1.tif", clm)
        one(folder / name / "MASKS" / f"{name}_MG2_R1.tif", np.where(hidden(), 0b10, 0b1).astype(np.uint8))
        one(folder / name / "MASKS" / f"{name}_SAT_R1.tif", np.zeros(SHAPE, np.uint8))


FORCE = ("BLUE", "GREEN", "RED", "REDEDGE1", "REDEDGE2", "REDEDGE3", "BROADNIR", "NIR", "SWIR1", "SWIR2")


def force(folder: Path) -> None:
    for day in DAYS:
        stem = folder / f"X0070_Y0044/{day.replace('-', '')}_LEVEL2_SEN2A"
        named = dict(zip(FORCE, (pixels(day, b) for b in ALL), strict=True))
        write(Path(f"{stem}_BOA.tif"), named, nodata=-9999)
        one(Path(f"{stem}_QAI.tif"), np.where(hidden(), 0b10, 0).astype(np.int16), nodata=1)
        one(Path(f"{stem}_CLD.tif"), np.zeros(SHAPE, np.int16))


def sen2r(folder: Path) -> None:
    for day in DAYS:
        stem = f"S2A2A_{day.replace('-', '')}_051_"
        order = ("B02", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B08", "B11", "B12")
        stack = [pixels(day, b).astype(np.uint16) for b in order]
        write(folder / "BOA" / f"{stem}_BOA_10.tif", unnamed(stack), nodata=65535)
        one(folder / "SCL" / f"{stem}_SCL_10.tif", scl())


def hls_s30(folder: Path) -> None:
    hls(folder, "S30", {b: b for b in ALL})


def hls(folder: Path, sensor: str, names: Mapping[str, str]) -> None:
    for day, count in zip(DAYS, ("2018162", "2018167", "2018182"), strict=True):
        stem = f"HLS.{sensor}.T31TCJ.{count}T105031.v2.0"
        for name, band in names.items():
            one(folder / stem / f"{stem}.{name}.tif", pixels(day, band), nodata=-9999, scale=1e-4)
        one(folder / stem / f"{stem}.Fmask.tif", np.where(hidden(), 0b10, 0b1000_0000).astype(np.uint8), nodata=255)
        one(folder / stem / f"{stem}.SZA.tif", np.full(SHAPE, 3000, np.uint16))


def rslearn(folder: Path) -> None:
    window = folder / "windows" / "default" / "farm"
    groups = []
    for number, day in enumerate(DAYS):
        layer = window / "layers" / (f"sentinel2.{number}" if number else "sentinel2")
        write(layer / "_".join(ALL) / "geotiff.tif", unnamed([pixels(day, b).astype(np.uint16) for b in ALL]))
        one(layer / "SCL" / "geotiff.tif", scl())
        times = [f"{day}T10:50:31+00:00"] * 2
        groups.append([{"name": "S2A_one", "geometry": {"projection": {}, "shp": "", "time_range": times}}])
    document = [{"layer_name": "sentinel2", "serialized_item_groups": groups}]
    (window / "items.json").write_text(json.dumps(document))


def earth_engine_images(folder: Path) -> None:
    for day in DAYS:
        stamp = day.replace("-", "")
        bands = {short(b): pixels(day, b).astype(np.uint16) for b in ALL}
        bands |= {"AOT": bands["B2"], "QA60": np.where(hidden(), 1024, 0).astype(np.uint16)}
        write(folder / f"{stamp}T105031_{stamp}T105325_T31TCJ.tif", bands)


def earth_engine_to_bands(folder: Path) -> None:
    bands = {}
    for day in DAYS:
        image = f"{day.replace('-', '')}T105031_{day.replace('-', '')}T105325_T31TCJ"
        bands |= {f"{image}_{short(b)}": pixels(day, b).astype(np.uint16) for b in ALL}
        bands[f"{image}_SCL"] = scl().astype(np.uint16)
    write(folder / "farm_toBands.tif", bands)


def earth_engine_stack(folder: Path) -> None:
    bands = {}
    for day in DAYS:
        bands |= {f"{short(b)}_{day}": pixels(day, b).astype(np.uint16) for b in ALL}
        bands[f"SCL_{day}"] = scl().astype(np.uint16)
    write(folder / "stack_2018-06-01.tif", bands)


EVALSCRIPT = """//VERSION=3
function setup() {{
  return {{ input: [{{ bands: [{names}], units: "DN" }}], output: {{ bands: {count}, sampleType: "INT16" }} }};
}}
function evaluatePixel(sample) {{ return [{samples}]; }}"""


def sentinel_hub(folder: Path) -> None:
    for number, day in enumerate(DAYS):
        names = (*ALL, "SCL")
        script = EVALSCRIPT.format(
            names=", ".join(f'"{n}"' for n in names), count=11, samples=", ".join(f"sample.{n}" for n in names)
        )
        answer = folder / f"{number:032x}"
        write(answer / "response.tiff", unnamed([*(pixels(day, b) for b in ALL), scl().astype(np.int16)]))
        (answer / "request.json").write_text(json.dumps(request(script, day)))


def request(script: str, first: str, last: str = "", kind: str = "sentinel-2-l2a") -> dict[str, Any]:
    """Return a request.json as sentinelhub-py writes it."""
    period = {"from": f"{first}T00:00:00Z", "to": f"{last or first}T23:59:59Z"}
    data = [{"type": kind, "dataFilter": {"timeRange": period}}]
    payload = {"input": {"bounds": {}, "data": data}, "evalscript": script, "output": {}}
    return {"request": {"url": "https://example.com", "payload": payload}, "response": {"status_code": 200}}


def eo_browser(folder: Path) -> None:
    for day in DAYS:
        for band in ALL:
            name = f"{day}-00:00_{day}-23:59_Sentinel-2_L2A_{band}_(Raw).tiff"
            one(folder / name, (pixels(day, band) * 1e-4).astype(np.float32))
        one(folder / f"{day}-00:00_{day}-23:59_Sentinel-2_L2A_SCL_(Raw).tiff", scl())


LAYOUTS: dict[str, Callable[[Path], None]] = {
    f.__name__: f
    for f in (
        own,
        flat_esa,
        safe,
        theia,
        force,
        sen2r,
        hls_s30,
        rslearn,
        earth_engine_images,
        earth_engine_to_bands,
        earth_engine_stack,
        sentinel_hub,
        eo_browser,
    )
}
