"""The files of a result: valid, whole, open to read back, saying what they are made of; made here without a queue."""

import json
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pystac
import pytest
import rasterio
import xarray as xr
from PIL import Image
from pystac.extensions.classification import ClassificationExtension
from pystac.extensions.projection import ProjectionExtension
from rasterio.enums import ColorInterp
from rio_cogeo.cogeo import cog_validate

from core.job import Job
from core.region import parse_region
from core.settings import Settings
from core.timeline import parse_period
from outputs.cog import RasterFile, open_cog
from outputs.plots.forecast_pixel import choose_pixel, pixel_window
from outputs.provenance import Provenance
from outputs.write_raster import write_raster
from tests.fakes import LEGEND, REGION, SMALL, FakeArchive
from tests.workers.conftest import assert_successful, carry_out, files_of, workshop


@dataclass(frozen=True, kw_only=True)
class Made:
    """A finished job and its files."""

    settings: Settings
    job: Job

    def path(self, ending: str) -> Path:
        return self.settings.home / "jobs" / self.job.id / f"{self.job.order.product}{ending}"

    @property
    def raster(self) -> RasterFile:
        return open_cog(self.path(".tif"))

    @property
    def item(self) -> dict[str, Any]:
        document: dict[str, Any] = json.loads(self.path(".json").read_text(encoding="utf-8"))
        return document


def make(tmp_path_factory: pytest.TempPathFactory, product: str, **inputs: object) -> Made:
    settings = workshop(tmp_path_factory.mktemp("made") / "home", "redis+socket:///nowhere")
    if "archive" in inputs:
        settings = settings.but(archive=inputs["archive"])
    job = carry_out(settings, product, **inputs)
    assert_successful(job)
    return Made(settings=settings, job=job)


@pytest.fixture(scope="module")
def made_map(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory, "fake-map")


@pytest.fixture(scope="module")
def made_forecast(tmp_path_factory: pytest.TempPathFactory) -> Made:
    return make(tmp_path_factory, "fake-forecast", region=SMALL)


@pytest.fixture(params=["made_map", "made_forecast"])
def made(request: pytest.FixtureRequest) -> Made:
    found: Made = request.getfixturevalue(request.param)
    return found


def test_a_geotiff_is_a_strict_cog_with_nothing_hidden_beside_it(made: Made) -> None:
    is_valid, errors, remarks = cog_validate(made.path(".tif"), strict=True)
    assert (is_valid, errors, remarks) == (True, [], [])
    assert not [name for name in files_of(made.settings, made.job) if name.startswith(".")]


def test_a_class_map_carries_palette_legend_and_nodata(made_map: Made) -> None:
    with rasterio.open(made_map.path(".tif")) as raster:
        assert raster.descriptions == ("class", "p_bare", "p_green", "clear_count")
        assert raster.colorinterp[0] is ColorInterp.palette
        assert ColorInterp.palette not in raster.colorinterp[1:]
        colours = raster.colormap(1)
        assert [colours[e.value][:3] for e in LEGEND] == [e.colour for e in LEGEND]
        assert colours[255][3] == 0
        assert (raster.dtypes[0], raster.nodata, raster.units[1]) == ("uint8", 255, "%")
        assert json.loads(raster.tags(1)["LEGEND"])[1] == {"value": 1, "label": "Green field", "colour": [40, 140, 60]}
    assert made_map.raster.layers[0].legend == LEGEND


def test_pixels_are_those_of_one_render_of_the_whole_window(made_map: Made) -> None:
    raster, archive = made_map.raster, FakeArchive("plain", 32)
    scenes = archive.search(raster.window, archive.period)
    seen = [archive.read(s, raster.window, ("B04",)).values["B04"] for s in scenes]
    inside = raster.window.mask(parse_region(REGION))
    expected = np.where(inside, np.isfinite(seen).sum(axis=0), 255)
    np.testing.assert_array_equal(raster.read("clear_count"), expected)
    assert (raster.read("class")[~inside] == 255).all()
    assert set(np.unique(raster.read("class")[inside])) == {0, 1}
    np.testing.assert_array_equal((raster.read("p_bare") + raster.read("p_green"))[inside], 100)


def test_a_forecast_has_a_described_band_for_each_date_and_quantile(made_forecast: Made) -> None:
    raster = made_forecast.raster
    with rasterio.open(raster.path) as file:
        assert file.descriptions[2] == "ndvi_2022-07-19_q50"
        assert (file.tags(3)["DATE"], file.tags(3)["UNIT"]) == ("2022-07-19", "1")
        assert (file.nodata, file.dtypes[2], file.scales[2]) == (-32768, "int16", 1e-4)
        assert file.tags()["LANDCAST_ISSUE_DATE"] == "2022-06-19"
        assert file.tags(ns="IMAGE_STRUCTURE")["INTERLEAVE"] == "BAND"
    low, high = raster.read("ndvi_2022-07-19_q05"), raster.read("ndvi_2022-07-19_q95")
    assert np.nanmin(high - low) > 0


def test_a_geotiff_holds_how_it_was_made_but_not_when(made_map: Made) -> None:
    with rasterio.open(made_map.path(".tif")) as raster:
        tags = raster.tags()
    assert tags["LANDCAST_PRODUCT"] == "fake-map"
    assert (tags["LANDCAST_MODEL"], tags["LANDCAST_MODEL_SHA256"]) == ("fake-model", "ab" * 32)
    assert tags["LANDCAST_BACKEND"] == made_map.item["properties"]["landcast:backend"][0] == "onnxruntime cpu float32"
    assert (tags["LANDCAST_SIMULATED"], tags["LANDCAST_ARCHIVE"]) == ("yes", "fake-plain")
    assert tags["TIFFTAG_IMAGEDESCRIPTION"] == "Fake map. Simulated data: no satellite has measured this."
    assert tags["LANDCAST_SCENES"].startswith("12 sha256:")
    assert tags["LANDCAST_COMPLETENESS"] == "1.0000 (0 of 60 reads failed)"
    assert made_map.job.id not in str(tags)


def test_an_item_is_valid_stac(made: Made) -> None:
    item = pystac.Item.from_dict(made.item)
    item.stac_extensions = []  # their schemas are on the network; the fields are read by pystac's own classes below
    assert item.validate()
    assert (item.id, item.properties["landcast:product"]) == (made.job.id, made.job.order.product)


def test_an_item_holds_the_place_of_its_raster(made: Made) -> None:
    window, asset = made.raster.window, made.item["assets"]["data"]
    read = ProjectionExtension.ext(pystac.Item.from_dict(made.item).assets["data"])
    assert (read.code, read.shape) == (window.crs, list(window.shape_yx))
    assert read.transform == list(window.transform)
    assert asset["proj:epsg"] == 32632
    assert [name for name in made.item["properties"] if name.startswith("proj:")] == [], "other assets have no grid"
    west, south, east, north = made.item["bbox"]
    assert 11.0 < west < east < 11.02
    assert 48.0 < south < north < 48.01


def test_an_item_lists_files_with_sizes_and_checksums(made: Made) -> None:
    assets = made.item["assets"]
    further = {"plot", "netcdf"} if "forecast" in made.job.order.product else {"legend"}
    assert set(assets) == {"data", "thumbnail", "style", "definition"} | further
    for asset in assets.values():
        path = made.path("").parent / asset["href"]
        assert asset["href"].startswith("./")
        assert asset["file:size"] == path.stat().st_size
        assert asset["file:checksum"].startswith("1220")


def test_an_item_holds_the_meaning_of_its_classes(made_map: Made) -> None:
    band = made_map.item["assets"]["data"]["bands"][0]
    assert band["classification:classes"][1] == {
        "value": 1,
        "name": "green_field",
        "title": "Green field",
        "description": "Green field",
        "color_hint": "288C3C",
    }
    assert ClassificationExtension.get_schema_uri() in made_map.item["stac_extensions"]


def test_an_item_of_a_whole_result_is_complete(made_map: Made) -> None:
    properties = made_map.item["properties"]
    assert (properties["landcast:simulated"], properties["landcast:completeness"]) == (True, 1.0)
    assert (properties["landcast:failures"], properties["landcast:clear_share"]) == ([], 1.0)
    assert len(properties["landcast:scenes"]) == 12
    assert properties["title"] == "Fake map (simulated)"


def test_a_result_with_gaps_names_every_read_that_failed(tmp_path_factory: pytest.TempPathFactory) -> None:
    made = make(tmp_path_factory, "fake-map", archive="fake://gaps", region=SMALL)
    failures = made.item["properties"]["landcast:failures"]
    assert {f["scene_id"] for f in failures} == {"fake_20220311"}
    assert "the file ends too early" in failures[0]["reason"]
    assert made.item["properties"]["landcast:completeness"] == pytest.approx(11 / 12, abs=1e-5)
    assert not list((made.settings.home / "cache").rglob("*.tif")), "a tile with gaps is not kept for others"


def test_pictures_are_pictures(made: Made) -> None:
    for ending in (".png", "_pixel.png") if "forecast" in made.job.order.product else (".png",):
        with Image.open(made.path(ending)) as picture:
            assert picture.format == "PNG"
            assert picture.size[0] > 500
            assert len(picture.convert("RGB").getcolors(1 << 24)) > 20


def test_the_pixel_plotted_is_among_the_best_seen_and_central(made_forecast: Made) -> None:
    raster = made_forecast.raster
    row, column = choose_pixel(raster, parse_region(SMALL))
    count = raster.read("clear_count")
    assert count[row, column] == np.nanmax(count)
    assert pixel_window(raster.window, row, column).offset_in(raster.window) == (row, column)


@pytest.mark.parametrize("ending", [".nc", ".zarr"])
def test_a_forecast_cube_opens_with_quantiles_times_and_place(made_forecast: Made, tmp_path: Path, ending: str) -> None:
    raster, path = made_forecast.raster, tmp_path / f"forecast{ending}"
    write_raster(raster, path, origin_of(made_forecast))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        data = xr.open_dataset(path, engine="zarr" if ending == ".zarr" else "netcdf4", decode_coords="all")
    with data:
        assert data.ndvi.dims == ("quantile", "time", "y", "x")
        assert list(data["quantile"].values) == [0.05, 0.25, 0.5, 0.75, 0.95]
        assert [str(t)[:10] for t in data["time"].values] == ["2022-07-19", "2022-08-18", "2022-09-17"]
        median = data.ndvi.sel(quantile=0.5).isel(time=1)
        np.testing.assert_allclose(median.values, raster.read("ndvi_2022-08-18_q50"), atol=1e-7)
        usual = data.climatology.isel(time=2).values
        np.testing.assert_allclose(usual, raster.read("climatology_2022-09-17"), atol=1e-7)
        np.testing.assert_array_equal(data["x"].values, raster.window.centres()[0])
        assert data.spatial_ref.attrs["crs_wkt"].startswith("PROJCRS")
        assert str(data.issue_date.values)[:10] == "2022-06-19"
        assert data.attrs["landcast_simulated"] == "yes"


def origin_of(made: Made) -> Provenance:
    return Provenance(
        product=made.job.order.product,
        title="Fake",
        model="m",
        model_sha256="0",
        version="1",
        archive="fake",
        attribution="none",
        is_simulated=True,
        params={**made.job.order.params, "period": str(parse_period(made.job.order.params["period"]))},
        scenes=(),
        reads=0,
        failures=(),
    )
