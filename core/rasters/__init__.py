"""How rasters are stored. No files are opened here."""
