"""The nouns of landcast: regions, grids, timelines, bands, cubes, products, jobs, errors, settings. No I/O."""
