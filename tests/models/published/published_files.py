"""Seeded files in the format of the published EarthPT, and its forward pass once more, in plain numpy.

Written from the description in the paper and nanoGPT, without a line of earthpt.py: what both agree on is right.
"""

from collections import OrderedDict
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

Array = NDArray[np.float64]
TEN = ("B02", "B03", "B04", "B05", "B06", "B07", "B08", "B8A", "B11", "B12")


def published_weights(
    *, layers: int = 3, width: int = 24, channels: int = 14, positions: int = 12, seed: int = 5
) -> dict[str, torch.Tensor]:
    """Random weights by their published names, without a prefix; none is zero or one, so that none can be missed."""
    draw = torch.Generator().manual_seed(seed)

    def some(*shape: int) -> torch.Tensor:
        return torch.randn(*shape, generator=draw) * 0.15

    weights = {
        "transformer.wte.0.weight": some(width, channels + 4),
        "transformer.wte.0.bias": some(width),
        "transformer.wte.2.weight": some(width, width),
        "transformer.wte.2.bias": some(width),
        "transformer.wpe.weight": some(positions, width),
        "transformer.ln_f.weight": 1 + some(width),
        "lm_head.weight": some(channels, width),
    }
    for n in range(layers):
        weights |= {
            f"transformer.h.{n}.ln_1.weight": 1 + some(width),
            f"transformer.h.{n}.attn.c_attn.weight": some(3 * width, width),
            f"transformer.h.{n}.attn.c_proj.weight": some(width, width),
            f"transformer.h.{n}.ln_2.weight": 1 + some(width),
            f"transformer.h.{n}.mlp.c_fc.weight": some(4 * width, width),
            f"transformer.h.{n}.mlp.c_proj.weight": some(width, 4 * width),
        }
    return weights


def write_published(
    path: Path, weights: Mapping[str, Any], *, heads: Any = 3, prefix: str = "_orig_mod.", **more: Any
) -> Path:
    """Write a checkpoint as nanoGPT's training does."""
    content = {
        "model": OrderedDict((prefix + name, value) for name, value in weights.items()),
        "optimizer": {},
        "model_args": {"n_head": heads},
        "iter_num": 77,
        "best_val_loss": torch.tensor(0.25),
        "config": {"dataset": "eo"},
    }
    torch.save(content | more, path)
    return path


def states(weights: Mapping[str, torch.Tensor], heads: int, x: Array) -> Array:
    """(N, T, F) -> (N, T, D) output of the last block."""
    w = {name: value.double().numpy() for name, value in weights.items()}
    h = np.maximum(x @ w["transformer.wte.0.weight"].T + w["transformer.wte.0.bias"], 0)
    h = np.maximum(h @ w["transformer.wte.2.weight"].T + w["transformer.wte.2.bias"], 0)
    h = h + w["transformer.wpe.weight"][: x.shape[1]]
    layers = sum(name.endswith("ln_1.weight") for name in w)
    for n in range(layers):
        block = {name.split(f"h.{n}.")[1]: value for name, value in w.items() if f".h.{n}." in name}
        h = h + attention(normal(h, block["ln_1.weight"]), block, heads)
        inner = normal(h, block["ln_2.weight"]) @ block["mlp.c_fc.weight"].T
        h = h + gelu(inner) @ block["mlp.c_proj.weight"].T
    return h


def attention(h: Array, block: Mapping[str, Array], heads: int) -> Array:
    q, k, v = np.split(h @ block["attn.c_attn.weight"].T, 3, axis=-1)
    future = np.triu(np.full((h.shape[1], h.shape[1]), -np.inf), 1)
    out = []
    for a, b, c in zip(*(np.split(part, heads, axis=-1) for part in (q, k, v)), strict=True):
        score = np.exp(a @ b.transpose(0, 2, 1) / np.sqrt(a.shape[-1]) + future)
        out.append(score / score.sum(axis=-1, keepdims=True) @ c)
    return np.concatenate(out, axis=-1) @ block["attn.c_proj.weight"].T


def normal(h: Array, gain: Array) -> Array:
    return (h - h.mean(-1, keepdims=True)) / np.sqrt(h.var(-1, keepdims=True) + 1e-5) * gain


def gelu(h: Array) -> Array:
    return 0.5 * h * (1 + np.tanh(np.sqrt(2 / np.pi) * (h + 0.044715 * h**3)))


def next_step(weights: Mapping[str, torch.Tensor], heads: int, x: Array) -> Array:
    """(N, T, F) -> (N, T, C)."""
    last = normal(states(weights, heads, x), weights["transformer.ln_f.weight"].double().numpy())
    return last @ weights["lm_head.weight"].double().numpy().T


def rollout(weights: Mapping[str, torch.Tensor], heads: int, x: Array, future_time: Array) -> Array:
    """(N, T, F) and (S, 4) -> (N, T + S, F)."""
    positions = len(weights["transformer.wpe.weight"])
    for time in future_time:
        following = next_step(weights, heads, x[:, -positions:])[:, -1]
        step = np.concatenate([following, np.broadcast_to(time, (len(x), 4))], axis=-1)
        x = np.concatenate([x, step[:, None]], axis=1)
    return x


def known_outputs(
    weights: Mapping[str, torch.Tensor], heads: int, *, pixels: int = 2, steps: int = 9, ahead: int = 6
) -> dict[str, NDArray[np.float32]]:
    """Inputs and what the published implementation answers; the roll-out leaves the window of 12 positions."""
    rng = np.random.default_rng(8)
    x = rng.uniform(-1, 1, (pixels, steps, weights["transformer.wte.0.weight"].shape[1]))
    future = rng.uniform(-1, 1, (ahead, 4))
    arrays = {
        "x": x,
        "future_time": future,
        "next_step": next_step(weights, heads, x),
        "rollout": rollout(weights, heads, x, future),
        "embedding": states(weights, heads, x).mean(axis=1),
    }
    return {name: a.astype(np.float32) for name, a in arrays.items()}
