"""Scenes of an archive to one cube per tile, with a cache in between."""
