"""Settings: every knob, one class, read from the environment (`LANDCAST_...`). Built once at each entry point."""

from pathlib import Path
from typing import Literal

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
    archive_names: str = Field(
        default="",
        description="Further archives, separated by spaces, that orders over REST may name: presets "
        "(`earth-search`, `cdse`, ...) and URLs.",
    )
    archive_hosts: str = Field(
        default="",
        description="Hosts, separated by spaces, from which files of archives named by URL may be read besides the "
        "archive's own; `.example.com` stands for all hosts below it.",
    )
    cloud_mask: Literal["scene", "s2cloudless", "none"] = Field(
        default="scene",
        description="Clouds by the scene's own mask (SCL, `clear`, CLM), by `s2cloudless` (needs Level-1C), or none.",
    )
    cloud_classes: str = Field(
        default="0 1 3 8 9 10 11", description="SCL classes that are not clear, separated by spaces."
    )
    cloud_dilation_m: float = Field(
        default=20.0,
        ge=0,
        le=2000,
        description="Pixels so near to a masked cloud or shadow are masked as well, in metres.",
    )
    speckle_window: int = Field(
        default=0, ge=0, le=31, description="Edge of the Lee speckle filter in pixels, odd; 0 = no filter."
    )
    cell_size: int = Field(
        default=512, ge=64, le=2048, description="Edge in pixels of the blocks in which archives are read and kept."
    )
    cache_gb: float = Field(
        default=20.0, ge=0, description="Size of the cache of cubes in GB; what was used longest ago is removed first."
    )
    requests_per_second: float = Field(
        default=5.0, gt=0, description="Most requests to one host of an archive in a second, by one process."
    )
    tries: int = Field(default=4, ge=1, le=10, description="How often a failing read or search of an archive is tried.")
    sentinelhub_client_id: str = Field(default="", description="OAuth client of Sentinel Hub.")
    sentinelhub_client_secret: SecretStr | None = Field(default=None, description="Its secret.")
    sentinelhub_budget: float = Field(
        default=1000.0, ge=0, description="Most processing units that one process may spend on Sentinel Hub."
    )
    sentinelhub_url: str = Field(
        default="", description="Another deployment of Sentinel Hub than that of the archive's name; for tests."
    )
    sentinelhub_token_url: str = Field(default="", description="Where that deployment gives out tokens.")
    s3_endpoint: str = Field(default="", description="Object storage other than AWS: `https://host`; empty = AWS.")
    s3_access_key: str = Field(default="", description="Access key of object storage; empty = read without one.")
    s3_secret_key: SecretStr | None = Field(default=None, description="Its secret.")
    planetary_computer_key: SecretStr | None = Field(
        default=None, description="Subscription key of the Planetary Computer; empty = sign without one."
    )
    models: Path | None = Field(
        default=None,
        description="Folder with further models beside the shipped ones; empty = `models` in LANDCAST_HOME.",
    )
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
