"""Published EarthPT files: converted exactly, or refused with a sentence that names what is wrong."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import InvalidCheckpoint
from models.network.earthpt import EarthPT
from models.published.convert import OUTPUTS, TIED, TOLERANCE, compare, read_published
from models.published.golden import read_golden
from tests.models.published.published_files import known_outputs, published_weights, write_published

FIRST = "transformer.h.0.ln_1.weight"


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # tiny networks only wait for more
    yield
    torch.set_num_threads(before)


def network_of(path: Path, **changes: Any) -> EarthPT:
    return read_published(write_published(path / "a.pt", published_weights(), **changes)).network


def reason(path: Path) -> str:
    with pytest.raises(InvalidCheckpoint) as raised:
        read_published(path)
    assert "\n" not in str(raised.value)
    return raised.value.reason


def test_the_golden_file_gives_what_the_published_implementation_gave(golden: Path) -> None:
    found = read_published(golden / "earthpt_paper_tiny.pt")
    known = read_golden(golden / "earthpt_paper_tiny.npz", found.network.config)
    differences = compare(found.network, known)
    assert found.iterations == 123
    assert set(differences) == set(OUTPUTS)
    assert max(differences.values()) < TOLERANCE


@pytest.mark.parametrize(
    ("channels", "layers", "width", "heads"), [(14, 3, 24, 3), (10, 1, 16, 4), (3, 4, 8, 1), (14, 2, 40, 5)]
)
def test_any_number_of_channels_layers_and_heads_gives_what_plain_numpy_gives(
    tmp_path: Path, channels: int, layers: int, width: int, heads: int
) -> None:
    weights = published_weights(channels=channels, layers=layers, width=width)
    found = read_published(write_published(tmp_path / "a.pt", weights, heads=heads))
    config = found.network.config
    assert (config.layers, config.width, config.heads, config.positions) == (layers, width, heads, 12)
    assert (config.token_features, config.channels) == (channels + 4, channels)
    assert max(compare(found.network, known_outputs(weights, heads)).values()) < TOLERANCE


def test_one_changed_weight_shows_in_every_output(tmp_path: Path) -> None:
    weights = published_weights()
    known = known_outputs(weights, 3)
    weights["transformer.h.1.mlp.c_fc.weight"][5, 2] += 0.5
    found = read_published(write_published(tmp_path / "a.pt", weights))
    assert min(compare(found.network, known).values()) > TOLERANCE


def test_another_number_of_heads_shows_in_every_output(tmp_path: Path) -> None:
    found = network_of(tmp_path, heads=6)
    assert min(compare(found, known_outputs(published_weights(), 3)).values()) > TOLERANCE


@pytest.mark.parametrize("prefix", ["", "_orig_mod.", "module.", "module._orig_mod.", "_orig_mod.module."])
def test_prefixes_of_training_do_not_matter(tmp_path: Path, prefix: str) -> None:
    expected, found = network_of(tmp_path, prefix="").state_dict(), network_of(tmp_path, prefix=prefix).state_dict()
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[k], found[k]) for k in expected)


def test_the_second_copy_of_the_head_and_the_masks_of_old_files_are_left_out(tmp_path: Path) -> None:
    masks = {f"transformer.h.{n}.attn.bias": torch.ones(1, 1, 12, 12).tril() for n in range(3)}
    more = {TIED: torch.randn(14, 24), **masks}
    found = read_published(write_published(tmp_path / "a.pt", published_weights() | more)).network
    assert len(found.state_dict()) == len(published_weights())


def test_weights_of_half_precision_become_float32(tmp_path: Path) -> None:
    half = {name: value.bfloat16() for name, value in published_weights().items()}
    found = read_published(write_published(tmp_path / "a.pt", half)).network
    assert {t.dtype for t in found.state_dict().values()} == {torch.float32}


def test_a_file_from_before_torch_1_6_is_read_too(tmp_path: Path) -> None:
    content = {"model": published_weights(), "model_args": {"n_head": 3}}
    torch.save(content, tmp_path / "old.pt", _use_new_zipfile_serialization=False)
    found = read_published(tmp_path / "old.pt")
    assert found.iterations is None
    assert max(compare(found.network, known_outputs(published_weights(), 3)).values()) < TOLERANCE


def test_a_prediction_does_not_depend_on_later_steps(tmp_path: Path) -> None:
    network = network_of(tmp_path)
    steps = torch.from_numpy(known_outputs(published_weights(), 3)["x"])
    changed = steps.clone()
    changed[:, 5:] += 3
    before, after = network.next_step(steps), network.next_step(changed)
    torch.testing.assert_close(before[:, :5], after[:, :5])
    assert not torch.allclose(before[:, 5], after[:, 5])


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({FIRST: None}, f"lacks '{FIRST}'"),
        ({"lm_head.weight": None}, "lacks 'lm_head.weight'"),
        ({"transformer.h.0.ln_1.bias": torch.zeros(24)}, "unknown 'transformer.h.0.ln_1.bias'"),
        ({"transformer.h.0.attn.bias": torch.zeros(72)}, "unknown 'transformer.h.0.attn.bias'"),
        ({"lm_head.bias": torch.zeros(14)}, "unknown 'lm_head.bias'"),
        ({"head\n\x1b[2J" + "x" * 99: torch.zeros(1)}, r"unknown 'head\n\x1b[2Jx"),
        ({"transformer.h.9.ln_1.weight": torch.zeros(24)}, "lacks 'transformer.h.3.attn.c_attn.weight'"),
        ({FIRST: torch.ones(23)}, f"sizes that do not fit in '{FIRST} (23)'"),
        ({FIRST: torch.tensor(1.0)}, f"sizes that do not fit in '{FIRST} (one number)'"),
        ({"transformer.wte.2.weight": torch.ones(24, 96)}, "'transformer.wte.2.weight (24 x 96)'"),
        ({"transformer.wpe.weight": torch.ones(24)}, "no table in 'transformer.wpe.weight (24)'"),
        ({"transformer.wpe.weight": torch.ones(12, 0)}, "no table in 'transformer.wpe.weight (12 x 0)'"),
        ({"lm_head.weight": torch.ones(10, 24)}, "reads 18 columns and predicts 10"),
        ({FIRST: torch.full((24,), float("nan"))}, f"not finite in '{FIRST}'"),
        ({FIRST: torch.ones(24, dtype=torch.int64)}, f"'{FIRST}' is no plain array"),
        ({FIRST: torch.ones(24).to_sparse()}, f"'{FIRST}' is no plain array"),
        ({FIRST: [1.0] * 24}, f"'{FIRST}' is no plain array"),
        ({"module." + FIRST: torch.ones(24)}, f"'{FIRST}' twice"),
        ({"transformer.wpe.weight": torch.ones(1, 1).expand(10**6, 10**6)}, "larger than the file itself"),
    ],
)
def test_what_does_not_fit_is_named(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    weights = {k: v for k, v in (published_weights() | change).items() if v is not None}
    assert sentence in reason(write_published(tmp_path / "a.pt", weights))


@pytest.mark.parametrize(
    ("changes", "sentence"),
    [
        ({"heads": 5}, "width of 24 cannot be shared by the 5 heads"),
        ({"heads": 0}, "n_head"),
        ({"heads": True}, "n_head"),
        ({"heads": "3"}, "n_head"),
        ({"model_args": 3}, "n_head"),
        ({"model": None}, "no entry 'model'"),
        ({"model": {}}, "lacks 'lm_head.weight'"),
    ],
)
def test_a_file_without_what_no_shape_shows_is_refused(tmp_path: Path, changes: dict[str, Any], sentence: str) -> None:
    assert sentence in reason(write_published(tmp_path / "a.pt", published_weights(), **changes))


def test_many_names_are_shortened(tmp_path: Path) -> None:
    biased = published_weights() | {f"transformer.h.{n}.ln_1.bias": torch.zeros(24) for n in range(3)}
    biased |= {f"transformer.h.{n}.ln_2.bias": torch.zeros(24) for n in range(2)}
    assert reason(write_published(tmp_path / "a.pt", biased)).endswith("and 2 more")


def test_known_outputs_that_are_no_number_never_agree(tmp_path: Path) -> None:
    known = known_outputs(published_weights(), 3)
    known["embedding"][1, 2] = np.nan
    assert not compare(network_of(tmp_path), known)["embedding"] <= TOLERANCE
