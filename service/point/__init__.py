"""One pixel of a finished result: all its layers, and its clear observations."""
