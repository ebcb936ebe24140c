"""`landcast models import`, and what can be done with what it has imported."""

import json
from pathlib import Path

import httpx
import numpy as np
import pandas as pd
import pytest
import rasterio
import torch
import xarray as xr

from cli.main import DONE, FAILED, WRONG_INPUT, run_command
from core.settings import Settings
from models.published.convert import read_published
from models.published.save import save_imported
from tests.cli.cubes import BANDS, SHAPE_YX, write_cube
from tests.cli.said import other_lines
from tests.models.published.published_files import TEN, known_outputs, published_weights, write_published
from tests.service import scene
from tests.service.scene import problem_of

SEED = 7
ORDER = ",".join(BANDS)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Current folder, with a home folder of its own in it and a published file of the cube's six bands."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANDCAST_HOME", str(tmp_path / "home"))
    weights = published_weights(channels=6, positions=40, seed=SEED)
    write_published(tmp_path / "006M_ckpt.pt", weights)
    np.savez(tmp_path / "known.npz", **known_outputs(weights, 3))
    return tmp_path


def run(*arguments: object) -> int:
    return run_command([str(a) for a in arguments])


def refused(capsys: pytest.CaptureFixture[str], *arguments: object, code: int = WRONG_INPUT) -> str:
    capsys.readouterr()
    assert run(*arguments) == code
    printed = [line for line in other_lines(capsys.readouterr().err) if not line.startswith("import ")]
    assert len(printed) == 1, printed
    assert printed[0].startswith("Error: ")
    return printed[0]


def test_the_golden_file_is_imported_after_a_check(golden: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = golden / "earthpt_paper_tiny.pt"
    assert run("models", "import", file, "--check", file.with_suffix(".npz"), "--bands", ",".join(TEN)) == DONE
    lines = capsys.readouterr().out.splitlines()
    assert [line.split(":")[0] for line in lines[:3]] == ["next_step", "rollout", "embedding"]
    assert max(float(line.split()[-1]) for line in lines[:3]) < 1e-5
    card = json.loads(Path(lines[3]).read_text())
    assert card["name"] == "earthpt_paper_tiny"
    assert card["source"]["iter_num"] == 123


def test_an_import_is_listed_and_shown_at_once(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run("models", "import", "006M_ckpt.pt") == DONE
    assert Path(capsys.readouterr().out.strip()) == folder / "home" / "models" / "006M_ckpt" / "card.json"
    assert run("models", "list") == DONE
    assert capsys.readouterr().out.startswith("006M_ckpt ")
    assert run("models", "show", "006M_ckpt") == DONE
    assert json.loads(capsys.readouterr().out)["bands"] == []


def test_a_file_that_does_not_give_the_known_outputs_is_a_failed_run_and_not_imported(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    weights = published_weights(channels=6, positions=40, seed=SEED)
    weights["transformer.h.2.ln_2.weight"] += 0.1
    write_published(folder / "changed.pt", weights)
    printed = refused(capsys, "models", "import", "changed.pt", "--check", "known.npz", code=FAILED)
    assert "next_step and rollout and embedding differ by more than 1e-05" in printed
    assert not (folder / "home").exists()


def test_a_folder_and_a_name_can_be_given(folder: Path) -> None:
    assert run("models", "import", "006M_ckpt.pt", "-o", "mine", "--name", "six", "--bands", ORDER) == DONE
    assert sorted(p.name for p in (folder / "mine" / "six").iterdir()) == ["card.json", "weights.safetensors"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("text.pt",), "no file of weights"),
        (("missing.pt",), "no such file"),
        (("cut.pt",), "cut short"),
        (("biased.pt",), "unknown 'transformer.h.0.ln_1.bias'"),
        (("known.npz",), "is not a valid value of 'FILE'"),
        (("006M_ckpt.pt", "--check", "missing.npz"), "missing.npz"),
        (("006M_ckpt.pt", "--check", "text.pt"), "npz"),
        (("006M_ckpt.pt", "--check", "other.npz"), "fits this model"),
        (("006M_ckpt.pt", "--bands", "B04,B08"), "names 2 columns, and the network has 6"),
        (("006M_ckpt.pt", "--bands", "B02,B03,B04,B08,B11,B99"), "B99"),
        (("006M_ckpt.pt", "--name", "../up"), "--name"),
        (("006M_ckpt.pt", "--name", "earthpt-small"), "shipped"),
        (("006M_ckpt.pt", "-o", "text.pt"), "text.pt"),
        ((), "FILE"),
    ],
)
def test_a_file_that_cannot_be_imported_is_refused_in_one_sentence_and_leaves_nothing(
    folder: Path, capsys: pytest.CaptureFixture[str], arguments: tuple[str, ...], sentence: str
) -> None:
    (folder / "text.pt").write_text("These are not weights.\n" * 50)
    (folder / "cut.pt").write_bytes((folder / "006M_ckpt.pt").read_bytes()[:4000])
    biased = published_weights() | {"transformer.h.0.ln_1.bias": torch.zeros(24)}
    write_published(folder / "biased.pt", biased)
    np.savez(folder / "other.npz", **known_outputs(published_weights(channels=10), 3))
    assert sentence in refused(capsys, "models", "import", *arguments)
    assert not (folder / "home").exists()


def test_without_the_order_of_bands_no_forecast_is_made(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    write_cube(folder / "cube.nc", dates=8)
    assert run("models", "import", "006M_ckpt.pt", "--name", "six") == DONE
    printed = refused(capsys, "forecast", "cube.nc", "-o", "out.tif", "--model", "six")
    assert "import it again with --bands" in printed
    assert not (folder / "out.tif").exists()


def test_with_the_order_of_bands_a_cube_is_forecast(folder: Path) -> None:
    write_cube(folder / "cube.nc", dates=30)
    assert run("models", "import", "006M_ckpt.pt", "--name", "six") == DONE
    assert run("models", "import", "006M_ckpt.pt", "--name", "six", "--bands", ORDER) == DONE
    assert run("forecast", "cube.nc", "-o", "out.nc", "--model", "six", "--horizon", "20d", "--step", "10d") == DONE
    assert run("forecast", "cube.nc", "-o", "out.tif", "--model", "six", "--horizon", "20d", "--step", "10d") == DONE
    with xr.open_dataset("out.nc") as cube:
        assert cube.ndvi.shape == (5, 2, *SHAPE_YX)
        assert np.isfinite(cube.ndvi.values).all()
        assert (np.diff(cube.ndvi.values, axis=0) >= 0).all()
    with rasterio.open("out.tif") as raster:
        assert raster.tags()["LANDCAST_MODEL"] == "six"


def test_a_cube_that_lacks_a_band_of_the_model_is_refused_with_the_band(
    folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_cube(folder / "cube.nc", dates=8, bands=("B03", "B04", "B08", "B11", "B12"))
    assert run("models", "import", "006M_ckpt.pt", "--name", "six", "--bands", ORDER) == DONE
    assert "it reads B02, which" in refused(capsys, "forecast", "cube.nc", "-o", "out.tif", "--model", "six")


def test_a_table_is_forecast(folder: Path) -> None:
    times = pd.date_range("2019-01-01", periods=50, freq="10D")
    rng = np.random.default_rng(2)
    bands = {name: rng.uniform(0.02, 0.4, len(times)) for name in BANDS}
    pd.DataFrame({"series_id": "a", "time": times, **bands}).to_csv(folder / "series.csv", index=False)
    assert run("models", "import", "006M_ckpt.pt", "--name", "six", "--bands", ORDER) == DONE
    assert run("forecast", "series.csv", "-o", "out.csv", "--model", "six", "--horizon", "20d") == DONE
    quantiles = pd.read_csv("out.csv")[["q05", "q25", "q50", "q75", "q95"]].to_numpy()
    assert quantiles.shape == (4, 5)
    assert (np.diff(quantiles, axis=1) >= 0).all()


def test_a_service_takes_orders_for_an_import_only_if_its_bands_are_named(
    folder: Path, archive_folder: Path, redis_url: str
) -> None:
    archive = str(archive_folder / "archives" / "fields.nc")
    settings = Settings(home=folder / "home", archive=archive, redis_url=redis_url)
    found = read_published(folder / "006M_ckpt.pt")
    save_imported(found, settings.home / "models" / "dumb", bands=())
    save_imported(found, settings.home / "models" / "six", bands=BANDS)
    with scene.served(settings) as client:
        assert "--bands" in problem_of(estimate(client, "dumb"), 400)["detail"]
        assert estimate(client, "six").status_code == 200
        offered = client.get("/processes/ndvi-forecast").json()["inputs"]["model"]["schema"]["enum"]
    assert "six" in offered
    assert "dumb" not in offered


def estimate(client: httpx.Client, model: str) -> httpx.Response:
    order = {"inputs": {"region": scene.REGION, "model": model}}
    return client.post("/processes/ndvi-forecast/estimate", json=order)
