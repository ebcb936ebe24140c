"""Series to embeddings: the mean over a series' tokens of the state inside the forecaster. No rasters, no files.

After Smith et al. 2023 (arXiv 2309.07207): the mean over time of a block's output before the final norm. The middle
block is the default, as in the same authors' AstroPT; an imported, published network gives its own, the last block's.
"""

from functools import partial

import numpy as np
import torch
from torch import Tensor

from core.bands import Floats
from core.checkpoint import Checkpoint
from core.cube import Series
from core.timeline import Days
from models.checkpoint import load_network
from models.inference.choose import device_of
from models.inference.features.tokens import tokenise, without_weather
from models.inference.features.upload import Sender
from models.network.earthpt import EarthPT, attention_mask
from models.network.tokens import CONTEXT, RADAR_CONTEXT
from models.published.forecast import History, calendar_features, read_history
from models.registry import band_order, is_published, verify

BATCHES = {"cpu": 64, "cuda": 4096}
"""Series per run of the network by kind of device: those of models/inference for a CPU, enough to fill a card."""


def embed(series: Series, reference_days: Days, checkpoint: Checkpoint, *, layer: str) -> Floats:
    """Embed series by what was observed before a day.

    Args:
        reference_days: (N,) the day after the date of the embedding; only dates strictly before it are
            read, of these the last ones that the model's context holds.
        checkpoint: a forecaster.
        layer: `middle` (after layers // 2 blocks) or `last` (after all, before the final norm).

    Returns:
        (N, D); NaN for series that no satellite saw before the day. An imported network reads only dates that show all
        its bands.
    """
    network = _network(checkpoint)
    out = np.full((len(series), network.config.width), np.nan, np.float32)
    device = network.norm.weight.device
    size, sender = BATCHES[device.type], Sender(device)
    for first in range(0, len(series), size):
        rows = slice(first, first + size)
        part, reference = series.take(rows), reference_days[rows]
        if is_published(checkpoint):
            history = read_history(part, reference, band_order(checkpoint), longest=network.config.positions)
            out[rows] = _published(network, history, reference, layer)
        else:
            sent = sender.send(part.days, part.values, reference)
            sender.arrived(sent)
            out[rows] = _observed(network, sent, layer)
    return out


def width_of(checkpoint: Checkpoint) -> int:
    """Return D, the number of dimensions of a checkpoint's embeddings."""
    return _network(checkpoint).config.width


def _observed(network: EarthPT, sent: tuple[Tensor | None, ...], layer: str) -> Floats:
    """Return (N, D) of a network whose tokens are observed dates; of days, channels and reference days."""
    days, values, reference = (t for t in sent if t is not None)
    with torch.inference_mode():
        read = partial(tokenise, days, without_weather(values), reference)
        tokens, is_padding = read(context=CONTEXT, radar_context=RADAR_CONTEXT)
        states = _through(network, network.token(tokens), is_padding, _depth(network, layer))  # (N, T, D)
        return _mean(states, ~is_padding)


def _published(network: EarthPT, history: History, reference: Days, layer: str) -> Floats:
    """Return (N, D) of an imported network, whose last step names the reference day as the one that follows."""
    lengths = np.maximum(history.lengths, 1)
    following = np.concatenate([history.days[:, 1:], reference[:, None]], axis=1)
    following[np.arange(len(lengths)), lengths - 1] = reference
    steps = np.concatenate([history.values, calendar_features(history.days, following)], axis=-1)
    device = network.norm.weight.device
    x = torch.from_numpy(steps).to(device)  # (N, T, F)
    is_step = torch.from_numpy(np.arange(steps.shape[1]) < history.lengths[:, None]).to(device)  # (N, T)
    with torch.inference_mode():
        if layer == "last":
            return _mean(network.read(x), is_step)
        placed = network.token(x) + network.position.weight[: x.shape[1]]  # (N, T, D)
        return _mean(_through(network, placed, ~is_step, _depth(network, layer)), is_step)


def _depth(network: EarthPT, layer: str) -> int:
    layers = network.config.layers
    return layers if layer == "last" else max(1, layers // 2)


def _through(network: EarthPT, x: Tensor, is_padding: Tensor, depth: int) -> Tensor:
    """Pass (N, T, D) tokens through the first blocks."""
    mask = attention_mask(is_padding, 0)  # (N, 1, T, T)
    for block in list(network.blocks)[:depth]:
        x = block(x, mask)
    return x


def _mean(states: Tensor, is_kept: Tensor) -> Floats:
    """Return (N, D) the mean of (N, T, D) states over the kept ones; NaN where none is."""
    kept = is_kept.unsqueeze(-1).to(states.dtype)  # (N, T, 1)
    mean = (states * kept).sum(1) / kept.sum(1)  # (N, D)
    return np.asarray(mean.cpu().numpy(), np.float32)


_LOADED: dict[tuple[str, str, str], EarthPT] = {}
"""The network used last, by folder, sha256 and device."""


def _network(checkpoint: Checkpoint) -> EarthPT:
    key = (checkpoint.folder, checkpoint.sha256, checkpoint.device)
    if key not in _LOADED:
        verify(checkpoint)
        loaded = load_network(checkpoint)
        _LOADED.clear()
        _LOADED[key] = loaded.eval().to(device_of(checkpoint.device))
    return _LOADED[key]
