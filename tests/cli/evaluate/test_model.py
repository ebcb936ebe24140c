"""`landcast evaluate model`: refusals, and the validation report that is copied."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from models.registry import APPLICABILITY, REPORT
from tests.products.class_models import copied


@pytest.fixture
def models(class_models: Path, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Tiny class models as the user's own; `old` has neither report nor prediction sets."""
    copied(class_models, "crop", folder / "models", name="old", prediction_sets=None)
    copied(class_models, "types", folder / "models")
    for file in (APPLICABILITY, REPORT):
        (folder / "models" / "crop" / file).unlink()
    monkeypatch.setenv("LANDCAST_MODELS", str(folder / "models"))
    return folder / "models"


def test_the_report_of_a_class_model_is_copied_and_the_card_shows_its_path(
    folder: Path, models: Path, run: Callable[..., str]
) -> None:
    assert run("evaluate", "model", "types", "-o", "reports/types.html") == "reports/types.html\n"
    assert (folder / "reports" / "types.html").read_text() == "<html>types</html>"
    assert json.loads(run("models", "show", "types"))["validation_report"] == str(models / "types" / REPORT)


@pytest.mark.usefixtures("models")
@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (("old", "-o", "out.html"), REPORT),
        (("nobody", "-o", "out.html"), "nobody"),
        (("types", "-o", "out.pdf"), ".html"),
        (("types",), "--data"),
    ],
)
def test_a_report_that_cannot_be_copied_is_refused_in_one_sentence(
    refused: Callable[..., str], arguments: tuple[str, ...], named: str
) -> None:
    assert named in refused("evaluate", "model", *arguments)
