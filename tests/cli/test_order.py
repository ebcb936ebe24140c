"""`landcast order` against a real service with a real worker."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from cli.main import DONE, WRONG_INPUT, run_command
from core.settings import Settings
from service.process.supervisor import Supervisor
from tests.cli.cubes import square, write_cube
from tests.service.access.keyed import make_key
from tests.service.conftest import Front
from tests.service.scene import served
from workers.queue.ledger import open_ledger


def test_the_help_names_the_products_of_an_option_unless_all_have_it(run: Callable[..., str]) -> None:
    text = " ".join(run("order", "--help").split())
    assert "(canopy) Minimum mapping unit" in text
    assert "(canopy, crop) Add the band set" in text
    assert "--period DATE/DATE DATE/DATE, first and last day" in text


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("crop",), "'--region': a file with the polygon"),
        (
            ("--region", "aoi.geojson"),
            "'PRODUCT': name a product (ndvi-forecast, ndvi-gap-fill, ndvi-anomaly, canopy or crop) or give --job",
        ),
        (("canopy", "--region", "aoi.geojson", "--mmu", "-1"), "'mmu': it is a number of hectares from 0"),
        (("wheat", "--region", "aoi.geojson"), "no product 'wheat'"),
        (("crop", "--region", "text.gpkg"), "text.gpkg"),
        (("crop", "--region", "aoi.geojson", "--max-cost", "600"), "write it as seconds=600,pixels=1000000"),
        (("crop", "--region", "aoi.geojson", "--max-cost", "seconds=nan"), "'--max-cost': write it as"),
        (("crop", "--region", "aoi.geojson", "--max-cost", "seconds=1,seconds=2"), "it names seconds twice"),
    ],
)
def test_a_wrong_order_is_refused_before_a_service_is_looked_for(
    refused: Callable[..., str], folder: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    (folder / "aoi.geojson").write_text(json.dumps(square(15.0, 47.85)))
    (folder / "text.gpkg").write_text("no polygons")
    assert sentence in refused("order", *arguments, "--server", "http://127.0.0.1:9")


@pytest.mark.parametrize("key", ["a b", "a\nb", "schlüssel"])
def test_a_key_that_cannot_be_one_is_refused_without_repeating_it(refused: Callable[..., str], key: str) -> None:
    said = refused("order", "--job", "x", "--server", "http://127.0.0.1:9", "--key", key)
    assert "LANDCAST_KEY" in said
    assert key not in said


def test_an_order_sends_the_key_of_its_option_or_of_the_environment(
    own: Front, folder: Path, monkeypatch: pytest.MonkeyPatch, refused: Callable[..., str]
) -> None:
    settings = own.settings.but(keys="required")
    key = make_key(settings, "alice")
    with served(settings) as client:
        server = str(client.base_url)
        assert "needs a key" in refused("order", "--job", "none", "--server", server)
        assert "no job 'none'" in refused("order", "--job", "none", "--server", server, "--key", key)
        monkeypatch.setenv("LANDCAST_KEY", key)
        assert "no job 'none'" in refused("order", "--job", "none", "--server", server)


@pytest.fixture
def running(settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Supervisor]:
    """A service over a small cube, and a current folder with a region in it."""
    cube = write_cube(tmp_path / "cube.nc")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANDCAST_HOME", str(settings.home))
    (tmp_path / "aoi.geojson").write_text(json.dumps(square(15.00033, 47.853, degrees=0.0003)))
    with Supervisor(settings.but(archive=str(cube))) as supervisor:
        yield supervisor


def test_an_order_is_estimated_refused_carried_out_and_come_back_to(
    running: Supervisor, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    aoi = ("--region", "aoi.geojson")
    assert run_command(["order", "crop", *aoi, "--estimate"]) == DONE
    found = dict(line.split(maxsplit=1) for line in capsys.readouterr().out.splitlines())
    assert (found["tiles"], found["archive_share"]) == ("1", "100 %")
    assert 0 < float(found["area_km2"]) < 0.01

    assert run_command(["order", "wheat", *aoi]) == WRONG_INPUT
    assert "wheat" in capsys.readouterr().err
    assert run_command(["order", "crop", *aoi, "--period", "2021-02-01/2021-01-01"]) == WRONG_INPUT
    assert "ends before it starts" in capsys.readouterr().err
    assert run_command(["order", "crop", *aoi, "--archive", "/etc"]) == WRONG_INPUT
    assert run_command(["order", "crop", *aoi, "--model", "nobody"]) == WRONG_INPUT
    assert not (tmp_path / "results").exists()
    capsys.readouterr()
    assert run_command(["order", "crop", *aoi, "--max-cost", "euros=5"]) == WRONG_INPUT
    assert "the parts of a cost are seconds, pixels," in capsys.readouterr().err
    assert run_command(["order", "crop", *aoi, "--max-cost", "seconds=600, pixels=1e6", "--estimate"]) == DONE
    assert "read_bytes" in capsys.readouterr().out

    assert run_command(["order", "crop", *aoi, "--server", running.url]) == DONE
    printed = capsys.readouterr().out.split()
    job = printed[1].rsplit("/", 1)[1]
    folder = tmp_path / "results" / "crop" / job
    assert {p.name for p in folder.iterdir()} == {
        f"crop.{ending}" for ending in ("tif", "json", "png", "qml", "qlr", "tif.aux.xml")
    }

    assert run_command(["order", "--job", job, "-o", "again"]) == DONE
    assert (tmp_path / "again" / "crop.tif").read_bytes() == (folder / "crop.tif").read_bytes()
    assert run_command(["order", "--job", "nothing"]) == WRONG_INPUT

    with open_ledger(running.settings).engine.begin() as connection:
        connection.exec_driver_sql("UPDATE tiles SET state = 'failed', error = 'its worker died', progress = 0")
    capsys.readouterr()
    assert run_command(["order", "--job", job, "-o", "again"]) == DONE
    assert f"landcast order --retry {job}" in capsys.readouterr().err
    assert run_command(["order", "--retry", job, "-o", "whole"]) == DONE
    assert "--retry" not in capsys.readouterr().err
    assert (tmp_path / "whole" / "crop.tif").read_bytes() == (folder / "crop.tif").read_bytes()
