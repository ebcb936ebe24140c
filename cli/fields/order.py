"""`landcast order fields FIELDS`: the fields of a file as a job of a running service. On this machine: command.py."""

from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from shapely import get_coordinates
from shapely.geometry import mapping
from shapely.geometry.base import BaseGeometry

from cli.read_as import parse_crs
from client import Client, Job
from core.errors import InvalidOption
from core.job import FIELDS
from core.source import ReadAs
from ingest.field_file import FieldFile, read_fields
from products.fields.columns import COLUMNS

FieldsFile = Annotated[
    Path | None,
    typer.Argument(
        metavar="FIELDS", help=f"File with the polygons, where PRODUCT is {FIELDS}: .geojson, .gpkg, .parquet, .shp."
    ),
]
Id = Annotated[str | None, typer.Option("--id", metavar="COLUMN", help=f"({FIELDS}) Column that names the fields.")]
Products = Annotated[
    str | None,
    typer.Option("--products", metavar="NAME,...", help=f"({FIELDS}) Of ndvi-forecast, crop, canopy; default: all."),
]
Layer = Annotated[str | None, typer.Option("--layer", metavar="NAME", help=f"({FIELDS}) Layer of a file with several.")]
OWN = {"fields_file": "FIELDS", "id": "--id", "layer": "--layer", "products": "--products"}
"""Values of the command that orders of fields alone have, as the user writes them."""


def check_own(values: Mapping[str, Any]) -> None:
    """Refuse what only the other kind of order has.

    Raises:
        InvalidOption: names it.
    """
    if values["product"] != FIELDS:
        for name, shown in OWN.items():
            if values[name] is not None:
                raise InvalidOption(shown, values[name], f"only orders of {FIELDS} have it; maps have --region")
    elif values["region"] is not None:
        raise InvalidOption("--region", values["region"], f"write landcast order {FIELDS} FILE")


def order_fields(client: Client, inputs: Mapping[str, Any], values: Mapping[str, Any]) -> Job:
    """Order the fields of a file; what is wrong with the file is said before anything is sent."""
    collection, own = _sent(inputs, values)
    return client.order_fields(collection, **own)


def estimate_fields(client: Client, inputs: Mapping[str, Any], values: Mapping[str, Any]) -> dict[str, Any]:
    """Return what such an order would cost."""
    collection, own = _sent(inputs, values)
    return client.estimate_fields(collection, **own)


def features_of(found: FieldFile) -> dict[str, Any]:
    """Return fields as a GeoJSON FeatureCollection with ids and names, without the other columns of the file."""
    features = [
        {
            "type": "Feature",
            "properties": {**({"name": f.name} if f.name else {}), found.id_column: f.id},
            "geometry": _geojson(f.geometry),
        }
        for f in found.fields
    ]
    return {"type": "FeatureCollection", "features": features}


def _sent(inputs: Mapping[str, Any], values: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the collection and the other inputs."""
    path = values["fields_file"]
    if path is None:
        raise InvalidOption("FIELDS", "", f"name the file with the polygons: landcast order {FIELDS} FILE")
    stated = ReadAs(crs=parse_crs(values["crs"]))
    named = {"id_column": values["id"] or "", "layer": values["layer"] or ""}
    found = read_fields(path, taken=COLUMNS, read_as=stated, **named)
    products = {} if values["products"] is None else {"products": values["products"].split(",")}
    return features_of(found), {**inputs, **products, "id": found.id_column}


def _geojson(geometry: BaseGeometry | None) -> dict[str, Any] | None:
    """Return a polygon; None where there is none, or one without finite coordinates, which JSON does not know."""
    return None if geometry is None or not np.isfinite(get_coordinates(geometry)).all() else dict(mapping(geometry))
