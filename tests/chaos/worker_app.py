"""The Celery app of the real workers, with gates in the stages of a job, and with a clock that may be off."""

import copy
import os
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

FOLDER = Path(os.environ["CHAOS_GATES"])
_true, _shift_s = time.time, float(os.environ.get("CHAOS_SHIFT_S", "0"))
if _shift_s:
    time.time = lambda: _true() + _shift_s

from core.checkpoint import Checkpoint  # noqa: E402 - after the clock was shifted
from core.cube import Cube  # noqa: E402
from core.grid import Window  # noqa: E402
from tests.chaos.gates import die_if_poisoned, pass_gate  # noqa: E402
from workers.dependencies import REAL, Dependencies  # noqa: E402
from workers.tasks import make_app  # noqa: E402


def corner(window: Window) -> str:
    """Return west and north in whole metres."""
    return f"{window.bounds[0]:.0f} {window.bounds[3]:.0f}"


def _build_cube(archive: Any, window: Window, *arguments: Any) -> Cube:
    pass_gate(FOLDER, "build")
    die_if_poisoned(FOLDER, corner(window))
    return REAL.build_cube(archive, window, *arguments)


def _find_product(product_id: str) -> Any:
    """Return a product of which nothing differs but the waiting."""
    product = REAL.find_product(product_id)
    kind: Any = type(product)

    class Gated(kind):  # type: ignore[misc]
        def predict(self, series: Any, each: Sequence[Any], checkpoint: Checkpoint) -> Any:
            pass_gate(FOLDER, "render")
            return super().predict(series, each, checkpoint)

        def shown(self, layers: Any) -> Any:
            pass_gate(FOLDER, "closing")
            return super().shown(layers)

    gated: Any = copy.copy(product)
    gated.__class__ = Gated
    return gated


app = make_app(Dependencies(find_product=_find_product, build_cube=_build_cube))
