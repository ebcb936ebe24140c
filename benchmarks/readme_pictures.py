"""The pictures in README.md: each product at a place that its model has not learned from. And that of the first map.

    python -m benchmarks.readme_pictures --data ../shared/data --out docs/images [--only canopy]

Runs `landcast forecast`, `canopy` and `crop` on two real cubes. The numbers under the pictures are printed. The first
map shows the Romanian forest, of which `canopy` has learned every fifth pixel.
"""

import argparse
import subprocess
import tempfile
from pathlib import Path

import matplotlib.dates
import numpy as np
import pandas as pd
import rasterio
import xarray as xr
from matplotlib import pyplot as plt
from matplotlib.axes import Axes
from matplotlib.colors import ListedColormap
from matplotlib.figure import Figure
from matplotlib.patches import Patch
from numpy.typing import NDArray

FOREST = "romania_forest_cube/romania_2015-08_2019-12.nc"
FARMLAND = "worldcereal_belgium_monthly/belgium_neighbour_2020-11_2021-10_12months.nc"
MODEL = "ndvi-small-before-2022"
"""It has not learned from the forest; the default forecaster has."""
ISSUED, TARGET = "2019-05-01", "2019-07-01"
DATES = pd.date_range("2019-05-11", "2019-09-28", freq="10D").union([pd.Timestamp(TARGET)])
CLEAR = (4, 5, 6, 7)
"""SCL classes that are clear: vegetation, bare, water, unclassified."""
CANOPY = (("No tree canopy", "#eee3c8"), ("Conifer", "#155c49"), ("Broadleaf", "#7ab648"))
CROP = (("Non-crop", "#d6d0c4"), ("Temporary crop", "#e2a020"))
ROMANIA = "Contains modified Copernicus Sentinel data 2015-2019; cube of the Python package nrt (EUPL-1.2)."
BELGIUM = "Contains modified Copernicus Sentinel data 2020-2021; WorldCereal test cube (MIT)."


def landcast(*arguments: str | Path) -> None:
    subprocess.run(["landcast", *map(str, arguments)], check=True)


def ndvi_seen(cube: xr.Dataset) -> xr.DataArray:
    """NDVI (T, Y, X) of clear observations; NaN = cloud, shadow or snow."""
    return ((cube.B08 - cube.B04) / (cube.B08 + cube.B04)).where(cube.SCL.isin(CLEAR))


def frame(axes: Axes, title: str) -> None:
    axes.set(xticks=[], yticks=[])
    axes.set_title(title, fontsize=10)


def draw_classes(axes: Axes, classes: NDArray[np.uint8], legend: tuple[tuple[str, str], ...]) -> None:
    axes.imshow(classes, cmap=ListedColormap([c for _, c in legend]), vmin=0, vmax=len(legend) - 1)
    handles = [Patch(facecolor=c, edgecolor="grey", label=n) for n, c in legend]
    axes.legend(handles=handles, loc="lower left", fontsize=7)


def draw_forecast(data: Path, work: Path, out: Path) -> None:
    dates = ",".join(d.date().isoformat() for d in DATES)
    landcast(
        "forecast",
        data / FOREST,
        "-o",
        work / "forecast.nc",
        "--issue-date",
        ISSUED,
        "--dates",
        dates,
        "--model",
        MODEL,
    )
    seen = ndvi_seen(xr.open_dataset(data / FOREST))
    forecast = xr.open_dataset(work / "forecast.nc").ndvi
    median, came = forecast.sel(quantile=0.5, time=TARGET), seen.sel(time=TARGET)
    print(
        f"forecast: mean absolute error of the median on {TARGET}: {float(abs(median.values - came.values).mean()):.3f}"
    )
    figure, axes = plt.subplots(1, 3, figsize=(11, 3.6), width_ratios=(1, 1, 1.7), layout="constrained")
    for axis, image, title in ((axes[0], median, f"Forecast for {TARGET}"), (axes[1], came, f"Seen on {TARGET}")):
        shown = axis.imshow(image, cmap="YlGn", vmin=0.4, vmax=1)
        frame(axis, title)
    figure.colorbar(shown, ax=axes[:2], label="NDVI", shrink=0.7, location="left")
    draw_pixel(axes[2], forecast, seen)
    save(figure, out / "readme-forecast.png", ROMANIA)


def draw_pixel(axes: Axes, forecast: xr.DataArray, seen: xr.DataArray) -> None:
    row, column = 62, 30
    band, past = (
        forecast[..., row, column],
        seen[:, row, column].sel(time=slice("2018-06-01", "2019-09-30")).dropna("time"),
    )
    axes.fill_between(
        band.time, band.sel(quantile=0.05), band.sel(quantile=0.95), color="#2b7bba", alpha=0.2, label="90 %"
    )
    axes.fill_between(
        band.time, band.sel(quantile=0.25), band.sel(quantile=0.75), color="#2b7bba", alpha=0.35, label="50 %"
    )
    axes.plot(band.time, band.sel(quantile=0.5), color="#2b7bba", label="median")
    before = past.sel(time=slice(None, ISSUED))
    after = past.sel(time=slice(ISSUED, None))
    axes.plot(before.time, before, "k.", label="history")
    axes.plot(after.time, after, "o", color="#d1495b", markersize=4, label="came later")
    axes.axvline(np.datetime64(ISSUED), color="grey", linestyle=":")
    axes.set(ylim=(0.3, 1), title=f"One pixel, issued {ISSUED}")
    axes.title.set_fontsize(10)
    axes.xaxis.set_major_formatter(matplotlib.dates.ConciseDateFormatter(axes.xaxis.get_major_locator()))
    axes.legend(fontsize=7, loc="lower left", ncols=2)


def draw_village(data: Path, work: Path, out: Path) -> None:
    landcast("canopy", data / FARMLAND, "-o", work / "village.tif", "--probabilities", "float")
    with rasterio.open(work / "village.tif") as raster:
        bands = {name: raster.read(number + 1) for number, name in enumerate(raster.descriptions)}
        print("village:", raster.tags()["LANDCAST_EVIDENCE"], raster.tags().get("LANDCAST_NOTES", "no note"))
    cube = xr.open_dataset(data / FARMLAND)
    print_leaves(cube, bands["class"])
    figure, axes = plt.subplots(1, 3, figsize=(11, 4.2), layout="constrained")
    axes[0].imshow(true_colour(cube, "2021-08-01"))
    frame(axes[0], "Sentinel-2, 2021-08")
    shown = axes[1].imshow(1 - bands["p_none"], cmap="Greens", vmin=0, vmax=1)
    figure.colorbar(shown, ax=axes[1], shrink=0.7, location="left")
    frame(axes[1], "Probability of tree canopy")
    draw_classes(axes[2], bands["class"], CANOPY)
    frame(axes[2], "landcast canopy, 2021-10-01")
    save(figure, out / "readme-canopy.png", BELGIUM)


def print_leaves(cube: xr.Dataset, classes: NDArray[np.float32]) -> None:
    """Print NDVI of February and August by class: broadleaf trees are bare in February."""
    for code, (name, _) in enumerate(CANOPY):
        seen = []
        for month in ("2021-02-01", "2021-08-01"):
            near, red = (cube[band].sel(t=month).values.astype(float) for band in ("B08", "B04"))
            seen.append(float(np.median(((near - red) / (near + red))[classes == code])))
        print(f"village: {name}, {int((classes == code).sum())} pixels, NDVI of February and August {seen}")


def true_colour(cube: xr.Dataset, month: str) -> NDArray[np.float64]:
    colour = np.stack([cube[b].sel(t=month).values for b in ("B04", "B03", "B02")], axis=-1) / 10_000
    return np.asarray(np.clip(colour / 0.2, 0, 1) ** 0.7)


def draw_canopy(data: Path, work: Path, out: Path) -> None:
    landcast("canopy", data / FOREST, "-o", work / "canopy.tif", "--date", "2019-09-30")
    classes = rasterio.open(work / "canopy.tif").read(1)
    density = xr.open_dataset(data / FOREST).tree_cover_density.values
    print(
        f"canopy: agrees with a tree cover density of 50 % or more in {((classes > 0) == (density >= 50)).mean():.3f}"
    )
    figure, axes = plt.subplots(1, 2, figsize=(8.4, 4.2), layout="constrained")
    shown = axes[0].imshow(density, cmap="Greens", vmin=0, vmax=100)
    figure.colorbar(shown, ax=axes[0], label="%", shrink=0.8, location="left")
    frame(axes[0], "Tree cover density 2018 (Copernicus)")
    draw_classes(axes[1], classes, CANOPY)
    frame(axes[1], "landcast canopy, 2019-09-30")
    save(figure, out / "first-map-canopy.png", ROMANIA + " Copernicus Land Monitoring Service.")


def draw_crop(data: Path, work: Path, out: Path) -> None:
    landcast("crop", data / FARMLAND, "-o", work / "crop.tif")
    cube = xr.open_dataset(data / FARMLAND)
    figure, axes = plt.subplots(1, 3, figsize=(11, 4.2), layout="constrained")
    for axis, month in zip(axes, ("2021-04-01", "2021-08-01"), strict=False):
        axis.imshow(true_colour(cube, month))
        frame(axis, f"Sentinel-2, {month[:7]}")
    draw_classes(axes[2], rasterio.open(work / "crop.tif").read(1), CROP)
    frame(axes[2], "landcast crop, season to 2021-10")
    save(figure, out / "readme-crop.png", BELGIUM)


def save(figure: Figure, path: Path, credit: str) -> None:
    figure.supxlabel(credit, fontsize=7, color="grey")
    figure.savefig(path, dpi=90)
    print(path, path.stat().st_size // 1024, "kB")


DRAW = {"forecast": draw_forecast, "canopy": draw_village, "first-map": draw_canopy, "crop": draw_crop}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, required=True, help="folder of real data")
    parser.add_argument("--out", type=Path, required=True, help="folder of the pictures")
    parser.add_argument("--only", choices=sorted(DRAW), action="append", help="pictures to draw; default: all")
    arguments = parser.parse_args()
    arguments.out.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory() as work:
        for name in arguments.only or DRAW:
            DRAW[name](arguments.data, Path(work), arguments.out)


if __name__ == "__main__":
    main()
