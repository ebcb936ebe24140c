"""Known outputs of a published network: read from a file and checked."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from core.errors import InvalidOption
from models.network.earthpt import EarthPT
from models.published.convert import read_published
from models.published.golden import read_golden
from tests.models.published.published_files import known_outputs, published_weights, write_published


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    before = torch.get_num_threads()
    torch.set_num_threads(1)  # tiny networks only wait for more
    yield
    torch.set_num_threads(before)


def network_of(path: Path, **changes: Any) -> EarthPT:
    return read_published(write_published(path / "a.pt", published_weights(), **changes)).network


@pytest.mark.parametrize(
    ("change", "sentence"),
    [
        ({"rollout": None}, "lacks rollout"),
        ({"x": np.ones((2, 9, 14), np.float32)}, r"x has the shape \(2, 9, 14\)"),
        ({"x": np.ones((2, 13, 18), np.float32)}, "1 to 12"),
        ({"x": np.ones(3, np.float32)}, "x has the shape"),
        ({"future_time": np.ones((5, 4), np.float32)}, "rollout has the shape"),
        ({"embedding": np.ones((2, 25), np.float32)}, "embedding has the shape"),
        ({"next_step": np.ones((2, 9, 14), np.int32)}, "next_step holds int32"),
        ({"next_step": np.array([{}, 3], object)}, "plain arrays"),
    ],
)
def test_wrong_known_outputs_are_refused(tmp_path: Path, change: dict[str, Any], sentence: str) -> None:
    arrays = known_outputs(published_weights(), 3) | change
    np.savez(tmp_path / "a.npz", **{k: v for k, v in arrays.items() if v is not None})
    with pytest.raises(InvalidOption, match=sentence):
        read_golden(tmp_path / "a.npz", network_of(tmp_path).config)


def test_known_outputs_that_are_no_npz_are_refused(tmp_path: Path) -> None:
    config = network_of(tmp_path).config
    np.save(tmp_path / "a.npy", np.ones(3))
    for name in ("a.npy", "a.pt"):
        with pytest.raises(InvalidOption, match=r"npz|lacks"):
            read_golden(tmp_path / name, config)
