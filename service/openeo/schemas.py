"""Bodies of requests and answers of openEO 1.2. No behaviour."""

from typing import Any, Self

from pydantic import BaseModel, ConfigDict, Field


class OpenEoDocument(BaseModel):
    """A document as openEO 1.2 defines it."""

    model_config = ConfigDict(extra="allow")

    @classmethod
    def of(cls, **members: Any) -> Self:
        """Return a document of these members."""
        return cls.model_validate(members)


class OpenEoProcess(BaseModel):
    """A process with its graph."""

    model_config = ConfigDict(extra="allow")

    process_graph: dict[str, Any]


class OpenEoJob(BaseModel):
    """A job to be created."""

    model_config = ConfigDict(extra="forbid")

    process: dict[str, Any] = Field(description="With its `process_graph`.")
    title: str | None = Field(default=None, max_length=80)
    description: str | None = Field(default=None, max_length=2000)
    plan: None = Field(default=None, description="There are no plans.")
    budget: None = Field(default=None, description="Nothing is charged.")
    log_level: str | None = Field(default=None, description="Changes nothing.", max_length=20)
