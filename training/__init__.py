"""Training and fine-tuning, data sets, runs and user models."""
