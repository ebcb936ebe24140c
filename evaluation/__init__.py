"""How good forecasts, maps and embeddings are."""
