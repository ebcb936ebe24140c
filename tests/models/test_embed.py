"""What holds of embeddings for any weights of the network."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import save_file

from core.bands import channel
from core.checkpoint import Checkpoint
from core.cube import Series
from core.settings import Settings
from models.embed import embed, width_of
from models.network.tokens import tokenise
from models.published.convert import read_published
from models.published.forecast import calendar_features, read_history
from models.published.save import save_imported
from models.registry import WEIGHTS, find_checkpoint, sha256_of
from tests.models.builders import START, TINY, tiny_network, wavy_series
from tests.models.published.published_files import TEN, published_weights, states, write_published
from tests.models.published.test_forecast import spectra

DAY = START + 500
NEAR = {"rtol": 1e-5, "atol": 1e-6}
"""Batches of other lengths round otherwise."""


@pytest.fixture
def tiny(tmp_path: Path) -> Checkpoint:
    """A forecaster of two layers with random weights."""
    path = tmp_path / WEIGHTS
    save_file({k: v.contiguous() for k, v in tiny_network().state_dict().items()}, path)
    card = {"network": TINY.to_json(), "sha256": {WEIGHTS: sha256_of(path)}}
    return Checkpoint(name="tiny", task="forecast", sha256=sha256_of(path), folder=str(tmp_path), card=card)


def run(series: Series, checkpoint: Checkpoint, *, day: int = DAY, layer: str = "middle") -> np.ndarray:
    return embed(series, np.full(len(series), day, np.int32), checkpoint, layer=layer)


@pytest.mark.parametrize("layer", ["middle", "last"])
def test_an_embedding_is_the_mean_state_of_the_tokens_before_the_final_norm(tiny: Checkpoint, layer: str) -> None:
    series, network = wavy_series(1), tiny_network()
    read = tokenise(series, np.array([DAY], np.int32))
    length = read.tokens.shape[1]
    causal = torch.triu(torch.full((length, length), -1e4), 1)
    with torch.inference_mode():
        x = network.token(torch.from_numpy(read.tokens))
        for block in list(network.blocks)[: 1 if layer == "middle" else 2]:
            x = block(x, causal)
    np.testing.assert_allclose(run(series, tiny, layer=layer)[0], x[0].mean(dim=0).numpy(), **NEAR)
    assert width_of(tiny) == TINY.width


def test_the_middle_and_the_last_layer_differ(tiny: Checkpoint) -> None:
    assert not np.allclose(run(wavy_series(), tiny), run(wavy_series(), tiny, layer="last"))


@pytest.mark.parametrize("layer", ["middle", "last"])
def test_permuted_pixels_give_permuted_embeddings(tiny: Checkpoint, layer: str) -> None:
    series = wavy_series(70, dates=40)
    order = np.random.default_rng(4).permutation(70)
    expected = run(series, tiny, layer=layer)[order]
    np.testing.assert_allclose(run(series.take(order), tiny, layer=layer), expected, **NEAR)


def test_padding_and_unseen_dates_change_nothing(tiny: Checkpoint) -> None:
    series = wavy_series(4, dates=30)
    days = np.concatenate([series.days, np.repeat(series.days[:, -1:], 5, axis=1)], axis=1)
    values = np.pad(series.values, ((0, 0), (0, 5), (0, 0)), constant_values=np.nan)
    padded = replace(series, days=days, values=values)
    kept = np.isfinite(series.values[0]).any(axis=-1)
    first = Series(ids=series.ids[:1], days=series.days[:1, kept], values=series.values[:1, kept])
    np.testing.assert_allclose(run(padded, tiny), run(series, tiny), **NEAR)
    np.testing.assert_allclose(run(first, tiny), run(series, tiny)[:1], **NEAR)


def test_what_is_seen_from_the_reference_day_on_changes_nothing(tiny: Checkpoint) -> None:
    series = wavy_series()
    later = series.values.copy()
    later[series.days >= DAY] = 0.9
    changed = replace(series, values=later)
    np.testing.assert_array_equal(run(changed, tiny), run(series, tiny))
    assert not np.allclose(run(changed, tiny, day=DAY + 30), run(series, tiny, day=DAY + 30))


def test_weather_is_not_read_and_a_series_with_nothing_else_has_no_embedding(tiny: Checkpoint) -> None:
    series = wavy_series(3)
    warm = series.values.copy()
    warm[..., channel("temperature_2m")] = 300.0
    np.testing.assert_array_equal(run(replace(series, values=warm), tiny), run(series, tiny))
    series.values[1] = np.nan
    series.values[1, :, channel("temperature_2m")] = 280.0
    assert list(np.isnan(run(series, tiny)).any(axis=1)) == [False, True, False]
    assert np.isnan(run(series, tiny, day=START)).all()


def test_an_imported_network_gives_its_own_published_embedding(tmp_path: Path) -> None:
    weights = published_weights(channels=10, positions=80)
    found = read_published(write_published(tmp_path / "a.pt", weights, heads=3))
    save_imported(found, tmp_path / "models" / "mine", bands=TEN)
    checkpoint = find_checkpoint("mine", "forecast", Settings(models=tmp_path / "models"))
    series, reference = spectra(3), np.full(3, DAY, np.int32)
    got = embed(series, reference, checkpoint, layer="last")
    for number in range(3):
        history = read_history(series.take(slice(number, number + 1)), reference[:1], TEN, longest=80)
        following = np.append(history.days[0, 1:], DAY)
        steps = np.concatenate([history.values[0], calendar_features(history.days[0], following)], axis=-1)
        expected = states(weights, 3, steps[None].astype(np.float64)).mean(axis=1)[0]
        np.testing.assert_allclose(got[number], expected, rtol=1e-4, atol=1e-5)
    assert not np.allclose(embed(series, reference, checkpoint, layer="middle"), got)
