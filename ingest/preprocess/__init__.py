"""Readings to physical values with clouds, offsets and speckle dealt with. Opens no files."""
