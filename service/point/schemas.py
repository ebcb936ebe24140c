"""Bodies of answers about one pixel. No behaviour."""

from pydantic import BaseModel, Field


class PointValue(BaseModel):
    """One layer of a pixel."""

    name: str = Field(description="Name of the layer.")
    description: str
    variable: str = Field(description="What the number is: `class`, `probability`, `NDVI`, `climatology`, ...")
    date: str | None = Field(default=None, description="That the number describes; absent if it is of the period.")
    quantile: float | None = Field(default=None, description="Share of outcomes below, 0..1, of a forecast.")
    class_name: str | None = Field(default=None, description="Class whose probability it is.")
    unit: str
    value: float | None = Field(description="null = not seen, or outside the region.")
    label: str | None = Field(default=None, description="Meaning of a class.")
    colour: str | None = Field(default=None, description="CSS colour of a class, #rrggbb.")


class Point(BaseModel):
    """One pixel of a result."""

    lon: float = Field(description="Of the middle of the pixel, WGS84 degrees.")
    lat: float
    row: int = Field(description="In the raster, from the north, counted from 0.")
    column: int
    is_seen: bool = Field(description="Whether the pixel lies in the region and has a clear observation.")
    issue_date: str | None = Field(
        default=None, description="Of a forecast: observations from this day on were not used."
    )
    values: list[PointValue] = Field(description="In the order of the layers.")


class Observation(BaseModel):
    """NDVI of one date."""

    date: str
    ndvi: float


class PointHistory(BaseModel):
    """Clear observations of one pixel in the period of a job."""

    lon: float = Field(description="Of the middle of the pixel, WGS84 degrees.")
    lat: float
    period: str = Field(description="Days that were read, `START/END`.")
    dates: int = Field(description="Dates that the archive has of the pixel, clear or not.")
    observations: list[Observation] = Field(description="Clear ones, oldest first.")
    usual: list[Observation] = Field(
        default_factory=list,
        description="Of a forecast: NDVI of the seasonal cycle on its target dates, from what was seen before its "
        "issue date; empty of other results.",
    )
