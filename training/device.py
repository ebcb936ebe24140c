"""Where and how precisely a network computes while it learns. Losses stay on the CPU in float32 and need not know."""

import inspect
import logging
import os
from collections.abc import Callable
from functools import partial
from typing import Any, Literal, TypeVar, cast

import torch
from torch import Tensor, nn

Precision = Literal["float32", "bfloat16"]
N = TypeVar("N", bound=nn.Module)

logger = logging.getLogger(__name__)


def learning_device() -> torch.device:
    """Return this process's GPU where there is one, else the CPU."""
    if torch.cuda.is_available():
        return torch.device("cuda", int(os.environ.get("LOCAL_RANK") or 0))
    return torch.device("cpu")


def available_precision(precision: Precision, device: torch.device) -> Precision:
    """Return bfloat16 where it is requested and this device multiplies it faster than float32, else float32."""
    if precision == "bfloat16" and not _has_bfloat16(device):
        logger.warning("precision=float32 reason=no fast bfloat16 device=%s", device)
        return "float32"
    return precision


def placed(network: N, device: torch.device, precision: Precision = "float32") -> N:
    """Return the network as losses call it: arrays in and out on the CPU, the work on the device.

    On the CPU in float32 that is the network itself.
    """
    if device.type == "cpu" and precision == "float32":
        return network
    return cast(N, _Placed(network, device, precision))


class _Placed:
    """A network whose methods take tensors from the CPU and return float32 there; gradients flow through."""

    def __init__(self, network: nn.Module, device: torch.device, precision: Precision) -> None:
        self._network, self._device, self._precision = network, device, precision

    def __call__(self, *inputs: Any) -> Any:
        return self._call(self._network, *inputs)

    def __getattr__(self, name: str) -> Any:
        value = getattr(self._network, name)
        return partial(self._call, value) if inspect.ismethod(value) else value

    def _call(self, method: Callable[..., Any], *inputs: Any) -> Any:
        moved = [x.to(self._device) if isinstance(x, Tensor) else x for x in inputs]
        with torch.autocast(self._device.type, torch.bfloat16, enabled=self._precision == "bfloat16"):
            return _fetch(method(*moved))


def _fetch(output: Any) -> Any:
    if isinstance(output, tuple | list):
        return type(output)(_fetch(o) for o in output)
    if isinstance(output, Tensor) and output.is_floating_point():
        return output.to("cpu", torch.float32)
    return output.cpu() if isinstance(output, Tensor) else output


def _has_bfloat16(device: torch.device) -> bool:
    if device.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    return bool(torch.cpu._is_avx512_bf16_supported() or torch.cpu._is_amx_tile_supported())
