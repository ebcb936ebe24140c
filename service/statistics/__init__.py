"""Statistics of a finished map over polygons: of each layer by exact coverage, areas and shares of classes."""
