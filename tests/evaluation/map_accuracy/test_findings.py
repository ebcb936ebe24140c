"""The sentences about a map assessment, on reference points chosen so that each of them is due."""

from pathlib import Path

import numpy as np
import pytest

from evaluation.map_accuracy.findings import findings
from tests.evaluation.map_accuracy.class_maps import NODATA, assessed, codes, points


def found(drawn_map: Path, tmp_path: Path, *, wrong: int = 0, **counts: int) -> tuple[str, ...]:
    """Return the findings of so many points of each class; the first `wrong` ones of forest are called other land."""
    codes_of = {"forest": 0, "loss": 1, "other": 7}
    places = np.concatenate([np.argwhere(codes() == codes_of[name])[5:][:count] for name, count in counts.items()])
    rows, columns = places.T
    labels = codes()[rows, columns].copy()
    labels[np.flatnonzero(labels == 0)[:wrong]] = 7
    points(rows, columns, labels).to_file(tmp_path / "points.gpkg")
    return tuple(findings(assessed(drawn_map, tmp_path / "points.gpkg")))


def test_points_that_disagree_a_little_in_every_class_give_no_finding(drawn_map: Path, tmp_path: Path) -> None:
    rows, columns = np.concatenate([np.argwhere(codes() == code)[5:35] for code in (0, 1, 7)]).T
    labels = codes()[rows, columns].copy()
    labels[::10] = 7
    labels[60] = 0
    points(rows, columns, labels).to_file(tmp_path / "points.gpkg")
    assert findings(assessed(drawn_map, tmp_path / "points.gpkg")) == []


def test_a_stratum_with_one_point_has_no_interval(drawn_map: Path, tmp_path: Path) -> None:
    sentences = found(drawn_map, tmp_path, forest=30, loss=1, other=30)
    assert sentences[0] == (
        "The stratum Forest loss has 1 point, so the figures that need it have no interval, overall accuracy and areas "
        "among them. Draw at least 2 points in it, better 50."
    )


def test_strata_without_points_are_not_covered(drawn_map: Path, tmp_path: Path) -> None:
    share = (codes() == 0).sum() / (codes() != NODATA).sum()
    first, *others = found(drawn_map, tmp_path, forest=30)
    assert first.startswith(f"All figures describe {100 * share:.2f} % of the mapped area, 31.80 ha. The rest has no ")
    assert "because no point lies in Forest loss, Other land." in first
    assert "Forest loss: user's accuracy is not defined, because no point lies on this class in the map." in others
    assert any("Other land: no reference point has this class" in sentence for sentence in others)


def test_points_that_all_agree_have_too_narrow_an_interval(drawn_map: Path, tmp_path: Path) -> None:
    sentences = found(drawn_map, tmp_path, forest=30, loss=30, other=30)
    assert len(sentences) == 3
    assert sentences[0].startswith("Stable forest: all 30 points on this class in the map agree with it")
    assert "as low as 0.88 is possible" in sentences[0]


@pytest.mark.parametrize(("forest", "is_few"), [(19, True), (20, False)])
def test_few_points_give_rough_intervals(drawn_map: Path, tmp_path: Path, forest: int, is_few: bool) -> None:
    sentences = found(drawn_map, tmp_path, wrong=2, forest=forest, loss=30, other=30)
    rough = f"Stable forest: only {forest} points lie on this class in the map, so its intervals are rough."
    assert (rough in sentences) == is_few


def test_points_that_share_a_pixel_are_counted(drawn_map: Path, tmp_path: Path) -> None:
    points(np.array([20, 20, 20, 30]), np.array([20, 20, 21, 30]), [0, 0, 7, 7]).to_file(tmp_path / "points.gpkg")
    last = findings(assessed(drawn_map, tmp_path / "points.gpkg"))[-1]
    assert last.startswith("2 points share a pixel with another point.")
