"""`landcast evaluate embeddings` on small tables whose labels are planted."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from cli.main import DONE, WRONG_INPUT, run_command

RNG = np.random.default_rng(6)
VECTORS = RNG.normal(size=(60, 6))
IDS = [f"p{n}" for n in range(60)]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("LANDCAST_HOME", str(tmp_path / "home"))
    write(VECTORS).to_parquet("e.parquet", index=False)
    write(VECTORS[::-1], unseen=7).to_csv("other.csv", index=False)
    labels = {
        "series_id": IDS,
        "crop": np.where(VECTORS[:, 0] > 0.3, "maize", "other"),
        "height": VECTORS @ np.arange(6.0),
        "place": np.arange(60) // 3,
        "half": np.arange(60) // 30,
        "same": "x",
    }
    pd.DataFrame(labels).sample(frac=1, random_state=1).to_csv("labels.csv", index=False)
    return tmp_path


def write(vectors: np.ndarray, *, unseen: int = 5) -> pd.DataFrame:
    table = pd.DataFrame(vectors, columns=[f"e{n:03d}" for n in range(vectors.shape[1])])
    table.insert(0, "series_id", IDS)
    table.iloc[unseen, 1:] = np.nan
    return table


@pytest.fixture
def probe(capsys: pytest.CaptureFixture[str]) -> Callable[..., tuple[int, str, list[str]]]:
    def run(*arguments: str) -> tuple[int, str, list[str]]:
        code = run_command(["evaluate", "embeddings", *arguments])
        printed = capsys.readouterr()
        return code, printed.out, [n for n in printed.err.splitlines() if not n.startswith("probe ")]

    return run


def test_classes_are_probed_beside_the_majority_class(probe: Callable[..., tuple[int, str, list[str]]]) -> None:
    code, printed, _ = probe("e.parquet", "--labels", "labels.csv", "--column", "crop")
    assert code == DONE
    assert "Label 'crop' (2 classes) of 59 series in 20 places (by column 'place'), 5 folds by place" in printed
    assert "majority class" in printed
    assert "e.parquet is better than the majority class" in printed


def test_numbers_are_probed_beside_the_mean_and_other_embeddings(
    probe: Callable[..., tuple[int, str, list[str]]],
) -> None:
    code, printed, _ = probe("e.parquet", "--labels", "labels.csv", "--column", "height", "--against", "other.csv")
    assert code == DONE
    assert "Label 'height' (a number) of 58 series" in printed  # each table lacks another one
    assert "e.parquet is better than other.csv" in printed
    assert "Mutual neighbours: " in printed
    assert "k = 10, n = 20, one series of each place" in printed


@pytest.mark.parametrize(
    ("arguments", "printed"),
    [
        (("none.csv", "--labels", "labels.csv", "--column", "crop"), "there is no such file"),
        (("labels.csv", "--labels", "labels.csv", "--column", "crop"), "no table of 'landcast embed'"),
        (("e.parquet", "--labels", "labels.csv"), "name one of the columns crop, height"),
        (("e.parquet", "--labels", "labels.csv", "--column", "colour"), "name one of the columns crop, height"),
        (("e.parquet", "--labels", "labels.csv", "--column", "crop", "--place-column", "x"), "the columns are"),
        (("e.parquet", "--labels", "labels.csv", "--column", "crop", "--place-column", "half"), "need at least 3"),
        (("e.parquet", "--labels", "labels.csv", "--column", "same"), "all its series have the same 'same'"),
        (("e.parquet", "--labels", "e.parquet", "--column", "e000", "--against", "twice.csv"), "'p0' twice"),
    ],
)
def test_tables_that_cannot_be_probed_are_refused_in_one_sentence(
    probe: Callable[..., tuple[int, str, list[str]]], arguments: tuple[str, ...], printed: str
) -> None:
    pd.concat([write(VECTORS)] * 2).to_csv("twice.csv", index=False)
    code, _, lines = probe(*arguments)
    assert code == WRONG_INPUT
    assert len(lines) == 1
    assert printed in lines[0]


def test_series_without_a_place_are_places_of_their_own(probe: Callable[..., tuple[int, str, list[str]]]) -> None:
    pd.DataFrame({"sample_id": IDS, "crop": np.where(VECTORS[:, 0] > 0, 1, 0)}).to_parquet("plain.parquet")
    code, printed, _ = probe("e.parquet", "--labels", "plain.parquet")
    assert code == DONE
    assert "Label 'crop' (2 classes) of 59 series in 59 places (each series is a place of its own)" in printed
