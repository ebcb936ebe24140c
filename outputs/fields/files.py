"""The files of a finished job of fields, by the names of its outputs. Other endings of the command line: write.py."""

from collections.abc import Sequence

PROVENANCE = "provenance"
FILES = {
    "csv": "fields.csv",
    "geoparquet": "fields.parquet",
    "geojson": "fields.geojson",
    "geopackage": "fields.gpkg",
    "report": "fields.html",
    PROVENANCE: "fields_provenance.json",
}
"""File name by output."""


def tables(outputs: Sequence[str]) -> list[str]:
    """Return the names of the files with lines that an order wants, all if it names no outputs; provenance apart."""
    return [name for output, name in FILES.items() if output != PROVENANCE and (not outputs or output in outputs)]
