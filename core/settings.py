"""Settings: every knob, one class, read from the environment (`LANDCAST_...`). Built once at each entry point."""

from pathlib import Path

from pydantic import Field, SecretStr
from pydantic_settings import BaseSettings, SettingsConfigDict


class Settings(BaseSettings):
    """All settings of landcast. Every field can be given as `LANDCAST_<NAME>`."""

    model_config = SettingsConfigDict(env_prefix="LANDCAST_", extra="forbid", frozen=True)

    home: Path = Field(default=Path(".landcast"), description="Folder for the sample archive, caches, jobs and ledger.")
    archive: str = Field(
        default="sample", description="Archive used when an order names none: `sample`, a path, or a URL."
    )
    archive_roots: str = Field(
        default="",
        description="Folders, separated by ':', below which orders over REST may name archives by path; "
        "empty = only `sample` and the archive set by LANDCAST_ARCHIVE.",
    )
    models: Path | None = Field(default=None, description="Folder with further models beside the shipped ones.")
    tile_size: int = Field(default=128, ge=16, le=4096, description="Edge of a tile in pixels.")
    redis_url: SecretStr | None = Field(
        default=None, description="Redis to use; empty = a private one is started on a unix socket."
    )
    database_url: SecretStr | None = Field(
        default=None, description="SQLAlchemy URL of the ledger; empty = SQLite in LANDCAST_HOME."
    )
    host: str = Field(default="127.0.0.1", description="Address that the service listens on.")
    port: int = Field(default=0, ge=0, le=65535, description="Port that the service listens on; 0 = a free one.")
    public_url: str = Field(
        default="", description="URL under which users reach the service, for links behind a proxy."
    )
    lease_seconds: float = Field(
        default=60.0, gt=0, description="A tile whose worker has not been heard of for so long is given to another."
    )
    max_attempts: int = Field(default=3, ge=1, description="How often a tile is tried before its job fails.")
    max_tiles: int = Field(default=4096, ge=1, description="Largest job, in tiles.")
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")
