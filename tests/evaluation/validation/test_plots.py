"""The picture of a validation: reliability, ROC and precision-recall curves."""

import io
from dataclasses import replace

import numpy as np
from PIL import Image

from evaluation.validation.figures import PartFigures, Validation, measure
from evaluation.validation.plots import draw_curves
from outputs.reports.pictures import COLOURS
from tests.evaluation.validation.validations import part


def figures(**options: int) -> PartFigures:
    return measure(Validation(name="x", card={}, parts=(part("points", **options),)))[0]


def pixels(png: bytes) -> np.ndarray:
    return np.asarray(Image.open(io.BytesIO(png)).convert("RGB"))


def colours(image: np.ndarray) -> set[str]:
    return {f"#{r:02x}{g:02x}{b:02x}" for r, g, b in image.reshape(-1, 3).tolist()}


def test_every_class_has_its_own_colour_in_a_picture_of_three_panels() -> None:
    image = pixels(draw_curves(figures()))
    assert image.shape[1] > 2.5 * image.shape[0]
    assert set(COLOURS[:3]) <= colours(image)


def test_the_same_figures_give_the_same_picture_and_other_rows_another() -> None:
    first, again, other = (pixels(draw_curves(figures(rows=n))) for n in (60, 60, 61))
    assert np.array_equal(first, again)
    assert first.shape != other.shape or not np.array_equal(first, other)


def test_a_curve_without_values_is_left_out() -> None:
    found = figures(rows=60)
    first, *others = found.curves
    nothing = {
        name: replace(getattr(first, name), value=np.full_like(getattr(first, name).value, np.nan))
        for name in ("reliability", "roc", "precision_recall")
    }
    image = pixels(draw_curves(replace(found, curves=(replace(first, **nothing), *others))))
    assert COLOURS[1] in colours(image)
    assert (image == [0, 114, 178]).all(axis=2).sum() < (pixels(draw_curves(found)) == [0, 114, 178]).all(axis=2).sum()
