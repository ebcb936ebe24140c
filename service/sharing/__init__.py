"""Links to results for people without a key."""
