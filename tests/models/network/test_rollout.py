"""Roll-out: predictions read as the steps that follow, each row from its own last step."""

import pytest
import torch

from models.network.earthpt import EarthPT, EarthPTConfig
from models.network.rollout import roll_out, roll_out_anew

FEATURES, CHANNELS = 7, 3


@pytest.fixture
def network() -> EarthPT:
    torch.manual_seed(0)
    form = {"form": "calendar", "token_features": FEATURES, "query_features": 0, "channels": CHANNELS, "quantiles": 0}
    return EarthPT(EarthPTConfig(layers=2, width=16, heads=2, positions=8, **form)).eval()


def inputs() -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    """Histories of 6, 3 and 1 steps, and four dates ahead."""
    draw = torch.Generator().manual_seed(1)
    steps = torch.randn(3, 6, FEATURES, generator=draw)
    return steps, torch.tensor([6, 3, 1]), torch.randn(3, 4, FEATURES - CHANNELS, generator=draw)


@torch.no_grad()
def test_each_row_goes_on_from_its_own_last_step_by_its_own_predictions(network: EarthPT) -> None:
    steps, lengths, future = inputs()
    found = roll_out(network, steps, lengths, future)
    assert found.shape == (3, 4, CHANNELS)
    for row, length in enumerate(lengths.tolist()):
        read = steps[row, :length]
        for number in range(4):
            following = network.next_step(read[None, -8:])[0, -1]
            torch.testing.assert_close(found[row, number], following, atol=1e-5, rtol=1e-4)
            read = torch.cat([read, torch.cat([following, future[row, number]])[None]])


@torch.no_grad()
def test_what_stands_behind_a_history_is_not_read(network: EarthPT) -> None:
    steps, lengths, future = inputs()
    expected = roll_out(network, steps, lengths, future)
    steps[1, 3:], steps[2, 1:] = 99.0, -99.0
    torch.testing.assert_close(roll_out(network, steps, lengths, future), expected)


@torch.no_grad()
def test_only_the_newest_steps_of_a_long_history_are_read(network: EarthPT) -> None:
    steps = torch.randn(1, 12, FEATURES, generator=torch.Generator().manual_seed(2))
    future, length = torch.zeros(1, 3, FEATURES - CHANNELS), torch.tensor([12])
    expected = roll_out(network, steps, length, future)
    steps[0, :4] += 5  # before the window of eight positions
    torch.testing.assert_close(roll_out(network, steps, length, future), expected)
    steps[0, 4] += 5
    assert not torch.allclose(roll_out(network, steps, length, future)[0, 0], expected[0, 0])


@torch.no_grad()
def test_the_cache_changes_nothing_up_to_the_last_position_and_past_it_windows_are_cropped(network: EarthPT) -> None:
    steps, lengths, future = inputs()
    for ahead in (1, 3, 4):  # with 3 the longest row fills its 8 positions; with 4 it outgrows them
        expected = roll_out_anew(network, steps, lengths, future[:, :ahead])
        found = roll_out(network, steps, lengths, future[:, :ahead])
        torch.testing.assert_close(found, expected, atol=1e-5, rtol=0)


@torch.no_grad()
def test_with_a_cache_each_step_is_read_once(network: EarthPT, monkeypatch: pytest.MonkeyPatch) -> None:
    steps, lengths, future = inputs()
    monkeypatch.setattr(EarthPT, "next_step", None)  # what reads a whole window anew
    assert roll_out(network, steps, lengths, future[:, :3]).shape == (3, 3, CHANNELS)
