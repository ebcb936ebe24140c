"""Bodies of requests for statistics and of their answers. No behaviour."""

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field


class Feature(BaseModel):
    """A polygon; all that it carries comes back."""

    model_config = ConfigDict(extra="allow")

    type: Literal["Feature"]
    geometry: dict[str, Any] | None = Field(description="Polygon or MultiPolygon, WGS84 longitude/latitude.")
    properties: dict[str, Any] | None = None


class Features(BaseModel):
    """A FeatureCollection of polygons, WGS84."""

    model_config = ConfigDict(extra="allow")

    type: Literal["FeatureCollection"]
    features: list[Feature]


class Measured(BaseModel):
    """The features of the request, each with `properties.statistics`."""

    type: Literal["FeatureCollection"] = "FeatureCollection"
    job: str = Field(description="Whose map was measured.")
    simulated: bool = Field(description="True = no satellite has measured this.")
    features: list[Feature] = Field(
        description="`properties.statistics` has for each layer by name: `min`, `max`, `mean`, `std`, `median`, `p25`, "
        "`p75` (the smallest value that this share of the area does not exceed), each pixel counted with the share of "
        "it that lies in the polygon, null where nothing valid does; for classes `area_ha` and "
        "`share` by class in their place; `count` (pixels of values, with their shares) and "
        "`valid_share` (of the polygon's area, 0..1). `properties.reason` says why a feature cannot be measured."
    )
