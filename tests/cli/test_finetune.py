"""`landcast finetune`: named runs from a killed one to a checkpoint, alone and under torchrun; and own labels."""

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import rasterio
import torch

from cli.main import DONE, WRONG_INPUT, run_command
from core.settings import Settings
from models.registry import CARD
from tests.cli.cubes import write_cube
from tests.cli.tiny_run import NAME, entries
from tests.conftest import ROOT
from tests.training.label_files import write_labels
from tests.training.tiny_training import rows
from training.runner import train_named_run
from training.user_model import fit as fit_module


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Folder of a data collection, with the run that reads it among the named ones."""
    monkeypatch.setenv("LANDCAST_HOME", str(tmp_path / "home"))
    for table, name, entry in entries():
        monkeypatch.setitem(table, name, entry)
    (tmp_path / "data" / "waves").mkdir(parents=True)
    return tmp_path / "data"


class Stopped(Exception):
    """A kill, but in this process."""


def stop_after(share: float, data: Path, out: Path) -> None:
    def progress(done: float) -> None:
        if done > share:
            raise Stopped

    with pytest.raises(Stopped):
        train_named_run(NAME, data=data, out=out, settings=Settings(home=data.parent / "home"), progress=progress)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # torch's ONNX exporter warns of itself
def test_a_run_that_was_stopped_goes_on_shows_where_and_leaves_only_a_checkpoint(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = tmp_path / "out" / NAME
    arguments = ["finetune", NAME, "--data", str(data), "-o", str(tmp_path / "out")]
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    stop_after(0.5, data, tmp_path / "out")
    assert sorted(p.name for p in folder.glob("fold*.npz")) == ["fold0.npz", "fold1.npz"], "in the third of four"
    assert run_command([*arguments, "--resume"]) == DONE
    torch.set_num_threads(threads)
    printed = capsys.readouterr()
    assert printed.out == f"{folder / CARD}\n"
    assert printed.err.splitlines()[1:3] == [f"{NAME}  20 %", f"{NAME}  40 %"], (
        "no step of the first two folds is taken"
    )
    assert [r["step"] for r in rows(folder)] == [2, 4, 6]
    assert json.loads((folder / CARD).read_text())["ranks"] == 1
    assert sorted(p.name for p in folder.iterdir()) == [
        "applicability.safetensors",
        "card.json",
        "log.jsonl",
        "loss.png",
        "network.onnx",
        "validation.html",
        "weights.safetensors",
    ]
    assert run_command([*arguments, "--resume"]) == WRONG_INPUT
    assert "nothing is saved there" in capsys.readouterr().err


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # torch's ONNX exporter warns of itself
@pytest.mark.usefixtures("one_thread")
def test_the_trained_part_of_the_network_is_an_option_and_on_the_card(
    data: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    arguments = ["finetune", NAME, "--data", str(data), "-o", str(tmp_path / "out"), "--tune", "low-rank"]
    assert run_command(arguments) == DONE, capsys.readouterr().err
    card = json.loads((tmp_path / "out" / NAME / CARD).read_text())
    assert card["run"]["tune"] == "low-rank"
    assert card["made_by"].endswith("-o FOLDER --tune low-rank")


@pytest.mark.slow
def test_under_torchrun_only_one_process_prints_and_writes(data: Path, tmp_path: Path) -> None:
    launcher = [sys.executable, "-m", "torch.distributed.run", "--nproc-per-node", "2"]
    port = ["--rdzv-backend", "c10d", "--rdzv-endpoint", "127.0.0.1:0"]
    program = ["-m", "tests.cli.tiny_run", "finetune", NAME, "--data", str(data), "-o", str(tmp_path / "out")]
    run = subprocess.run(
        [*launcher, *port, *program],
        cwd=ROOT,
        env=os.environ | {"OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    card = tmp_path / "out" / NAME / CARD
    assert run.returncode == 0, run.stderr
    assert run.stdout == f"{card}\n"
    assert run.stderr.count("100 %") == 1
    assert json.loads(card.read_text())["ranks"] == 2
    assert not list(card.parent.glob("*resume*"))


FIELDS = {"--classes": "Bare=non_crop,Green=crop", "--year": "2021", "--block-km": "0.1"}
"""Options that fit the labels of the tests and their cube."""


def words(**changes: object) -> list[str]:
    """Return the options of FIELDS with some changed; None leaves one out."""
    options = FIELDS | {f"--{name.replace('_', '-')}": value for name, value in changes.items()}
    return [str(word) for option, value in options.items() if value is not None for word in (option, value)]


@pytest.fixture
def inputs(folder: Path) -> Path:
    """A cube of 40 x 40 pixels and a hundred labels on it."""
    write_cube(folder / "cube.nc", shape_yx=(40, 40), dates=110)
    write_labels(folder / "fields.gpkg", crs="EPSG:3035")
    return folder


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # torch's ONNX exporter warns of itself
def test_user_labels_become_a_model_that_maps_by_its_name_at_once(
    inputs: Path, run: Callable[..., str], refused: Callable[..., str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(fit_module, "STEPS", (30, 30))
    monkeypatch.setattr(fit_module, "BATCH", 16)
    printed = run("finetune", "crop", "--labels", "fields.gpkg", "--cube", "cube.nc", *words(), "--name", "mine")
    card = json.loads((inputs / "home" / "models" / "mine" / CARD).read_text())
    assert "crop: 50 labels, 200 pixels" in printed
    assert "use it: landcast crop INPUT --model mine -o OUT.tif" in printed
    assert card["user_labels"]["file"] == "fields.gpkg"
    assert card["made_by"] == (
        "landcast finetune crop --labels fields.gpkg --cube cube.nc --year 2021 "
        "--classes Bare=non_crop,Green=crop --block-km 0.1 --name mine"
    )
    assert str(inputs) not in json.dumps(card)
    assert set(card["accuracy"]["out_of_fold"]) > {"roc_auc_crop", "pr_auc_crop", "f1_crop", "brier", "ece"}
    assert "mine" in run("models", "list")
    run("crop", "cube.nc", "--model", "mine", "-o", "out.tif")
    with rasterio.open(inputs / "out.tif") as map_of:
        assert map_of.descriptions == ("class", "p_non_crop", "p_crop", "clear_count")
        share = map_of.read(3)
    assert share[:, 30:].mean() > share[:, :10].mean(), "the green side is more of a crop"
    again = refused("finetune", "crop", "--labels", "fields.gpkg", "--cube", "cube.nc", *words(), "--name", "mine")
    assert "--restart trains it anew" in again


CUBE = ["--cube", "cube.nc"]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (["forecast", *CUBE], "with --labels it is canopy or crop"),
        (["crop", *CUBE, "--labels", "none.gpkg"], "there is no such file"),
        (["crop", *CUBE], "Bare (50), Green (50); map each value"),
        (["crop", *CUBE, "--archive", "sample"], "it cannot be combined with --archive"),
        (["crop", *CUBE, "--year", "2021", "--date-column", "day"], "it cannot be combined with --date-column"),
        (["crop", *CUBE, *words(), "--data", "."], "it belongs to a named run"),
        (["crop", *CUBE, *words(), "--tune", "some"], "it is one of heads, low-rank, all"),
        (["crop", *CUBE, "--name", "crop"], "a shipped model has it"),
        (["crop", *CUBE, *words(column="IFT")], "'fields.gpkg' has the columns class"),
        (["crop", *CUBE, *words(year=1990)], "no label has a clear pixel"),
        (["crop", *CUBE, *words(block_km=50)], "blocks have 50 km, and --block-km makes them smaller"),
    ],
)
def test_labels_that_cannot_be_learned_are_refused_in_one_sentence_before_anything_is_written(
    inputs: Path, capsys: pytest.CaptureFixture[str], arguments: list[str], sentence: str
) -> None:
    before = sorted(inputs.iterdir())
    task, *options = arguments
    assert run_command(["finetune", task, "--labels", "fields.gpkg", *options]) == WRONG_INPUT
    assert sentence in capsys.readouterr().err.splitlines()[-1]
    assert sorted(inputs.iterdir()) == before


@pytest.mark.parametrize(
    ("options", "sentence"),
    [
        (["-o", "models"], "a named run needs the folder of the data, and user labels need --labels FILE"),
        (["--data", "nowhere", "-o", "models"], "there is no such folder"),
        (["--data", "."], "a named run needs a folder for models"),
        (["--data", ".", "-o", "models", "--cube", "cube.nc"], "it belongs to --labels, which is not given"),
        (["--data", ".", "-o", "models", "--tune", "some"], "it is one of heads, low-rank, all"),
    ],
)
def test_a_named_run_needs_data_and_a_folder_and_takes_no_option_of_user_labels(
    refused: Callable[..., str], options: list[str], sentence: str
) -> None:
    assert sentence in refused("finetune", "canopy", *options)
