"""Known outputs of a published EarthPT (.npz): read from strangers and checked. The comparison is in published.py."""

import tokenize
import zipfile
import zlib
from pathlib import Path

import numpy as np

from core.bands import Floats
from core.errors import InvalidOption
from models.network.earthpt import EarthPTConfig
from models.published.convert import OUTPUTS, TIME_COLUMNS

OPTION = "--check"
MAX_BYTES = 1024**3
_READING = (
    tokenize.TokenError,
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What numpy and zipfile raise on damaged files."""


def read_golden(path: Path, config: EarthPTConfig) -> dict[str, Floats]:
    """Read known outputs for a network of some sizes.

    Raises:
        InvalidOption: it is no .npz file of these arrays, or they do not fit the network.
    """
    arrays = _read(path)
    shapes = {n: a.shape for n, a in arrays.items()}
    if len(shapes["x"]) != 3 or not 1 <= shapes["x"][1] <= config.positions:
        raise InvalidOption(
            OPTION, path, f"x has the shape {shapes['x']}, not (pixel, 1 to {config.positions}, column)"
        )
    (pixels, steps, _), ahead = shapes["x"], len(arrays["future_time"])
    expected = {
        "x": (pixels, steps, config.token_features),
        "future_time": (ahead, TIME_COLUMNS),
        "next_step": (pixels, steps, config.channels),
        "rollout": (pixels, steps + ahead, config.token_features),
        "embedding": (pixels, config.width),
    }
    for name, shape in expected.items():
        if shapes[name] != shape or not arrays[name].size:
            raise InvalidOption(OPTION, path, f"{name} has the shape {shapes[name]}, and {shape} fits this model")
    return arrays


def _read(path: Path) -> dict[str, Floats]:
    names = ("x", "future_time", *OUTPUTS)
    try:
        with zipfile.ZipFile(path) as parts:
            size = sum(e.file_size for e in parts.infolist())
        if size > MAX_BYTES:
            raise InvalidOption(OPTION, path, f"its arrays are larger than {MAX_BYTES // 1024**3} GiB")
        with np.load(path, allow_pickle=False) as file:
            missing = [n for n in names if n not in file]
            arrays = {n: np.atleast_1d(file[n]) for n in names if n in file}
    except _READING:
        raise InvalidOption(OPTION, path, "it cannot be read as an .npz file of plain arrays") from None
    if missing:
        raise InvalidOption(OPTION, path, f"it lacks {', '.join(missing)}")
    odd = [n for n, a in arrays.items() if a.dtype.kind != "f"]
    if odd:
        raise InvalidOption(OPTION, path, f"{odd[0]} holds {arrays[odd[0]].dtype}, not floating-point numbers")
    return {n: a.astype(np.float32) for n, a in arrays.items()}
