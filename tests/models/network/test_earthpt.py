"""What holds for any weights of the network."""

import pytest
import torch

from models.export import TOLERANCE, export_onnx
from models.network.earthpt import QUERY_FEATURES, SIZES, EarthPT, EarthPTConfig, ordered
from models.network.tokens import TOKEN_FEATURES
from tests.models.builders import tiny_network


def inputs(batch: int = 3, length: int = 11, queries: int = 5) -> tuple[torch.Tensor, torch.Tensor, torch.Tensor]:
    draw = torch.Generator().manual_seed(1)
    tokens = torch.randn(batch, length, TOKEN_FEATURES, generator=draw)
    is_padding = torch.zeros(batch, length, dtype=torch.bool)
    is_padding[1, 6:] = True
    return tokens, is_padding, torch.randn(batch, queries, QUERY_FEATURES, generator=draw)


def test_a_token_state_does_not_depend_on_later_tokens() -> None:
    network = tiny_network()
    tokens, is_padding, queries = inputs()
    before, _ = network.encode(tokens, is_padding, queries)
    changed = tokens.clone()
    changed[:, 7:] += 3
    after, _ = network.encode(changed, is_padding, queries)
    torch.testing.assert_close(before[:, :7], after[:, :7])
    assert not torch.allclose(before[0, 7:], after[0, 7:])


@pytest.mark.parametrize("members", [0, 3])
def test_what_stands_in_padding_changes_nothing(members: int) -> None:
    network = tiny_network(members=members)
    tokens, is_padding, queries = inputs()
    expected = network(tokens, is_padding, queries)
    tokens[1, 6:] = 99
    torch.testing.assert_close(network(tokens, is_padding, queries), expected)


def test_more_padding_changes_nothing() -> None:
    network = tiny_network()
    tokens, is_padding, queries = inputs()
    expected = network(tokens, is_padding, queries)
    longer = torch.nn.functional.pad(tokens, (0, 0, 0, 4)), torch.nn.functional.pad(is_padding, (0, 4), value=True)
    torch.testing.assert_close(network(*longer, queries), expected)


@pytest.mark.parametrize("members", [0, 3])
def test_queries_do_not_see_each_other(members: int) -> None:
    network = tiny_network(members=members)
    tokens, is_padding, queries = inputs()
    together = network(tokens, is_padding, queries)
    alone = torch.cat([network(tokens, is_padding, queries[:, i : i + 1]) for i in range(5)], dim=1)
    torch.testing.assert_close(alone, together)


def test_the_first_heads_alone_say_what_they_said_among_the_others() -> None:
    network = tiny_network(members=3)
    tokens, is_padding, queries = inputs()
    each, channels = network.predict(tokens, is_padding, queries)
    for count in (1, 2):
        kept = network.with_heads(count).eval()
        assert kept.config.members == count
        torch.testing.assert_close(kept(tokens, is_padding, queries), each[:count].mean(0))
        torch.testing.assert_close(kept.predict(tokens, is_padding, queries)[1], channels)
    assert network.config.members == 3
    torch.testing.assert_close(network(tokens, is_padding, queries), each.mean(0))


def test_permuted_pixels_give_permuted_answers() -> None:
    network = tiny_network(members=3)
    tokens, is_padding, queries = inputs()
    order = torch.tensor([2, 0, 1])
    expected = network(tokens, is_padding, queries)[order]
    torch.testing.assert_close(network(tokens[order], is_padding[order], queries[order]), expected)


def test_quantiles_ascend_for_any_raw_numbers() -> None:
    raw = torch.randn(200, 5, generator=torch.Generator().manual_seed(2)) * 20
    assert (ordered(raw).diff(dim=-1) >= 0).all()


def test_heads_side_by_side_are_averaged() -> None:
    network = tiny_network(members=3)
    each, _ = network.predict(*inputs())
    assert each.shape[0] == 3
    torch.testing.assert_close(network(*inputs()), each.mean(0))
    assert not torch.allclose(each[0], each[1])


@pytest.mark.parametrize("members", [0, 3])
def test_quantiles_of_the_network_ascend(members: int) -> None:
    assert (tiny_network(members=members)(*inputs()).diff(dim=-1) >= 0).all()


def test_a_calendar_step_does_not_depend_on_later_steps() -> None:
    torch.manual_seed(0)
    form = {"form": "calendar", "token_features": 14, "query_features": 0, "channels": 10, "quantiles": 0}
    network = EarthPT(EarthPTConfig(layers=2, width=32, heads=2, positions=16, **form)).eval()
    steps = torch.randn(2, 12, 14)
    before = network.next_step(steps)
    steps[:, 8:] += 1
    torch.testing.assert_close(network.next_step(steps)[:, :8], before[:, :8])


def test_a_series_without_any_token_gives_finite_answers() -> None:
    network = tiny_network()
    tokens, _, queries = inputs()
    assert torch.isfinite(network(tokens, torch.ones(3, 11, dtype=torch.bool), queries)).all()


@pytest.mark.parametrize(
    ("size", "least", "most"),
    [("small", 0.15e6, 0.5e6), ("medium", 0.8e6, 1.5e6), ("5m", 4e6, 8e6), ("10m", 9e6, 15e6), ("20m", 17e6, 25e6)],
)
def test_named_sizes_have_about_the_parameters_they_say(size: str, least: float, most: float) -> None:
    assert least < sum(p.numel() for p in EarthPT(SIZES[size]).parameters()) < most


@pytest.mark.filterwarnings("ignore")  # the exporter warns about its own internals
@pytest.mark.parametrize("members", [0, 3])
def test_onnx_equals_torch(members: int, tmp_path) -> None:
    assert export_onnx(tiny_network(members=members), tmp_path / "network.onnx") < TOLERANCE
