"""STAC: APIs and folders, their items, assets and scenes."""
