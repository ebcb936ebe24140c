"""What was seen around target dates and in the weeks before an issue date; twin of models/baselines/climatology.py."""

import torch
from torch import Tensor

from models.baselines.climatology import LOCAL_DAYS, WEEK_DAYS, WEEKS


def weighted(weight: Tensor, columns: Tensor) -> tuple[Tensor, list[Tensor]]:
    """Return (N, H) float64 counts and the means of some columns.

    Args:
        weight: (N, H, T) float32.
        columns: (N, T, 1 + M) float32: 1 where something was seen, then the values to average, 0 where nothing was.
    """
    total = torch.matmul(weight, columns).double()  # (N, H, 1 + M)
    count = total[..., 0]
    return count, [total[..., n] / count.clamp(min=1e-6) for n in range(1, columns.shape[-1])]


def near(days: Tensor, y: Tensor, seen: Tensor, targets: Tensor, base: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Return (N, H) departures from the base around target dates, and how much is known of each.

    Means of what was seen within weeks, the last observation before and the first one after, and the line between.

    Args:
        days: (N, T) ascending, unseen ones last.
    """
    gap, columns = (targets[:, :, None] - days[:, None, :]).float(), torch.stack([seen.float(), y.float()], dim=-1)
    local = []
    for width in LOCAL_DAYS:
        count, (mean,) = weighted((gap / width).square_().mul_(-0.5).exp_(), columns)
        local.append(((mean - base) * count.clamp(max=1), count.log1p()))
    (left, near_left), (right, near_right) = sides = _sides(days, y, seen, targets, base)
    total = (near_left + near_right).clamp(min=1e-9)
    is_inside = (near_left > 0) & (near_right > 0)
    line = torch.where(is_inside, (left * near_left + right * near_right) / total, 0.0)
    return [*local, *sides, (line, is_inside.double())]


def _sides(days: Tensor, y: Tensor, seen: Tensor, targets: Tensor, base: Tensor) -> list[tuple[Tensor, Tensor]]:
    """Return the last observation up to each target and the first one after it; 0 where there is none."""
    count = seen.sum(dim=1, keepdim=True)  # seen ones lie in front
    upto = torch.minimum(torch.searchsorted(days, targets, right=True), count)
    out = []
    for at, step in ((upto - 1, 1), (torch.where(upto < count, upto, -1), -1)):
        found, row = at >= 0, at.clamp(min=0)
        away = (step * (targets - days.gather(1, row))).clamp(min=0).double()
        value = torch.where(found, y.gather(1, row) - base, 0.0)
        out.append((value, torch.where(found, 1 / (1 + away / 10), 0.0)))
    return out


def course(days: Tensor, raw: Tensor, departure: Tensor, seen: Tensor, issue: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return (N, WEEKS) means of what was seen in steps back from the issue date, of its departures, and how much."""
    steps = torch.arange(WEEKS, device=days.device) + 0.5
    centre = issue[:, None].float() - WEEK_DAYS * steps
    kernel = (centre[:, :, None] - days[:, None, :]).div_(WEEK_DAYS / 2).square_().mul_(-0.5).exp_()
    columns = torch.stack([seen.float(), raw.float(), departure.float()], dim=-1)
    count, (value, away) = weighted(kernel, columns)
    known = count.clamp(max=1)
    return value * known, away * known, known
