"""Roll-out of a network of the form `calendar`: its own predictions are read as the steps that follow. No scaling."""

import torch
from torch import Tensor

from models.network.earthpt import EarthPT


def roll_out(network: EarthPT, steps: Tensor, lengths: Tensor, future_time: Tensor) -> Tensor:
    """Predict step after step; what was predicted is read with the time features given for it.

    The window is cropped to the last `positions` steps and read anew each time, as in the published implementation.

    Args:
        steps: (B, T, F) history, each row from its first step on; the last names the date of the first prediction.
        lengths: (B,) int64 1..T, steps of each row; what stands behind them is not read.
        future_time: (B, S, F - C) time features of the predicted steps.

    Returns:
        (B, S, C) predictions.
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


def _window(read: Tensor, end: Tensor, positions: int) -> tuple[Tensor, Tensor]:
    """Return (B, W, F) the last steps before `end`, and (B,) where in it each row's last one stands."""
    first = (end - positions).clamp(min=0)  # (B,)
    width = int((end - first).max())
    rows = torch.arange(len(end), device=end.device)[:, None]
    at = first[:, None] + torch.arange(width, device=end.device)  # (B, W)
    return read[rows, at], end - first - 1
