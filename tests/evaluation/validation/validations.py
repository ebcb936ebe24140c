"""Small seeded validations of class models, with real and simulated parts. Simulated: nobody has observed them."""

import io
from typing import Any

import numpy as np
from PIL import Image

from evaluation.validation.figures import Thumbnail, Validation, ValidationPart
from models.calibration.prediction_sets import fit
from tests.models.outcomes import simulated_outcome

CLASSES = ("none", "conifer", "broad<leaf>")


def part(
    title: str, *, is_simulated: bool = False, classes: tuple[str, ...] = CLASSES, **options: Any
) -> ValidationPart:
    seed, rows = len(title), options.pop("rows", 150)
    truth, p, places = simulated_outcome(classes=len(classes), rows=rows, places=options.pop("places", 24), seed=seed)
    return ValidationPart(
        title=title, is_simulated=is_simulated, truth=truth, probability=p, places=places, classes=classes, **options
    )


def png(red: int) -> bytes:
    buffer = io.BytesIO()
    Image.new("RGB", (5, 4), (red, 0, 0)).save(buffer, "png")
    return buffer.getvalue()


def card() -> dict[str, Any]:
    fitted = part("fitted on")
    return {
        "name": "canopy-x",
        "description": "A canopy head",
        "made_on": "2026-01-02",
        "split": "places by hash & fold",
        "parameters": 964247,
        "sha256": {"weights.safetensors": "a" * 64, "network.onnx": "b" * 64},
        "training_data": [
            {"set": "sites", "series": 1056, "simulated": False, "licence": "x"},
            {"set": "waves", "series": 6000, "simulated": True, "licence": "y"},
        ],
        "prediction_sets": fit(fitted.truth, fitted.probability, fitted.places).to_json(),
    }


def validation() -> Validation:
    return Validation(
        name="canopy-x",
        card=card(),
        parts=(
            part("real sites", is_inside=np.arange(150) % 10 > 0),
            part("made waves", is_simulated=True),
            part("another real cube", places=6),
        ),
        thumbnails=(
            Thumbnail(title="Parish", png=png(10), is_simulated=False),
            Thumbnail(title="Waveland", png=png(200), is_simulated=True),
        ),
    )
