"""STAC API over the finished results."""
