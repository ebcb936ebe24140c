"""Probes of tables on disk, and the sentences about them."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from core.errors import InvalidTable
from evaluation.probes.report import ProbeResult, probe_report, render_text, run_probe
from evaluation.probes.tables import Labels

RNG = np.random.default_rng(4)
COUNT = 48
IDS = [f"s{n}" for n in range(COUNT)]
VECTORS = RNG.normal(size=(COUNT, 4))
PLACES = (np.arange(COUNT) // 3).astype(str)


def table(path: Path, vectors: np.ndarray, ids: list[str] = IDS) -> Path:
    columns = {f"e{n:03d}": column for n, column in enumerate(vectors.T)}
    pd.DataFrame({"series_id": ids, **columns}).to_csv(path, index=False)
    return path


def labels(values: object, places: np.ndarray = PLACES, place_column: str = "place") -> Labels:
    frame = pd.DataFrame({"label": values, "place": places}, index=pd.Index(IDS))
    return Labels(values=frame.dropna(subset=["label"]), column="crop", place_column=place_column)


@pytest.fixture(scope="module")
def compared(tmp_path_factory: pytest.TempPathFactory) -> ProbeResult:
    """A number that the first embeddings hold and the second do not; the second table lacks two series."""
    folder = tmp_path_factory.mktemp("tables")
    good = table(folder / "good.csv", VECTORS)
    noise = table(folder / "noise.csv", RNG.normal(size=(COUNT - 2, 4)), IDS[2:])
    return run_probe([good, noise], labels(VECTORS @ np.array([1.0, -2.0, 0.5, 3.0])))


def test_series_that_all_tables_hold_are_probed(compared: ProbeResult) -> None:
    assert (compared.found.count, compared.found.places) == (COUNT - 2, 16)
    assert compared.names == ("good.csv", "noise.csv")
    assert compared.alignment is not None


def test_findings_compare_embeddings_with_the_mean_and_with_each_other(compared: ProbeResult) -> None:
    over_mean, noise_over_mean, over_noise, agreement = probe_report(compared).findings
    assert over_mean.startswith("good.csv is better than the mean by ")
    assert noise_over_mean.startswith(
        ("The difference between noise.csv and the mean may be chance: ", "noise.csv is worse")
    )
    assert over_noise.startswith("good.csv is better than noise.csv by ")
    assert agreement.startswith("Mutual neighbours: ")
    assert "n = 16, one series of each place" in agreement


def test_the_text_has_every_score_with_its_interval(compared: ProbeResult) -> None:
    text = render_text(compared)
    score = compared.found.scores[1]
    assert text.startswith("Label 'crop' (a number) of 46 series in 16 places (by column 'place'), 5 folds by place.\n")
    assert f"{score.value:.3f} ({score.low:.3f} to {score.high:.3f})" in text
    assert [line.split()[0] for line in text.split("\n\n")[1].splitlines()[2:]] == ["good.csv", "noise.csv", "mean"]


def test_of_few_places_neighbours_are_not_compared(tmp_path: Path) -> None:
    tables = [table(tmp_path / "a.csv", VECTORS), table(tmp_path / "b.csv", -VECTORS)]
    places = (np.arange(COUNT) // 12).astype(str)
    result = run_probe(tables, labels(np.where(VECTORS[:, 0] > 0, "rye", "oat"), places, ""))
    assert probe_report(result).findings[-1] == "Mutual neighbours need at least 12 places, and there are 4."
    assert "(2 classes) of 48 series in 4 places (each series is a place of its own)" in render_text(result)
    assert "majority class" in render_text(result)


@pytest.mark.parametrize(
    ("values", "places", "sentence"),
    [
        ([None] * COUNT, PLACES, "none of its series has a label"),
        (VECTORS[:, 0], (np.arange(COUNT) % 2).astype(str), "lie in 2 places, and folds by place need at least 3"),
        (["rye"] * COUNT, PLACES, "all its series have the same 'crop'"),
    ],
)
def test_labels_that_cannot_be_probed_are_refused(
    tmp_path: Path, values: object, places: np.ndarray, sentence: str
) -> None:
    with pytest.raises(InvalidTable, match=sentence):
        run_probe([table(tmp_path / "e.csv", VECTORS)], labels(values, places))
