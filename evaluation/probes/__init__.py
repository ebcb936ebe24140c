"""What embeddings are worth: labels read off them by a linear probe, and how far two embeddings agree."""
