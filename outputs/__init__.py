"""What leaves the house: COG, cube files, STAC items, provenance, pictures."""
