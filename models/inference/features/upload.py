"""Arrays of the host to a device: through pinned memory and on a stream of their own, while the device computes."""

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor


class Sender:
    """Sends arrays to one device.

    Pinned memory comes from torch's cache of it, which gives a block again only when its copy is done: with one batch
    on the way and one being worked on, that is two buffers in turn.
    """

    def __init__(self, device: torch.device) -> None:
        """Create a stream on a CUDA device; on the CPU nothing is copied."""
        self._device = device
        is_card = device.type == "cuda"
        self._stream = torch.cuda.Stream(device) if is_card else None  # type: ignore[no-untyped-call]

    def send(self, *arrays: NDArray[np.generic] | None) -> tuple[Tensor | None, ...]:
        """Begin to copy arrays; what comes back may be used after `arrived`. None stays None."""
        if self._stream is None:
            return tuple(None if a is None else _tensor(a) for a in arrays)
        with torch.cuda.stream(self._stream):
            return tuple(None if a is None else self._copied(a) for a in arrays)

    def arrived(self, tensors: tuple[Tensor | None, ...]) -> None:
        """Let the current stream wait for what was sent, and keep its memory until that stream is done with it."""
        if self._stream is None:
            return
        current = torch.cuda.current_stream(self._device)
        current.wait_stream(self._stream)
        for tensor in tensors:
            if tensor is not None:
                tensor.record_stream(current)

    def _copied(self, array: NDArray[np.generic]) -> Tensor:
        """Copy an array; rows that are one and the same in memory, as the days of a cube's pixels, are sent once."""
        is_one = len(array) > 1 and array.strides[0] == 0
        rows = _tensor(array[:1] if is_one else array)
        pinned = torch.empty(rows.shape, dtype=rows.dtype, pin_memory=True).copy_(rows)
        placed = pinned.to(self._device, non_blocking=True)
        return placed.expand(array.shape).contiguous() if is_one else placed


def _tensor(array: NDArray[np.generic]) -> Tensor:
    """Return an array as a tensor that shares its memory, but for arrays that must not be written to."""
    return torch.from_numpy(array if array.flags.writeable else np.array(array))
