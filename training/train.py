"""Training EarthPT: masked histories in, quantiles of what came next out (pinball loss on clear observations only)."""

from collections.abc import Mapping
from datetime import date, timedelta
from pathlib import Path

import numpy as np
import torch
import torch.nn.functional as F
from torch import Tensor

from core.cube import Series
from core.forecast import QUANTILES
from core.progress import Progress
from core.timeline import Days, parse_date, to_day
from models.network.earthpt import SIZES, EarthPT
from models.training_set import TrainingSet
from training.distributed import new_generator
from training.optimise import optimise
from training.resume import ResumeFile
from training.runs import Run
from training.sampling import NDVI, ForecastBatch, forecast_batch, hindcast

MIN_OBSERVATIONS = 4
CHANNEL_WEIGHT = 0.02
"""Weight of the channels' loss beside the pinball loss (NDVI units): it shapes the states that heads are fitted on."""


def train(
    run: Run, sets: Mapping[str, TrainingSet], *, log: Path, progress: Progress, resume: ResumeFile | None = None
) -> tuple[EarthPT, float]:
    """Train a forecaster.

    Returns:
        The network and its mean pinball loss (NDVI units, series weighted equally) on the held-out year.
    """
    torch.manual_seed(run.seed)
    network = EarthPT(SIZES[run.size])
    held_out = held_out_year(sets[run.holdout].series, run) if run.holdout_until else []
    learned = {name: learnable(s) for name, s in cut(run, sets).items()}

    def loss(network: EarthPT, rng: np.random.Generator) -> Tensor:
        batch = forecast_batch(
            rng, learned, run.mixture, size=run.batch, targets=run.targets, context=network.config.context
        )
        return forecast_loss(network, batch)

    network, lost = optimise(
        network,
        run,
        rng=new_generator(run.seed),
        loss=loss,
        score=lambda n: score(n, held_out),
        log=log,
        progress=progress,
        resume=resume,
    )
    return (network.with_heads(run.kept_heads) if run.kept_heads else network), lost


def cut(run: Run, sets: Mapping[str, TrainingSet]) -> Mapping[str, TrainingSet]:
    """Return the sets without what the run must not learn from."""
    if not run.before:
        return sets
    return {**sets, run.holdout: sets[run.holdout].before(to_day(parse_date(run.before)))}


def learnable(source: TrainingSet) -> TrainingSet:
    """Return the series with at least a few observations of NDVI: some to read and some to predict."""
    return source.take(np.asarray(np.isfinite(source.series.values[..., NDVI]).sum(axis=1) >= MIN_OBSERVATIONS))


def forecast_loss(network: EarthPT, batch: ForecastBatch) -> Tensor:
    """Return pinball loss of the target quantity plus a little Huber loss of the scaled channels, per target.

    Heads that stand side by side are trained on the same batch; their losses are added.
    """
    raw, channels = network.predict(*inputs_of(batch))  # (M, B, H, Q), (B, H, C)
    truth, base = torch.from_numpy(batch.truth), torch.from_numpy(batch.base)
    known = torch.isfinite(truth) & torch.isfinite(base)
    quantiles = base.nan_to_num().unsqueeze(-1) + torch.from_numpy(batch.unit).unsqueeze(-1) * raw
    loss = pinball(quantiles, truth.nan_to_num())[:, known].mean(1).sum()
    has = torch.from_numpy(batch.has_channel) * known.unsqueeze(-1)
    channel_loss = F.huber_loss(channels, torch.from_numpy(batch.channels), reduction="none") * has
    return loss + CHANNEL_WEIGHT * channel_loss.sum() / has.sum().clamp(min=1)


def pinball(quantiles: Tensor, truth: Tensor) -> Tensor:
    """Return (...,) the mean over quantiles of max(q u, (q - 1) u), u = truth - quantile (Koenker & Bassett 1978)."""
    levels = torch.tensor(QUANTILES)
    u = truth.unsqueeze(-1) - quantiles
    return torch.maximum(levels * u, (levels - 1) * u).mean(-1)


def held_out_year(series: Series, run: Run) -> list[ForecastBatch]:
    """Return hindcasts of every observation of the held-out year from the first of each month, up to 150 days ahead."""
    first, until = parse_date(run.before), parse_date(run.holdout_until)
    issues = [first + timedelta(days=30 * m) for m in range(12)]
    return [b for issue in issues for b in [hindcast_all(series, issue, until)] if b is not None]


def score(network: EarthPT, batches: list[ForecastBatch]) -> float:
    """Return the mean pinball loss over series, each weighted equally."""
    if not batches:
        return 0.0
    losses, owners = [], []
    with torch.no_grad():
        for batch in batches:
            raw = network.forward(*inputs_of(batch))
            base = torch.from_numpy(batch.base)
            quantiles = base.unsqueeze(-1) + torch.from_numpy(batch.unit).unsqueeze(-1) * raw
            truth = torch.from_numpy(batch.truth)
            each = pinball(quantiles, truth)
            known = torch.isfinite(each)
            losses.append(each[known].numpy())
            owners.append(np.nonzero(known.numpy())[0])
    loss, owner = np.concatenate(losses), np.concatenate(owners)
    means = np.bincount(owner, loss) / np.maximum(np.bincount(owner), 1)
    return float(means[np.bincount(owner) > 0].mean())


def hindcast_all(series: Series, issue: date, until: date) -> ForecastBatch | None:
    """Return hindcasts of all clear observations of 150 days from an issue date, before `until`; None = no date."""
    first, last = to_day(issue), min(to_day(issue) + 150, to_day(until))
    days = np.unique(series.days[(series.days >= first) & (series.days < last)])
    if not len(days):
        return None
    issues = np.full(len(series), first, np.int32)
    targets = _own_targets(series, first, last)
    return hindcast(series, issues, targets)


def _own_targets(series: Series, first: int, last: int) -> Days:
    """Return (N, H) each series' own clear days in [first, last), padded with a day on which nothing was seen."""
    fit = np.isfinite(series.values[..., NDVI]) & (series.days >= first) & (series.days < last)
    width = max(2, int(fit.sum(axis=1).max()))
    order = np.argsort(~fit, axis=1, kind="stable")[:, :width]
    never = first - 100_000
    return np.asarray(
        np.where(np.take_along_axis(fit, order, axis=1), np.take_along_axis(series.days, order, axis=1), never),
        np.int32,
    )


def inputs_of(batch: ForecastBatch) -> tuple[Tensor, Tensor, Tensor]:
    """Return tokens, padding and queries as tensors."""
    return torch.from_numpy(batch.tokens), torch.from_numpy(batch.is_padding), torch.from_numpy(batch.queries)
