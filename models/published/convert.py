"""Published EarthPT files (Smith et al. 2023): converted to our network and compared. Saving: save.py.

The files are nanoGPT's: a dictionary with `model`, `model_args`, `iter_num`. Only the names of the weights differ from
those of models/network/earthpt.py in the form `calendar`; no number is changed.
"""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import Tensor

from core.bands import Floats
from core.errors import InvalidCheckpoint
from models.network.earthpt import EarthPT, EarthPTConfig
from models.network.rollout import roll_out
from models.published.weights_file import read_weights_file
from models.registry import sha256_of

TIME_COLUMNS = 4
"""Sine and cosine of the day of year of a step's own date and of the next one, after the channels."""
PREFIXES = ("_orig_mod.", "module.")
"""Put before every name by torch.compile and by training on several GPUs."""
TIED = "transformer.wte.weight"
"""A second copy of lm_head.weight, read by nothing: the line that was to tie them has no effect."""

TOLERANCE = 1e-5
"""Largest difference of a right import: rounding of float32, some hundred times the last digit of numbers near one."""
OUTPUTS = ("next_step", "rollout", "embedding")

_ENDS = {
    "transformer.wte.0.weight": "token.inner.weight",
    "transformer.wte.0.bias": "token.inner.bias",
    "transformer.wte.2.weight": "token.outer.weight",
    "transformer.wte.2.bias": "token.outer.bias",
    "transformer.wpe.weight": "position.weight",
    "transformer.ln_f.weight": "norm.weight",
    "lm_head.weight": "to_channels.weight",
}
_BLOCK = {
    "ln_1": "norm_attention",
    "attn.c_attn": "to_qkv",
    "attn.c_proj": "from_heads",
    "ln_2": "norm_mlp",
    "mlp.c_fc": "widen",
    "mlp.c_proj": "narrow",
}
_MASK = re.compile(r"transformer\.h\.\d+\.attn\.bias")
"""The causal mask, four-dimensional, that older nanoGPT keeps beside the weights."""
_LAYER = re.compile(r"transformer\.h\.(\d+)\.")
_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Published:
    """A published file, converted."""

    network: EarthPT
    file: str
    """Name of the file."""
    sha256: str
    """Of the file."""
    iterations: int | None
    """Training steps, as the file has them; None = it has none."""


def read_published(path: Path) -> Published:
    """Read a published EarthPT file of any depth, width, context and number of channels.

    Raises:
        InvalidCheckpoint: it holds anything else than the weights of such a network; the sentence names what.
    """
    content = read_weights_file(path)
    network = convert(_weights(content, path), _heads(content, path), path)
    done = content.get("iter_num")
    iterations = done if isinstance(done, int) and not isinstance(done, bool) else None
    return Published(network=network, file=path.name, sha256=sha256_of(path), iterations=iterations)


def convert(state: Mapping[str, Tensor], heads: int, path: Path) -> EarthPT:
    """Build the network of published weights; depth, width, context and channels are those of their shapes.

    Args:
        state: weights by their published names, prefixes removed.
        heads: the one size that no shape shows.
        path: named in the sentence of a refusal.
    """
    names = published_names(len({found[1] for key in state if (found := _LAYER.match(key))}))
    _refuse(path, "lacks", sorted(names.keys() - state.keys()))
    _refuse(path, "holds the unknown", sorted(state.keys() - names.keys()))
    config = _config(state, heads, path)
    with torch.device("meta"):  # shapes only, so that no size is believed before it is checked
        network = EarthPT(config)
    expected = {key: tensor.shape for key, tensor in network.state_dict().items()}
    misfits = [n for n, ours in names.items() if state[n].shape != expected[ours]]
    _refuse(path, "has sizes that do not fit in", [f"{n} ({_size(state[n])})" for n in misfits])
    own = {ours: state[n].to(torch.float32, copy=True).contiguous() for n, ours in names.items()}
    _refuse(path, "has numbers that are not finite in", [n for n, o in names.items() if not own[o].isfinite().all()])
    network.load_state_dict(own, assign=True)
    return network.eval()


def compare(network: EarthPT, golden: Mapping[str, Floats]) -> dict[str, float]:
    """Return the largest difference of each known output.

    Args:
        golden: `x` (N, T, F) input steps and `future_time` (S, 4) time features of what follows; `next_step` (N, T, C)
            the prediction after every step, `rollout` (N, T + S, F) the inputs and S predicted steps with their time,
            `embedding` (N, D) the mean over time of the last block's output before the final norm.
    """
    steps, future = torch.from_numpy(golden["x"]), torch.from_numpy(golden["future_time"])
    future = future.expand(len(steps), -1, -1)  # (N, S, 4)
    lengths = torch.full((len(steps),), steps.shape[1])
    with torch.inference_mode():
        ahead = torch.cat([roll_out(network, steps, lengths, future), future], dim=-1)  # (N, S, F)
        found = {
            "next_step": network.next_step(steps),
            "rollout": torch.cat([steps, ahead], dim=1),
            "embedding": network.read(steps).mean(dim=1),
        }
    return {name: float(np.abs(found[name].numpy() - golden[name]).max()) for name in OUTPUTS}


def published_names(layers: int) -> dict[str, str]:
    """Return our name of each weight by its published name, for a network of some depth."""
    blocks = {
        f"transformer.h.{layer}.{theirs}.weight": f"blocks.{layer}.{ours}.weight"
        for layer in range(max(layers, 1))
        for theirs, ours in _BLOCK.items()
    }
    return _ENDS | blocks


def _weights(content: Mapping[Any, Any], path: Path) -> dict[str, Tensor]:
    """Return the weights by their names without prefixes, without what no network reads."""
    model = content.get("model")
    if not isinstance(model, Mapping):
        raise InvalidCheckpoint(path, "it has no entry 'model' with weights by name")
    state: dict[str, Tensor] = {}
    for key, tensor in model.items():
        name = _plain(str(key))
        if not isinstance(tensor, Tensor) or tensor.layout != torch.strided or not tensor.is_floating_point():
            raise InvalidCheckpoint(path, f"its entry {_quoted(name)} is no plain array of floating-point numbers")
        if name == TIED or (_MASK.fullmatch(name) and tensor.ndim == 4):
            continue
        if name in state:
            raise InvalidCheckpoint(path, f"it holds {_quoted(name)} twice, with and without a prefix")
        state[name] = tensor
    if sum(t.numel() * t.element_size() for t in state.values()) > path.stat().st_size:
        raise InvalidCheckpoint(path, "its weights are larger than the file itself")
    return state


def _plain(name: str) -> str:
    while name.startswith(PREFIXES):
        name = name.split(".", 1)[1]
    return name


def _heads(content: Mapping[Any, Any], path: Path) -> int:
    arguments = content.get("model_args")
    heads = arguments.get("n_head") if isinstance(arguments, Mapping) else None
    if not isinstance(heads, int) or isinstance(heads, bool) or heads < 1:
        raise InvalidCheckpoint(path, "its 'model_args' lack 'n_head', the number of attention heads")
    return heads


def _config(state: Mapping[str, Tensor], heads: int, path: Path) -> EarthPTConfig:
    tables = {n: state[n] for n in ("transformer.wte.0.weight", "transformer.wpe.weight", "lm_head.weight")}
    _refuse(path, "has no table in", [f"{n} ({_size(t)})" for n, t in tables.items() if t.ndim != 2 or not t.numel()])
    (_, features), (positions, width), (channels, _) = (t.shape for t in tables.values())
    if features != channels + TIME_COLUMNS:
        reason = f"it reads {features} columns and predicts {channels}; {TIME_COLUMNS} of time must be between them"
        raise InvalidCheckpoint(path, reason)
    if width % heads:
        raise InvalidCheckpoint(path, f"its width of {width} cannot be shared by the {heads} heads of 'n_head'")
    return EarthPTConfig(
        form="calendar",
        layers=len({found[1] for key in state if (found := _LAYER.match(key))}),
        width=width,
        heads=heads,
        dropout=0.0,
        token_features=features,
        query_features=0,
        channels=channels,
        quantiles=0,
        positions=positions,
    )


def _refuse(path: Path, fault: str, names: Iterable[str]) -> None:
    """Raise a sentence that names the first few, if there are any."""
    listed = list(names)
    if listed:
        shown = ", ".join(_quoted(n) for n in listed[:_SHOWN])
        more = f" and {len(listed) - _SHOWN} more" if len(listed) > _SHOWN else ""
        raise InvalidCheckpoint(path, f"it {fault} {shown}{more}")


def _quoted(name: str) -> str:
    """Return a name from a file so that it cannot write over a terminal or fill it."""
    return f"{name[:60]!a}"


def _size(tensor: Tensor) -> str:
    return " x ".join(str(n) for n in tensor.shape) or "one number"
