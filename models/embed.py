"""Series to embeddings: the mean over a series' tokens of the state inside the forecaster. No rasters, no files.

After Smith et al. 2023 (arXiv 2309.07207): the mean over time of a block's output before the final norm. The middle
block is the default, as in the same authors' AstroPT; an imported, published network gives its own, the last block's.
"""

import numpy as np
import torch
from torch import Tensor

from core.bands import Floats
from core.checkpoint import Checkpoint
from core.cube import Series
from core.timeline import Days
from models.checkpoint import load_network
from models.inference.choose import device_of
from models.network.earthpt import EarthPT, attention_mask
from models.network.tokens import Tokens, tokenise, without_weather
from models.published.forecast import History, calendar_features, read_history
from models.registry import band_order, is_published, verify

BATCH = 64
"""Series per run of the network, as in models/runtime.py."""


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
    for first in range(0, len(series), BATCH):
        rows = slice(first, first + BATCH)
        part, reference = series.take(rows), reference_days[rows]
        if is_published(checkpoint):
            history = read_history(part, reference, band_order(checkpoint), longest=network.config.positions)
            out[rows] = _published(network, history, reference, layer)
        else:
            out[rows] = _observed(network, tokenise(without_weather(part), reference), layer)
    return out


def width_of(checkpoint: Checkpoint) -> int:
    """Return D, the number of dimensions of a checkpoint's embeddings."""
    return _network(checkpoint).config.width


def _observed(network: EarthPT, read: Tokens, layer: str) -> Floats:
    """Return (N, D) of a network whose tokens are observed dates."""
    device = network.norm.weight.device
    tokens, is_padding = (torch.from_numpy(a).to(device) for a in (read.tokens, read.is_padding))
    with torch.inference_mode():
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
