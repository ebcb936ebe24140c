"""Bodies of requests for share links and of their answers. No behaviour."""

from pydantic import BaseModel, ConfigDict, Field

from service.schemas import Link

DAY_S = 86_400
MAX_S = 30 * DAY_S


class ShareRequest(BaseModel):
    """How long a share link is to hold."""

    model_config = ConfigDict(extra="forbid")

    seconds: int = Field(default=DAY_S, ge=60, le=MAX_S, description="Seconds from now on; a day by default.")


class Share(BaseModel):
    """Links that open the files and pictures of one job without a key, until they expire."""

    expires: str = Field(description="ISO 8601 UTC.")
    query: str = Field(description="What to add to the query of another file or picture of the same job.")
    links: list[Link]
