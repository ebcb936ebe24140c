"""What trees read in NumPy is what they read in torch."""

import numpy as np
import torch

from models.network.class_features import CLASS_FEATURES
from models.network.class_network import tree_inputs
from models.network.tree_inputs import ABSENT, ALONE, KINDS, LONG, SHORT, kind_of, marked
from tests.models.inference.inputs import queries_of


def test_inputs_are_those_of_the_network() -> None:
    queries = queries_of(30)
    kinds = kind_of(queries)
    assert set(kinds) == set(KINDS)
    assert kinds[:3].tolist() == [LONG, SHORT, ALONE]
    expected = tree_inputs(torch.from_numpy(queries)).numpy()
    np.testing.assert_array_equal(marked(queries).T, expected[:, : 2 * CLASS_FEATURES])
    np.testing.assert_array_equal(np.eye(len(KINDS))[kinds], expected[:, 2 * CLASS_FEATURES :])
    assert {-ABSENT, ABSENT} <= set(marked(queries).ravel().tolist())
