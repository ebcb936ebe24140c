"""Which back end runs a checkpoint here, and the ones that are loaded. torch is imported only where a card is used."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import lru_cache
from pathlib import Path
from typing import Literal

from core.checkpoint import Checkpoint, Device
from core.errors import InvalidOption
from models.inference.backend import Backend
from models.registry import verify

DRIVER_FILES = tuple(Path("/dev") / name for name in ("nvidiactl", "nvidia0", "dxg"))
"""One of them is there wherever an NVIDIA driver is (`dxg`: in WSL), so that torch need not be loaded to know."""
ON_CPU = "onnxruntime cpu float32"
"""Name of the back end of networks on a CPU, but for imported ones."""
BY_TORCH = ("embedding",)
"""Products that torch computes everywhere, in float32: they read states that the exported graphs do not output."""


def device_of(wanted: Device) -> Literal["cpu", "cuda"]:
    """Return where networks run: `auto` is the card that torch sees, else the CPU.

    Call it in the process that predicts, never in one that forks: a card cannot be used across a fork.

    Raises:
        InvalidOption: `cuda` is wanted, and torch sees no card.
    """
    if wanted == "cpu":
        return "cpu"
    if any(path.exists() for path in DRIVER_FILES):
        import torch  # loaded where there is a card alone: it takes seconds

        if torch.cuda.is_available():
            return "cuda"
    if wanted == "cuda":
        raise InvalidOption("LANDCAST_DEVICE", wanted, "torch sees no CUDA card here; set it to auto or cpu")
    return "cpu"


def backend_name(checkpoint: Checkpoint, product: str = "") -> str:
    """Return what would run a checkpoint here for a product, by id: runtime, device, precision; empty without a model.

    Raises:
        InvalidOption: as `device_of`.
    """
    if not checkpoint.task:
        return ""
    device = device_of(checkpoint.device)
    if product in BY_TORCH or checkpoint.card.get("network", {}).get("form") == "calendar":
        return f"torch {device} float32"
    return f"torch cuda {checkpoint.precision}" if device == "cuda" else ON_CPU


def load_backend(checkpoint: Checkpoint, threads: int = 0) -> Backend:
    """Return the back end of a checkpoint, loaded at most once while it is used.

    Args:
        threads: of the CPU; 0 = all cores.

    Raises:
        InvalidCheckpoint: its files are not those of its card.
        InvalidOption: as `device_of`.
    """
    if _GIVEN:
        return _GIVEN[-1]
    if (checkpoint.folder, checkpoint.sha256) not in _VERIFIED:
        verify(checkpoint)
        _VERIFIED.add((checkpoint.folder, checkpoint.sha256))
    return _loaded(_Key(checkpoint), device_of(checkpoint.device), threads)


@contextmanager
def running(backend: Backend) -> Iterator[None]:
    """Run networks by a given back end meanwhile, whatever the checkpoint; for tests and benchmarks."""
    _GIVEN.append(backend)
    try:
        yield
    finally:
        _GIVEN.pop()


class _Key:
    """A checkpoint as a key of the cache: by folder, sha256 and precision."""

    def __init__(self, checkpoint: Checkpoint) -> None:
        self.checkpoint = checkpoint
        self._facts = (checkpoint.folder, checkpoint.sha256, checkpoint.precision)

    def __hash__(self) -> int:
        return hash(self._facts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, _Key) and self._facts == other._facts


@lru_cache(maxsize=4)
def _loaded(key: _Key, device: str, threads: int) -> Backend:
    if device == "cpu":
        from models.inference.onnx_cpu import OnnxBackend  # loads ONNX Runtime, which a card's worker does not need

        return OnnxBackend(Path(key.checkpoint.folder), threads)
    from models.inference.torch_device import load  # loads torch, which only a card needs

    return load(key.checkpoint, device, key.checkpoint.precision)


_VERIFIED: set[tuple[str, str]] = set()
_GIVEN: list[Backend] = []
