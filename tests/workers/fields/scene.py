"""A cube with its fields, and their order: 40 x 30 pixels, eighty dates. Simulated: no satellite has measured them."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pandas as pd
from shapely.geometry.base import BaseGeometry

from core.region import WGS84, Field, reproject
from core.settings import Settings
from ingest.source import open_cube
from tests.cli.cubes import write_cube
from workers.fields.answer import answer
from workers.fields.order import FieldOrder, bands_of, resolve
from workers.fields.source import CubeFields

CRS = "EPSG:32633"
SHAPE_YX = (30, 40)


def in_degrees(shape: BaseGeometry) -> BaseGeometry:
    return reproject(shape, CRS, WGS84)


def fields(*shapes: BaseGeometry) -> list[Field]:
    """Fields numbered from 1."""
    return [Field(id=n, geometry=in_degrees(s)) for n, s in enumerate(shapes, start=1)]


def open_scene(folder: Path, *, clear: float = 0.7, dates: int = 80) -> CubeFields:
    path = write_cube(folder / "scene.nc", shape_yx=SHAPE_YX, clear=clear, dates=dates)
    return CubeFields(open_cube(path, bands_of(("ndvi-forecast", "crop", "canopy")), Settings()))


def order_of(source: CubeFields, names: Sequence[str] = ("ndvi-forecast",), **inputs: Any) -> FieldOrder:
    return resolve(
        names, inputs, Settings(), available=source.period, shown=source.bands, source=source.name
    )  # fmt: skip


def answered(
    source: CubeFields, given: Sequence[Field], names: Sequence[str] = ("ndvi-forecast",), **inputs: Any
) -> pd.DataFrame:
    return answer(given, order_of(source, names, **inputs), source, "id", lambda _: None)
