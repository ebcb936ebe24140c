"""The plan of a job: its tiles as GeoJSON, in pages."""
