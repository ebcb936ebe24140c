"""A shipped class network as the start of a further training, whatever the width of queries when it was made."""

from dataclasses import replace

import torch

from models.earthpt import EarthPT
from models.queries import QUERY_FEATURES, TERRAIN

QUERY_WEIGHT = "query.inner.weight"
"""(4 D, G): what the network makes of each query feature."""


def fitting_trunk(network: EarthPT) -> EarthPT:
    """Return a network that reads queries of today's width and says the same of maps as before.

    Queries of maps hold time first, terrain last, and zeros between (models/queries.py): weights of new features
    between them are zero.

    Args:
        network: of any width of queries up to today's.
    """
    width = network.config.query_features
    if width == QUERY_FEATURES:
        return network
    wider = EarthPT(replace(network.config, query_features=QUERY_FEATURES, members=0))
    state = dict(network.state_dict())
    old = state[QUERY_WEIGHT]
    new = torch.zeros(old.shape[0], QUERY_FEATURES)
    new[:, : width - TERRAIN], new[:, -TERRAIN:] = old[:, : width - TERRAIN], old[:, -TERRAIN:]
    state[QUERY_WEIGHT] = new
    kept = {name: tensor for name, tensor in state.items() if not name.startswith("to_quantiles")}
    wider.load_state_dict(kept, strict=False)
    return wider.eval()
