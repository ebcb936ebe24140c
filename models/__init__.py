"""EarthPT and its heads: network, tokens, checkpoints, training, export, the fast path. Knows nothing of archives."""
