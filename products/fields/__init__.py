"""Fields: the pixels that count, their means as one series, and the lines of the result."""
