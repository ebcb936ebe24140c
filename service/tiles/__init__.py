"""Maps of finished jobs for web and desktop maps: XYZ tiles, TileJSON, WMTS."""
