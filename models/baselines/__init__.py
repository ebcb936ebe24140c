"""Simple forecasting rules, their errors, and blends with them."""
