"""Small rasters of every kind, seeded and asymmetric, and where they come from. Simulated."""

import numpy as np
from affine import Affine

from core.forecast import QUANTILE_COLUMNS, QUANTILES
from core.grid import Window
from core.product import Layer, LegendEntry, Raster, Variable
from outputs.provenance import Provenance

WINDOW = Window(crs="EPSG:32632", transform=Affine(10, 0, 600_000, 0, -10, 5_300_000), shape_yx=(70, 90))
DATES = ("2022-05-01", "2022-06-10")
LEGEND = (
    LegendEntry(value=0, label="No tree canopy", colour=(1, 2, 3)),
    LegendEntry(value=1, label="Conifer", colour=(250, 128, 64)),
)


def forecast(window: Window = WINDOW) -> Raster:
    """Return quantiles of NDVI and EVI2 at two dates, climatology and anomaly, clear count; a corner is unseen."""
    quantiles = [
        Layer(name=f"{v.lower()}_{d}_{c}", description=f"{v} {d} {c}", variable=v, quantile=q, date=d, unit="1")
        for v in ("NDVI", "EVI2")
        for d in DATES
        for q, c in zip(QUANTILES, QUANTILE_COLUMNS, strict=True)
    ]
    dated = [
        Layer(name=f"{v}_{d}", description=f"{v} {d}", variable=v, date=d, unit="1")
        for v in (Variable.CLIMATOLOGY, Variable.ANOMALY)
        for d in DATES
    ]
    count = Layer(name="clear_count", description="Clear observations", variable=Variable.CLEAR_COUNT, unit="count")
    layers = (*quantiles, *dated, count)
    pixels = np.random.default_rng(3).normal(size=(len(layers), *window.shape_yx)).clip(-3, 3).astype(np.float32)
    pixels[-1] = np.rint(9 * np.abs(pixels[-1]))
    pixels[:, :3, :5] = np.nan
    return Raster(layers=layers, pixels=pixels, window=window, nodata=np.nan)


def class_map(dtype: str = "uint8") -> Raster:
    """Return a class, its probabilities, a set without a legend, and a clear count; a corner is unseen."""
    unit = "%" if dtype == "uint8" else "1"
    layers = (
        Layer(name="class", description="Class", variable=Variable.CLASS, legend=LEGEND, date=DATES[0], dtype=dtype),
        *(
            Layer(
                name=f"p_{name}",
                description=f"Probability of {name}",
                variable=Variable.PROBABILITY,
                class_name=name,
                class_code=code,
                date=DATES[0],
                unit=unit,
                dtype=dtype,
            )
            for code, name in enumerate(("none", "conifer"))
        ),
        Layer(name="clear_count", description="Seen", variable=Variable.CLEAR_COUNT, unit="count", dtype=dtype),
    )
    rng = np.random.default_rng(4)
    pixels = np.stack([rng.integers(0, high, WINDOW.shape_yx) for high in (2, 100, 100, 40)]).astype(dtype)
    nodata = 255 if dtype == "uint8" else np.nan
    pixels[:, :3, :5] = nodata
    return Raster(layers=layers, pixels=pixels, window=WINDOW, nodata=nodata)


def origin(**options: object) -> Provenance:
    """Return where the rasters come from."""
    return Provenance(
        product="ndvi-forecast",
        title="NDVI forecast",
        model="small",
        model_sha256="ab" * 32,
        version="1.2",
        archive="sample",
        attribution="No licence needed.",
        is_simulated=True,
        params={"period": "2021-01-01/2022-04-30", **options},
        scenes=("a", "b"),
        reads=4,
        failures=(),
        archives=("sample",),
    )
