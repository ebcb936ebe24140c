"""Bodies of answers of OGC API - Environmental Data Retrieval 1.1. No behaviour."""

from typing import Any

from pydantic import BaseModel, ConfigDict, Field

from service.schemas import Link


class EdrCollection(BaseModel):
    """A collection, or an instance of one: one finished result."""

    model_config = ConfigDict(extra="allow")

    id: str
    title: str
    description: str
    keywords: list[str]
    links: list[Link]
    extent: dict[str, Any] = Field(description="`spatial` in degrees, `temporal` as RFC 3339; without it, not known.")
    data_queries: dict[str, Any] = Field(description="What can be asked for, by the kind of the query.")
    crs: list[str] = Field(description="Values of `crs`.")
    output_formats: list[str] = Field(description="Values of `f`.")
    parameter_names: dict[str, Any] = Field(description="Values of `parameter-name`, with units or classes.")


class EdrCollections(BaseModel):
    """All collections."""

    collections: list[EdrCollection]
    links: list[Link]


class EdrInstances(BaseModel):
    """Instances of a collection, newest first."""

    instances: list[EdrCollection]
    links: list[Link]


class Coverage(BaseModel):
    """CoverageJSON: a Coverage, or a CoverageCollection where parameters have different times."""

    model_config = ConfigDict(extra="allow")

    type: str
