"""Standing orders over REST, the thread that looks after them, and the series of their results."""
