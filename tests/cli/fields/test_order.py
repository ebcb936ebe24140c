"""`landcast order fields FILE` against a running service."""

import json
from collections.abc import Callable
from pathlib import Path

import geopandas as gpd
import numpy as np
import pytest
from shapely import Polygon
from shapely.geometry import shape

from cli.fields.order import features_of
from cli.main import run_command
from core.region import Field
from core.source import InputSummary
from ingest.field_file import FieldFile
from tests.service.conftest import Front, archive_folder, own, redis_url
from tests.workers.fields.jobs import collection, feature, square
from workers.queue.ledger import open_ledger

__all__ = ["archive_folder", "own", "redis_url"]


@pytest.fixture
def plots(folder: Path) -> Path:
    frame = gpd.GeoDataFrame(
        {"plot": ["a", "b"], "secret": [1, 2]}, geometry=[shape(square(5, 5)), shape(square(20, 9))]
    )
    path = folder / "plots.gpkg"
    frame.set_crs(4326).to_crs(32632).to_file(path)
    return path


def test_the_fields_of_a_file_are_ordered_with_their_ids(
    own: Front, plots: Path, run: Callable[..., str], capsys: pytest.CaptureFixture[str]
) -> None:
    server = ["--server", str(own.client.base_url)]
    chosen = ["--id", "plot", "--products", "ndvi-forecast", "--dates", "2022-11-15"]
    said = run("order", "fields", str(plots), *chosen, *server, "--estimate")
    assert {"pixels", "scene_reads", "read_bytes", "seconds"} <= set(said.split())
    assert open_ledger(own.settings).count() == 0
    for wrong, sentence in (
        (["--region", str(plots)], "'--region'"),
        (["--max-cost", "bytes=1"], "the parts of a cost are"),
        (["--mmu", "0.1"], "the inputs are fields, archive"),
        (["--id", "owner"], "the columns of 'plots.gpkg' are plot, secret"),
    ):
        assert run_command(["order", "fields", str(plots), *chosen[2:], *wrong, *server]) == 2
        assert sentence in capsys.readouterr().err


def test_what_belongs_to_the_other_kind_of_order_is_refused(refused: Callable[..., str], plots: Path) -> None:
    server = ("--server", "http://127.0.0.1:9")
    assert "name the file with the polygons" in refused("order", "fields", *server)
    assert "only orders of fields have it" in refused("order", "crop", str(plots), *server)
    assert "only orders of fields have it" in refused("order", "crop", "--products", "crop", *server)
    assert "there is no such file" in refused("order", "fields", "none.gpkg", *server)


@pytest.mark.filterwarnings("ignore:'crs' was not provided")
@pytest.mark.parametrize("layer", ["plots", "others"])
def test_crs_and_layer_of_a_file_are_stated(
    own: Front,
    folder: Path,
    refused: Callable[..., str],
    run: Callable[..., str],
    layer: str,
) -> None:
    frame = gpd.GeoDataFrame({"id": ["a"]}, geometry=[shape(square(5, 5))]).set_crs(4326).to_crs(32632)
    bare = gpd.GeoDataFrame({"id": ["a"]}, geometry=list(frame.geometry))  # no CRS
    path = folder / "bare.gpkg"
    for name in ("plots", "others"):
        bare.to_file(path, layer=name)
    server = ("--server", str(own.client.base_url), "--estimate", "--products", "ndvi-forecast")
    assert "choose one by --layer" in refused("order", "fields", str(path), *server)
    assert "give it by --crs" in refused("order", "fields", str(path), "--layer", layer, *server)
    said = run("order", "fields", str(path), "--layer", layer, "--crs", "EPSG:32632", *server)
    assert dict(line.split(maxsplit=1) for line in said.splitlines())["area_km2"] == "0.0036"
    assert "only orders of fields have it" in refused("order", "crop", "--layer", layer, *server)


def test_features_have_ids_and_names_alone() -> None:
    bad = Polygon([(10, 48), (np.inf, 48.1), (10.1, 48), (10, 48)])  # as places outside a CRS become
    fields = (
        Field(id=3, name="N", geometry=shape(square(5, 5))),
        Field(id="b", defect="it has no geometry"),
        Field(id="c", geometry=bad, defect="x"),
    )
    summary = InputSummary(name="f", layout="fields in GeoJSON", taken=(), remarks=())
    found = features_of(FieldFile(fields=fields, id_column="plot", summary=summary))
    assert json.loads(json.dumps(found)) == collection(
        [feature(square(5, 5), name="N", plot=3), feature(None, plot="b"), feature(None, plot="c")]
    )
