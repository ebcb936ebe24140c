"""Body of the answer about tiles. No behaviour."""

from typing import Literal

from pydantic import BaseModel, Field


class TileJson(BaseModel):
    """TileJSON 3.0.0 of one layer."""

    tilejson: Literal["3.0.0"] = "3.0.0"
    name: str
    attribution: str = Field(description="Licence and credit of the observations.")
    scheme: Literal["xyz"] = "xyz"
    tiles: list[str] = Field(description="One template of a URL, with {z}, {x}, {y}.")
    bounds: list[float] = Field(min_length=4, max_length=4, description="West, south, east, north, WGS84 degrees.")
    center: list[float] = Field(min_length=3, max_length=3, description="Longitude, latitude, zoom to begin with.")
    minzoom: int
    maxzoom: int = Field(description="Pixels of tiles are as large as those of the map; beyond it nothing is gained.")
