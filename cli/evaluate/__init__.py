"""`landcast evaluate`: how good models, forecasts, maps and embeddings are."""
