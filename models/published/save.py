"""Imported models on disk: their name, the order of their columns, weights and card. No conversion."""

import json
import os
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from safetensors.torch import save_file

from core.bands import OPTICAL_NAMES, RADAR_NAMES
from core.errors import InvalidOption
from core.version import software_version
from models.published.convert import Published
from models.registry import BLANK, CARD, WEIGHTS, check_new_name, sha256_of

MADE_BY = "landcast models import"
LICENCE = (
    "The published EarthPT weights (Smith et al. 2023) are under the MIT licence; whether that holds for this file is "
    "yours to check"
)
SCALING = (
    "Columns are 2 x reflectance - 1: the published scale is n / 500 - 1 with n of 0 to 1000, and that n is 1000 times "
    "the reflectance is inferred, not published. VV and VH, if named, are 2 x linear power - 1, which is a guess"
)
UNCERTAINTY = (
    "The network has no learned uncertainty: quantiles are its NDVI by roll-out plus those of its own next-step "
    "errors on the same history, so they do not widen with the lead"
)


def check_name(name: str, folder: Path) -> Path:
    """Return the folder of a new model.

    Raises:
        InvalidOption: the name is no usable one, that of a shipped model, or that of a model that was not imported.
    """
    check_new_name(name)
    if (folder / name).exists() and _maker(folder / name / CARD) != MADE_BY:
        raise InvalidOption("--name", name, f"'{folder / name}' exists and holds no imported model")
    return folder / name


def check_bands(bands: Sequence[str], channels: int) -> None:
    """Refuse names that cannot be those of a network's columns; none at all are accepted.

    Args:
        channels: C of the network, time features not counted.

    Raises:
        InvalidOption: an unknown name, one twice, too few or too many, or no bands to compute NDVI from.
    """
    known = (*OPTICAL_NAMES, *RADAR_NAMES, BLANK)
    text = ",".join(bands)
    for name in bands:
        if name not in known:
            raise InvalidOption("--bands", name, f"columns are {', '.join(known[:-1])}, or {BLANK} for one left empty")
        if name != BLANK and bands.count(name) > 1:
            raise InvalidOption("--bands", text, f"{name} stands in it twice")
    if bands and len(bands) != channels:
        raise InvalidOption("--bands", text, f"it names {len(bands)} columns, and the network has {channels}")
    if bands and not ("B04" in bands and {"B08", "B8A"} & set(bands)):
        raise InvalidOption("--bands", text, "NDVI needs B04 and B08 or B8A among the columns")


def save_imported(found: Published, folder: Path, *, bands: Sequence[str]) -> Path:
    """Write weights and card into a folder named like the model; an earlier import there is replaced.

    There is no ONNX graph: these networks run in torch. The band order is written into the weights' file too, so that
    tiles kept under its sha256 are not taken for those of another order.

    Returns:
        The path of the card.
    """
    folder.mkdir(parents=True, exist_ok=True)
    config = found.network.config
    facts = json.dumps({"network": config.to_json(), "bands": list(bands)}, sort_keys=True)
    with _aside(folder / WEIGHTS) as path:
        save_file(found.network.state_dict(), path, metadata={"landcast": facts})
    card = _card(found, folder.name, bands) | {"sha256": {WEIGHTS: sha256_of(folder / WEIGHTS)}}
    with _aside(folder / CARD) as path:
        path.write_text(json.dumps(card, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
    return folder / CARD


def _card(found: Published, name: str, bands: Sequence[str]) -> dict[str, Any]:
    return {
        "name": name,
        "task": "forecast",
        "default": False,
        "classes": [],
        "description": "Published EarthPT (Smith et al. 2023, arXiv 2309.07207), imported with its weights unchanged",
        "bands": list(bands),
        "scaling": SCALING,
        "uncertainty": UNCERTAINTY,
        "made_by": MADE_BY,
        "software_version": software_version(),
        "source": {"file": found.file, "sha256": found.sha256, "iter_num": found.iterations},
        "licence": LICENCE,
        "network": found.network.config.to_json(),
        "parameters": sum(p.numel() for p in found.network.parameters()),
    }


def _maker(card: Path) -> str:
    try:
        return str(json.loads(card.read_text(encoding="utf-8")).get("made_by"))
    except (OSError, ValueError, AttributeError):
        return ""


@contextmanager
def _aside(path: Path) -> Iterator[Path]:
    """Yield a path beside the file; rename it to the file at the end, remove it after an error."""
    aside = path.with_name(f".{os.getpid()}-{path.name}")
    try:
        yield aside
        aside.replace(path)
    finally:
        aside.unlink(missing_ok=True)
