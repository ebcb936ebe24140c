"""A table, a cube and a region that hold the same series give the same answer or the same refusal, for every option."""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from shapely.geometry import mapping

from core.bands import CHANNELS
from core.checkpoint import Checkpoint
from core.errors import InvalidOption, RequestError
from core.options import MapsOnly, marker
from core.product import Product, Raster
from core.settings import Settings
from core.source import Source
from core.timeline import to_times
from ingest.source import CubeSource, TableSource, open_source
from models.embed import width_of
from models.registry import find_checkpoint
from outputs.cog import open_cog
from products.catalogue import PRODUCTS
from products.embedding import Embedding, EmbeddingOptions
from tests.cli.cubes import BANDS, write_cube
from tests.products.forecasters import forecaster
from workers.direct import DirectOrder, make

SHAPE_YX = (4, 5)
VALUES: dict[str, list[Any]] = {
    "period": ["2020-06-01/2021-03-01", "1990-01-01/1990-12-31", "2020-01-04/2020-01-05", "2021-03-01/2020-06-01", "x"],
    "issue_date": ["2021-05-01", "1990-01-01", "never"],
    "horizon": ["20d", "2000d", "0d"],
    "step": ["50d", "900d", "0"],
    "since": ["2021-03-01", "2020-01-01", "1990-01-01", "2031-01-01"],
    "until": ["2021-03-01", "2021-08-20", "1990-01-01", "2031-01-01", "soon"],
    "last": ["40d", "1d", "500d", "0d"],
    "dates": ["2021-09-01,2021-10-01", "2001-01-01", "2021-13-01", "2031-01-01"],
    "variables": ["EVI2,B04", "BSI", "B05", "NDMI"],
    "quantiles": ["0.05,0.95", "0.1"],
    "extra_layers": ["climatology,anomaly", "anomaly", "trend"],
    "pooled": ["true", "perhaps"],
    "blend": [{}, {"model": "x"}],
    "probabilities": ["float", "percent", "maybe"],
    "sets": ["true", "perhaps"],
    "applicability": ["true", 7],
    "evidence": ["true", "maybe"],
    "min_evidence": [2, 40],
    "date": ["2021-03-01", "1990-01-01", "soon"],
    "change": ["2020-12-01/2021-06-01", "2020-12-01/2020-12-01", "2030-01-01/2031-01-01", "1991-01-01/1992-01-01"],
    "significance": [0.6, 0.1],
    "decline": ["true", "perhaps"],
    "mmu": [0.02, -1],
    "threshold": [0.3, 2],
    "layer": ["last", "first"],
}
TOGETHER: dict[str, list[dict[str, Any]]] = {
    "ndvi-forecast": [
        {},
        {"dates": "2021-09-01", "horizon": "10d"},
        {"period": "2020-06-01/2021-03-01", "step": "20d"},
        {"period": "2020-06-01/2021-03-01", "issue_date": "2020-06-02"},
    ],
    "ndvi-gap-fill": [
        {},
        {"since": "2020-08-01", "until": "2020-12-01", "step": "7d"},
        {"dates": "2021-03-01", "until": "2021-04-01"},
        {"period": "2020-06-01/2021-03-01", "until": "2021-04-10", "step": "20d"},
    ],
    "ndvi-anomaly": [
        {},
        {"date": "2021-03-01", "last": "60d"},
        {"period": "2020-06-01/2021-03-01", "last": "30d"},
        {"period": "2020-06-01/2021-03-01", "date": "2021-06-01"},
    ],
    "canopy": [
        {},
        {"change": "2020-12-01/2021-06-01", "significance": 0.5},
        {"change": "2020-12-01/2021-06-01", "sets": 1},
        {"change": "2020-12-03/2020-12-04"},
        {"period": "2020-06-01/2021-03-01", "date": "2020-06-01"},
    ],
    "crop": [{}, {"period": "2020-06-01/2021-03-01", "sets": True, "applicability": True}],
    "embedding": [{}],
}


NOWHERE = ("decline",)
"""Layers that no pixel of the cube has: it shows no canopy."""


@dataclass(frozen=True)
class Answer:
    """Columns of N series by the names of the layers, or the refusal."""

    columns: Mapping[str, np.ndarray]
    refusal: str = ""


@pytest.fixture(scope="module")
def sources(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Source]:
    """The same series three times; the region covers the whole cube."""
    folder, settings = tmp_path_factory.mktemp("same"), Settings(home=tmp_path_factory.mktemp("home"))
    path = write_cube(folder / "cube.nc", dates=55, shape_yx=SHAPE_YX, bands=BANDS)
    cube = open_source(path, bands=(*BANDS, "B05", "VV", "VH"), settings=settings)
    write_table(cube, folder / "series.parquet")
    assert isinstance(cube, CubeSource)
    aoi = dict(mapping(cube.whole.window.footprint_wgs84))
    region = open_source(None, region=aoi, archive=str(path), bands=BANDS, settings=settings)
    return {
        "table": open_source(folder / "series.parquet", bands=(), settings=settings),
        "cube": cube,
        "region": region,
    }


def write_table(cube: Source, path: Path) -> None:
    blocks = list(cube.blocks(cube.period))
    rows = [
        pd.DataFrame({"series_id": name, "time": to_times(days), **{b: values[:, c] for c, b in enumerate(CHANNELS)}})
        for block in blocks
        for name, days, values in zip(block.ids, block.days, block.values, strict=True)
    ]
    table = pd.concat(rows)[["series_id", "time", *BANDS]]
    table.to_parquet(path)


def products() -> dict[str, Product[Any]]:
    return {**PRODUCTS, "embedding": Embedding(forecaster(), width_of(forecaster()))}


def model_of(product: Product[Any]) -> Checkpoint:
    return forecaster() if product.task == "forecast" else find_checkpoint("", product.task, Settings())


def cases() -> list[Any]:
    found = []
    for name, options in {**{n: p.options for n, p in PRODUCTS.items()}, "embedding": EmbeddingOptions}.items():
        chosen = [{option: value} for option in options.choices() for value in VALUES[option]]
        found += [pytest.param(name, inputs, id=f"{name}-{json.dumps(inputs)}") for inputs in TOGETHER[name] + chosen]
    return found


def answer(product: Product[Any], source: Source, inputs: Mapping[str, Any], folder: Path) -> Answer:
    order = DirectOrder(product=product, checkpoint=model_of(product), inputs=inputs)
    folder.mkdir()
    try:
        found = make(order, source, Settings(home=folder / "home"), folder, lambda _: None)
    except RequestError as error:
        return Answer({}, refusal=f"{type(error).__name__}: {error}")
    if isinstance(found, pd.DataFrame):
        return Answer(by_layer(found))
    raster = found.pixels if isinstance(found.pixels, Raster) else None
    pixels = raster.pixels if raster is not None else layers_of(found.pixels, [v.name for v in found.layers])
    columns = {}
    for layer, values in zip(found.layers, pixels, strict=True):
        values = np.where(values == 255, np.nan, values) if layer.dtype == "uint8" else values
        columns[layer.name] = values.astype(np.float64).ravel() / (100 if layer.unit == "%" else 1)
    return Answer(columns)


def layers_of(path: Any, names: list[str]) -> np.ndarray:
    """Return the pixels of the layers of a COG, which is opened once: there may be hundreds."""
    cog = open_cog(path)
    return np.stack([cog.read(name) for name in names])


def by_layer(table: pd.DataFrame) -> dict[str, np.ndarray]:
    """Return the columns of a table by the names of the layers that hold the same."""
    if "last_clear" in table:
        age = (table.time - table.last_clear) / pd.Timedelta(days=1)
        table = table.assign(days_to_clear=age).drop(columns=["time", "last_clear"])
    if "time" not in table:
        return {name: table[name].to_numpy(np.float64) for name in table.columns[1:]}
    columns = {}
    if "pooled_over" in table:
        columns["pooled_over"] = table.drop_duplicates("series_id").pooled_over.to_numpy(np.float64)
        table = table.drop(columns="pooled_over")
    for name in table.columns[2:]:
        variable, _, quantile = (
            (name, "", "") if name in ("days_to_clear", "climatology", "anomaly") else name.rpartition("_")
        )
        for day, rows in table.groupby("time"):
            layer = f"{(variable or 'ndvi').lower()}_{day:%Y-%m-%d}_{quantile}".removesuffix("_")
            columns[layer] = rows[name].to_numpy(np.float64)
    return columns


def unnamed(refusal: str) -> str:
    """Return a refusal without the name of its source."""
    return re.sub(r"any series of 'series.parquet'|'series.parquet'|'cube.nc'|'cube'|the region", "SOURCE", refusal)


def is_of_maps(product: Product[Any], inputs: Mapping[str, Any]) -> bool:
    return any(marker(product.options.model_fields[name], MapsOnly) for name in inputs)


@pytest.mark.parametrize(("product_id", "inputs"), cases())
def test_three_sources_of_the_same_series_agree(
    sources: dict[str, Source], product_id: str, inputs: dict[str, Any], tmp_path: Path
) -> None:
    product = products()[product_id]
    found = {name: answer(product, source, inputs, tmp_path / name) for name, source in sources.items()}
    assert unnamed(found["region"].refusal) == unnamed(found["cube"].refusal)
    for name, values in found["cube"].columns.items():
        np.testing.assert_allclose(found["region"].columns[name], values, atol=0.011, err_msg=name)
    if is_of_maps(product, inputs) and not found["cube"].refusal:
        assert "the input is a table" in found["table"].refusal
        return
    assert unnamed(found["table"].refusal) == unnamed(found["cube"].refusal)
    assert bool(found["table"].columns) == bool(found["cube"].columns)
    scale = 100 if inputs.get("probabilities") == "percent" else 1
    near = 0.03 if "pooled" in inputs else 0.011  # series of tables are moved towards those alike, pixels are not
    for name, values in found["table"].columns.items():
        assert np.isfinite(values).any() or name in NOWHERE, name
        np.testing.assert_allclose(values / scale, found["cube"].columns[name], atol=near, err_msg=name)


def test_the_cases_hold_answers_and_refusals_of_every_option(sources: dict[str, Source], tmp_path: Path) -> None:
    assert set(VALUES) == {name for product in products().values() for name in product.options.choices()}
    assert isinstance(sources["table"], TableSource)
    with pytest.raises(InvalidOption, match="no-such"):
        products()["crop"].options.read({"no-such": 1})
