"""Rasters: folders without a catalogue, read by the names of files; and the pixels of any item."""
