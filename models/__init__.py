"""EarthPT and its heads: network, tokens, checkpoints, training, export, and the fast path. Knows nothing of archives."""
