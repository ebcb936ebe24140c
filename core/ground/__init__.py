"""Ground: how large the pixels of a CRS are on the earth."""
