"""Roll-out of a network of the form `calendar`: its own predictions are read as the steps that follow. No scaling."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from models.network.earthpt import Block, EarthPT


def roll_out(network: EarthPT, steps: Tensor, lengths: Tensor, future_time: Tensor) -> Tensor:
    """Predict step after step; what was predicted is read with the time features given for it.

    Keys and values of the steps read so far are kept, so that each step is read once. Where a window outgrows the
    network's `positions`, it is cropped and read anew (`roll_out_anew`), since positions count from its start.

    Args:
        steps: (B, T, F) history, each row from its first step on; the last names the date of the first prediction.
        lengths: (B,) int64 1..T, steps of each row; what stands behind them is not read.
        future_time: (B, S, F - C) time features of the predicted steps.

    Returns:
        (B, S, C) predictions.
    """
    batch, ahead = future_time.shape[:2]
    longest = int(lengths.max()) + ahead - 1
    if longest > network.config.positions:
        return roll_out_anew(network, steps, lengths, future_time)
    rows = torch.arange(batch, device=steps.device)
    history = steps[:, : int(lengths.max())]
    x, caches = _read_history(network, history, longest)  # (B, T, D)
    state = x[rows, lengths - 1]  # (B, D)
    predicted = []
    for number in range(ahead):
        following = network.to_channels(network.norm(state))  # (B, C)
        predicted.append(following)
        if number + 1 < ahead:
            step = torch.cat([following, future_time[:, number]], dim=-1)
            state = _read_step(network, step, lengths + number, caches)
    return torch.stack(predicted, dim=1)


def roll_out_anew(network: EarthPT, steps: Tensor, lengths: Tensor, future_time: Tensor) -> Tensor:
    """Predict as `roll_out`; the window is cropped to the last `positions` steps and read anew for each step.

    As in the published implementation.
    """
    batch, ahead = future_time.shape[:2]
    rows = torch.arange(batch, device=steps.device)
    read = torch.cat([steps, steps.new_zeros(batch, ahead, steps.shape[2])], dim=1)  # (B, T + S, F)
    predicted = []
    for number in range(ahead):
        end = lengths + number  # (B,)
        window, last = _window(read, end, network.config.positions)
        following = network.next_step(window)[rows, last]  # (B, C)
        read[rows, end] = torch.cat([following, future_time[:, number]], dim=-1)
        predicted.append(following)
    return torch.stack(predicted, dim=1)


@dataclass(frozen=True, kw_only=True)
class _Cache:
    """Keys and values of one block; of a row, those behind its last step are not yet written."""

    block: Block
    keys: Tensor
    """(B, h, W, D/h)."""
    values: Tensor
    """(B, h, W, D/h)."""


def _read_history(network: EarthPT, steps: Tensor, longest: int) -> tuple[Tensor, list[_Cache]]:
    """Return (B, T, D) states of the last block, and the caches with room for `longest` steps."""
    length = steps.shape[1]
    x = network.token(steps) + network.position.weight[:length]  # (B, T, D)
    caches = []
    for block in network.blocks:
        assert isinstance(block, Block)
        q, k, v = _projected(block, x)  # each (B, h, T, D/h)
        x = _after(block, x, F.scaled_dot_product_attention(q, k, v, is_causal=True))
        keys, values = (F.pad(part, (0, 0, 0, longest - length)) for part in (k, v))  # (B, h, W, D/h)
        caches.append(_Cache(block=block, keys=keys, values=values))
    return x, caches


def _read_step(network: EarthPT, step: Tensor, at: Tensor, caches: list[_Cache]) -> Tensor:
    """Return (B, D) states of (B, F) steps at positions (B,), whose keys and values are added to the caches."""
    rows = torch.arange(len(at), device=at.device)
    x = (network.token(step) + network.position(at)).unsqueeze(1)  # (B, 1, D)
    width = int(at.max()) + 1
    is_read = (torch.arange(width, device=at.device) <= at[:, None])[:, None, None]  # (B, 1, 1, W)
    for cache in caches:
        q, k, v = _projected(cache.block, x)  # each (B, h, 1, D/h)
        cache.keys[rows, :, at], cache.values[rows, :, at] = k[:, :, 0], v[:, :, 0]
        read = F.scaled_dot_product_attention(q, cache.keys[:, :, :width], cache.values[:, :, :width], is_read)
        x = _after(cache.block, x, read)
    state: Tensor = x[:, 0]
    return state


def _projected(block: Block, x: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return queries, keys and values, each (B, h, T, D/h), of (B, T, D) states."""
    batch, length, width = x.shape
    qkv = block.to_qkv(block.norm_attention(x)).view(batch, length, 3, block.heads, width // block.heads)
    q, k, v = qkv.permute(2, 0, 3, 1, 4).unbind(0)
    return q, k, v


def _after(block: Block, x: Tensor, heads: Tensor) -> Tensor:
    """Return (B, T, D) states after a block whose heads have read (B, h, T, D/h)."""
    x = x + block.from_heads(heads.transpose(1, 2).reshape(x.shape))
    out: Tensor = x + block.narrow(F.gelu(block.widen(block.norm_mlp(x)), approximate="tanh"))
    return out


def _window(read: Tensor, end: Tensor, positions: int) -> tuple[Tensor, Tensor]:
    """Return (B, W, F) the last steps before `end`, and (B,) where in it each row's last one stands."""
    first = (end - positions).clamp(min=0)  # (B,)
    width = int((end - first).max())
    rows = torch.arange(len(end), device=end.device)[:, None]
    at = first[:, None] + torch.arange(width, device=end.device)  # (B, W)
    return read[rows, at], end - first - 1
