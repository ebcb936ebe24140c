"""What the history alone predicts for a date, on a device; twin of models/baselines/climatology.py."""

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from core.timeline import YEAR_DAYS
from models.baselines.climatology import (
    DAMPING_DAYS,
    FEW_COUNT,
    FEW_SPREAD,
    KERNEL_DAYS,
    MEMORY_DAYS,
    PRIOR_COUNT,
    UNSEEN_COUNT,
    UNSEEN_SPREAD,
)
from models.inference.features.around import course, near, weighted
from models.inference.features.harmonic import Harmonic

MEMORY_LEADS = (20, 50, 120, 400)
FOREVER = 3650.0


@dataclass(frozen=True, kw_only=True)
class Expectation:
    """Predictions of the history alone for N x H dates; fields as in models/baselines/climatology.py."""

    climatology: Tensor
    base: Tensor
    unit: Tensor
    doubt: Tensor
    features: Tensor
    traits: Tensor


@dataclass(frozen=True, kw_only=True)
class Past:
    """What was seen of N series before their issue dates: (N, T) each, only what was seen, left-aligned."""

    days: Tensor
    """int32, ascending."""
    seen: Tensor
    raw: Tensor
    """float64; 0 where nothing was seen."""
    y: Tensor
    """Without what lies too far from the cycle."""
    departure: Tensor
    residual: Tensor
    fit: Harmonic

    @classmethod
    def of(cls, days: Tensor, values: Tensor, issue_days: Tensor) -> "Past":
        """Read (N, T) values, NaN = unseen, on (N, T) days before (N,) issue days."""
        days, values, seen = _compact(days, values, values.isfinite() & (days < issue_days[:, None]))
        raw = torch.where(seen, values.double(), 0.0)
        fit = Harmonic.of(days, raw, seen)
        departure = torch.where(seen, raw - fit.at(days), 0.0)
        limit = 3.0 * fit.spread[:, None]
        residual = departure.clamp(-limit, limit)
        y = raw - departure + residual
        return cls(days=days, seen=seen, raw=raw, y=y, departure=departure, residual=residual, fit=fit)


@dataclass(frozen=True)
class _Seasonal:
    """By width of the kernel: (N, H) means, how many observations are in each, and means of residuals' sizes."""

    means: list[Tensor]
    counts: list[Tensor]
    noise: list[Tensor]


@dataclass(frozen=True)
class _Memory:
    """Of each of MEMORY_DAYS: (N,) anomalies, and how many observations are in each; (N,) age of the newest."""

    anomalies: list[Tensor]
    weights: list[Tensor]
    age: Tensor


def traits(days: Tensor, values: Tensor, issue_days: Tensor) -> Tensor:
    """Return (N, TRAITS) float32 of what was seen before the issue days."""
    return Past.of(days, values, issue_days).fit.traits()


def expect(days: Tensor, values: Tensor, issue_days: Tensor, target_days: Tensor) -> Expectation:
    """Derive climatology, anomaly and features from the observations strictly before the issue date.

    Args:
        days: (N, T) int32 since 1970-01-01; values: (N, T) float32, NaN = unseen.
        issue_days: (N,) int32; target_days: (N, H) int32.
    """
    past = Past.of(days, values, issue_days)
    season, cycle = _seasonal(past, target_days), past.fit.at(target_days)
    climatology = (season.means[1] * season.counts[1] + cycle * PRIOR_COUNT) / (season.counts[1] + PRIOR_COUNT)
    lead = (target_days - issue_days[:, None] + 1).clamp(min=0).double()
    memory = _memory(past, issue_days)
    base = climatology + memory.anomalies[1][:, None] * torch.exp(-lead / DAMPING_DAYS)
    doubt = UNSEEN_COUNT / (season.counts[-1] + UNSEEN_COUNT)
    unit = _unit(past, doubt)
    parts = [
        *_of_season(past, season, climatology, cycle, unit, target_days),
        *_of_memory(past, memory, unit, issue_days, lead),
        *_of_date(past, season, cycle, unit, issue_days, target_days, lead),
        *_around(past, base, unit, issue_days, target_days),
    ]
    never = ~past.seen.any(dim=1)[:, None]
    return Expectation(
        climatology=torch.where(never, math.nan, climatology).float(),
        base=torch.where(never, math.nan, base.clamp(-0.3, 1.0)).float(),
        unit=unit.float(),
        doubt=doubt.float(),
        features=_stacked(parts, target_days),
        traits=past.fit.traits(),
    )


def _compact(days: Tensor, values: Tensor, seen: Tensor) -> tuple[Tensor, Tensor, Tensor]:
    """Return only what was seen, left-aligned and ascending; places behind the last observation repeat its day."""
    width = max(1, int(seen.sum(dim=1).max()))
    order = (~seen).to(torch.uint8).argsort(dim=1, stable=True)[:, :width]
    at, kept = days.gather(1, order), seen.gather(1, order)
    ascending = torch.where(kept, at, at[:, :1]).cummax(dim=1).values
    return ascending, values.gather(1, order), kept


def _stacked(parts: list[Tensor], target_days: Tensor) -> Tensor:
    """Return (N, H, FEATURES) float32 of features that are (N, H), or (N, 1) where they are the same for all dates."""
    out = torch.stack([p.float().expand(target_days.shape) for p in parts], dim=-1)
    return out.nan_to_num_().clamp_(-6, 6)


def _seasonal(past: Past, target_days: Tensor) -> _Seasonal:
    columns = torch.stack([past.seen.float(), past.y.float(), past.residual.abs().float()], dim=-1)  # (N, T, 3)
    means, counts, noise = [], [], []
    for kernel in _kernels(past.days, target_days):
        count, (mean, sizes) = weighted(kernel, columns)
        means.append(mean)
        counts.append(count)
        noise.append(sizes)
    return _Seasonal(means, counts, noise[1:])


def _kernels(days: Tensor, targets: Tensor) -> list[Tensor]:
    """Return for each of KERNEL_DAYS (N, H, T) float32 how near days lie to the target's time of year."""
    gap = (targets[:, :, None] - days[:, None, :]).abs().float().remainder_(YEAR_DAYS)
    gap = torch.minimum(gap, YEAR_DAYS - gap)
    wide = gap.div_(KERNEL_DAYS[-1]).square_().mul_(-0.5).exp_()
    middle = (wide * wide).square_()
    return [(middle * middle).square_(), middle, wide]


def _memory(past: Past, issue_days: Tensor) -> _Memory:
    age = torch.where(past.seen, (issue_days[:, None] - past.days).double(), math.inf)
    anomalies, weights = [], []
    for memory in MEMORY_DAYS:
        weight = torch.exp(-age / memory)
        total = weight.sum(dim=1)
        anomalies.append((weight * past.residual).sum(dim=1) / (total + 0.3))
        weights.append(total)
    return _Memory(anomalies, weights, age.amin(dim=1))


def _unit(past: Past, doubt: Tensor) -> Tensor:
    """Return (N, H) the unit of the network's quantiles; doubt: (N, H) about the seasons of targets."""
    count = past.seen.sum(dim=1)
    own = (count * past.fit.spread**2 + FEW_COUNT * FEW_SPREAD**2) / (count + FEW_COUNT)
    return torch.sqrt(own[:, None] + UNSEEN_SPREAD**2 * doubt)


def _of_season(
    past: Past, season: _Seasonal, climatology: Tensor, cycle: Tensor, unit: Tensor, target_days: Tensor
) -> list[Tensor]:
    """Return (N, H) features of what the time of year of a target has shown before."""
    years = _last_years(past, target_days)
    return [
        climatology * 2 - 1,
        cycle * 2 - 1,
        *((s - climatology) / unit * n.clamp(max=1) for s, n in zip(season.means, season.counts, strict=True)),
        *(n.log1p() / 2 for n in season.counts),
        *((v - climatology) / unit * n.clamp(max=1) for v, n in years),
        *(n.clamp(max=1) for _, n in years),
    ]


def _last_years(past: Past, targets: Tensor) -> list[tuple[Tensor, Tensor]]:
    columns, out = torch.stack([past.seen.float(), past.y.float()], dim=-1), []
    for back in (1, 2, 3):
        gap = (targets[:, :, None] - round(back * YEAR_DAYS) - past.days[:, None, :]).float()
        count, (mean,) = weighted(gap.div_(12).square_().mul_(-0.5).exp_(), columns)
        out.append((mean, count))
    return out


def _of_memory(past: Past, memory: _Memory, unit: Tensor, issue_days: Tensor, lead: Tensor) -> list[Tensor]:
    """Return features of anomalies that are remembered, and of how much was seen: (N, H) or (N, 1)."""
    return [
        *(a[:, None] / unit * torch.exp(-lead / d) for a, d in zip(memory.anomalies, MEMORY_LEADS, strict=True)),
        *(a[:, None] / unit for a in memory.anomalies),
        *(w.log1p()[:, None] for w in memory.weights),
        *(v[:, None] for v in _level(past, issue_days, memory.age)),
    ]


def _level(past: Past, issue_days: Tensor, age: Tensor) -> list[Tensor]:
    count = past.seen.sum(dim=1)
    mean = past.y.sum(dim=1) / count.clamp(min=1)
    squares = torch.where(past.seen, past.y - mean[:, None], 0.0).square().sum(dim=1)
    newest = torch.where(past.seen, past.days, torch.iinfo(past.days.dtype).min).argmax(dim=1, keepdim=True)
    last = past.y.gather(1, newest)[:, 0]
    first = torch.where(past.seen, past.days, issue_days[:, None]).amin(dim=1)
    span = torch.where(count > 0, issue_days - first, 0)
    return [
        mean,
        torch.sqrt(squares / count.clamp(min=1)),
        count.double().log1p() / 5,
        span.double() / (5 * YEAR_DAYS),
        last,
        age.clamp(max=FOREVER).log1p() / 5,
    ]


def _of_date(
    past: Past, season: _Seasonal, cycle: Tensor, unit: Tensor, issue_days: Tensor, target_days: Tensor, lead: Tensor
) -> list[Tensor]:
    """Return (N, H) features of how sure the cycle is on a date, where it goes, and of the date itself."""
    phase, at = 2 * math.pi * target_days.double() / YEAR_DAYS, past.fit.at
    return [
        unit.log() / 2 + 1,
        *((n + 0.005).log() / 2 + 1 for n in season.noise),
        *(n / unit - 1 for n in season.noise),
        (cycle - at(issue_days[:, None])) * 2,
        (at(target_days + 10) - at(target_days - 10)) * 4,
        lead / 150,
        lead.log1p() / 5,
        phase.sin(),
        phase.cos(),
    ]


def _around(past: Past, base: Tensor, unit: Tensor, issue_days: Tensor, target_days: Tensor) -> list[Tensor]:
    """Return features of what was seen around a target, and in the weeks before the issue date: (N, H) or (N, 1)."""
    sides = near(past.days, past.y, past.seen, target_days, base)
    value, departure, known = course(past.days, past.raw, past.departure, past.seen, issue_days)
    return [
        *(v / unit for v, _ in sides),
        *(n for _, n in sides[:-1]),
        *(v[:, None] for v in (value * 2 - known).T),
        *(v[:, None] / unit for v in departure.T),
        *(n[:, None] for n in known.T),
    ]
