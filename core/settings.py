"""Settings: every knob, nested by concern, read from the environment. Built once at each entry point, passed down."""

from functools import cache
from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field, SecretStr, field_validator
from pydantic_settings import BaseSettings

from core.checkpoint import Device, Precision
from core.groups.access import AccessSettings, OidcSettings, QuotaSettings
from core.groups.config import CONFIG, PREFIX
from core.groups.queues import WorkerSettings
from core.groups.webhooks import WebhookSettings

LOG_LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")


class ArchiveSettings(BaseSettings):
    """The archives, and how they are read."""

    model_config = CONFIG

    default: str = Field(
        validation_alias="LANDCAST_ARCHIVE",
        default="sample",
        description="Archive used when an order names none: `sample`, a path, or a URL.",
    )
    roots: str = Field(
        validation_alias="LANDCAST_ARCHIVE_ROOTS",
        default="",
        description="Folders, separated by ':', below which orders over REST may name archives by path; "
        "empty = only `sample` and the archive set by LANDCAST_ARCHIVE.",
    )
    names: str = Field(
        validation_alias="LANDCAST_ARCHIVE_NAMES",
        default="",
        description="Further archives, separated by spaces, that orders over REST may name: presets "
        "(`earth-search`, `cdse`, ...) and URLs.",
    )
    hosts: str = Field(
        validation_alias="LANDCAST_ARCHIVE_HOSTS",
        default="",
        description="Hosts, separated by spaces, from which files of archives named by URL may be read besides the "
        "archive's own; `.example.com` stands for all hosts below it.",
    )
    requests_per_second: float = Field(
        default=5.0, gt=0, description="Most requests to one host of an archive in a second, by one process."
    )
    tries: int = Field(default=4, ge=1, le=10, description="How often a failing read or search of an archive is tried.")
    planetary_computer_key: SecretStr | None = Field(
        default=None, description="Subscription key of the Planetary Computer; empty = sign without one."
    )


class SentinelHubSettings(BaseSettings):
    """The account of Sentinel Hub."""

    model_config = CONFIG

    client_id: str = Field(
        validation_alias="LANDCAST_SENTINELHUB_CLIENT_ID", default="", description="OAuth client of Sentinel Hub."
    )
    client_secret: SecretStr | None = Field(
        validation_alias="LANDCAST_SENTINELHUB_CLIENT_SECRET", default=None, description="Its secret."
    )
    budget: float = Field(
        validation_alias="LANDCAST_SENTINELHUB_BUDGET",
        default=1000.0,
        ge=0,
        description="Most processing units that one process may spend on Sentinel Hub.",
    )
    url: str = Field(
        validation_alias="LANDCAST_SENTINELHUB_URL",
        default="",
        description="Another deployment of Sentinel Hub than that of the archive's name; for tests.",
    )
    token_url: str = Field(
        validation_alias="LANDCAST_SENTINELHUB_TOKEN_URL",
        default="",
        description="Where that deployment gives out tokens.",
    )


class ObjectStorageSettings(BaseSettings):
    """Object storage."""

    model_config = CONFIG

    endpoint: str = Field(
        validation_alias="LANDCAST_S3_ENDPOINT",
        default="",
        description="Object storage other than AWS: `https://host`; empty = AWS.",
    )
    access_key: str = Field(
        validation_alias="LANDCAST_S3_ACCESS_KEY",
        default="",
        description="Access key of object storage; empty = read without one.",
    )
    secret_key: SecretStr | None = Field(
        validation_alias="LANDCAST_S3_SECRET_KEY", default=None, description="Its secret."
    )


class PreparationSettings(BaseSettings):
    """How scenes are masked and filtered."""

    model_config = CONFIG

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


class CacheSettings(BaseSettings):
    """In which blocks archives are read, and how much of them is kept."""

    model_config = CONFIG

    block_size: int = Field(
        validation_alias="LANDCAST_CELL_SIZE",
        default=512,
        ge=64,
        le=2048,
        description="Edge in pixels of the blocks in which archives are read and kept.",
    )
    size_gb: float = Field(
        validation_alias="LANDCAST_CACHE_GB",
        default=20.0,
        ge=0,
        description="Size of the cache of cubes in GB; what was used longest ago is removed first.",
    )

    store_gb: float = Field(
        validation_alias="LANDCAST_STORE_CACHE_GB",
        default=10.0,
        ge=0,
        description="Size of the local copies of results of a store on object storage in GB; what was used longest ago "
        "is removed first.",
    )


class JobSettings(BaseSettings):
    """How jobs are cut into tiles, queued and tried again."""

    model_config = CONFIG

    tile_size: int = Field(default=128, ge=16, le=4096, description="Edge of a tile in pixels.")
    max_tiles: int = Field(
        default=8192, ge=1, description="Largest job, in tiles; a map sheet of 100 km has 6,241 of 128 pixels."
    )
    max_attempts: int = Field(default=3, ge=1, description="How often a tile is tried before it is given up.")
    lease_seconds: float = Field(
        default=60.0,
        gt=0,
        description="A tile goes to another worker after so many seconds without a sign of life from its own.",
    )
    watch_minutes: float = Field(
        default=60.0,
        gt=0,
        description="Minutes between two looks for new scenes of a standing order.",
    )
    redis_url: SecretStr | None = Field(
        default=None, description="Redis to use; empty = a private one is started on a unix socket."
    )
    database_url: SecretStr | None = Field(
        default=None, description="SQLAlchemy URL of the ledger; empty = SQLite in LANDCAST_HOME."
    )


class HttpSettings(BaseSettings):
    """Where the service listens."""

    model_config = CONFIG

    host: str = Field(default="127.0.0.1", description="Address that the service listens on.")
    port: int = Field(default=0, ge=0, le=65535, description="Port that the service listens on; 0 = a free one.")
    max_connections: int = Field(
        default=512,
        ge=4,
        description="Most connections of clients at a time; fewer where file descriptors (`ulimit -n`) are few.",
    )
    idle_seconds: float = Field(
        default=15.0,
        gt=0,
        description="A connection whose client sends nothing for so many seconds is closed.",
    )
    public_url: str = Field(
        default="", description="URL under which users reach the service, for links behind a proxy."
    )
    hosts: str = Field(
        default="",
        description="Further host names, separated by spaces, under which a service on 127.0.0.1 is used; others are "
        "refused.",
    )
    cors_origins: str = Field(
        default="",
        description="Web sites whose pages may use the service from browsers (CORS), as `https://maps.example.org`, "
        "separated by spaces; `*` = all may read; empty = none.",
    )
    base_map: str = Field(
        default="",
        pattern=r"""^$|^https?://(\{s\}\.)?[\w.-]+(:\d+)?/[^\s"'<>]*\{z\}[^\s"'<>]*\{[xy]\}[^\s"'<>]*\{[xy]\}[^\s"'<>]*$""",
        description="Web map tiles below the results on the map page, `https://HOST/{z}/{x}/{y}.png`; empty = none.",
    )
    base_map_attribution: str = Field(default="", description="Credit of these tiles, shown on the map.")


class Settings(BaseSettings):
    """All settings. A variable of the environment is a field's alias, or `LANDCAST_` and its name."""

    model_config = CONFIG

    home: Path = Field(default=Path(".landcast"), description="Folder for the sample archive, caches, jobs and ledger.")
    models: Path | None = Field(
        default=None,
        description="Folder with further models beside the shipped ones; empty = `models` in LANDCAST_HOME.",
    )
    store: str = Field(
        default="",
        description="Where tiles and results lie: a folder, or `s3://bucket/prefix`, which machines may share; "
        "empty = in LANDCAST_HOME.",
    )
    log_level: str = Field(default="INFO", description="DEBUG, INFO, WARNING or ERROR.")
    log: Literal["plain", "json"] = Field(
        default="plain",
        description="Form of log lines: `plain`, or `json` = one JSON object a line, for programs that collect logs.",
    )
    device: Device = Field(
        default="auto",
        description="Where networks run: `cpu`, `cuda`, or `auto` = on a CUDA card where torch sees one, else on the "
        "CPU.",
    )
    precision: Precision = Field(
        default="float32",
        description="Of networks on a CUDA card: `float32`, or `bfloat16`, which is faster; a CPU computes in float32.",
    )
    archives: ArchiveSettings = Field(
        default_factory=ArchiveSettings, description="The archives, and how they are read."
    )
    sentinel_hub: SentinelHubSettings = Field(
        default_factory=SentinelHubSettings, description="The account of Sentinel Hub."
    )
    s3: ObjectStorageSettings = Field(default_factory=ObjectStorageSettings, description="Object storage.")
    preparation: PreparationSettings = Field(
        default_factory=PreparationSettings, description="How scenes are masked and filtered."
    )
    cache: CacheSettings = Field(
        default_factory=CacheSettings, description="In which blocks archives are read, and how much of them is kept."
    )
    jobs: JobSettings = Field(
        default_factory=JobSettings, description="How jobs are cut into tiles, queued and tried again."
    )
    workers: WorkerSettings = Field(default_factory=WorkerSettings, description="What workers of this machine do.")
    http: HttpSettings = Field(default_factory=HttpSettings, description="Where the service listens.")
    access: AccessSettings = Field(default_factory=AccessSettings, description="Who may use the service.")
    oidc: OidcSettings = Field(
        default_factory=OidcSettings, description="Bearer tokens of an OpenID Connect issuer, besides keys."
    )
    quotas: QuotaSettings = Field(default_factory=QuotaSettings, description="What each key and party may use.")
    webhooks: WebhookSettings = Field(default_factory=WebhookSettings, description="Who may be told of jobs.")

    @field_validator("store")
    @classmethod
    def _known_store(cls, value: str) -> str:
        bucket, _, _ = value.removeprefix("s3://").partition("/")
        if "://" in value and not (value.startswith("s3://") and bucket and not set("@?#:") & set(value[5:])):
            raise ValueError("it is neither a folder nor s3://bucket/prefix; keys are read from the AWS_ variables")
        return value

    @field_validator("log_level")
    @classmethod
    def _known_level(cls, value: str) -> str:
        if value.upper() not in LOG_LEVELS:
            raise ValueError(f"it is not one of {', '.join(LOG_LEVELS)}")
        return value

    def __init__(self, **values: Any) -> None:
        """Read the environment; values by their variable's name (`tile_size` for LANDCAST_TILE_SIZE) go before it."""
        nested: dict[str, dict[str, Any]] = {name: {} for name in groups()}
        for name in [n for n in values if n in variables()]:
            group, field = variables()[name]
            nested[group][field] = values.pop(name)
        built: dict[str, Any] = {name: groups()[name](**given) for name, given in nested.items() if name not in values}
        super().__init__(**built, **values)

    def but(self, **changes: Any) -> Self:
        """Return the settings with other values, by the names of their variables."""
        return type(self)(**(self.flat() | changes))

    def model_copy(self, *, update: Any = None, deep: bool = False) -> Self:
        """Refuse pydantic's own copy: it takes values by names that are no fields, and nobody reads them."""
        raise TypeError("use `but` to change settings")

    def flat(self) -> dict[str, Any]:
        """Return all values by the names of their variables, in lower case without the prefix."""
        nested = {name: getattr(getattr(self, group), field) for name, (group, field) in variables().items()}
        return {name: getattr(self, name) for name in type(self).model_fields if name not in groups()} | nested


@cache
def groups() -> dict[str, type[BaseSettings]]:
    """Return the classes of the nested groups by their names."""
    found = {name: field.annotation for name, field in Settings.model_fields.items()}
    return {name: kind for name, kind in found.items() if isinstance(kind, type) and issubclass(kind, BaseSettings)}


@cache
def variables() -> dict[str, tuple[str, str]]:
    """Return group and field of each nested setting, by the name of its variable in lower case without the prefix."""
    return {
        str(field.validation_alias or name).lower().removeprefix(PREFIX.lower()): (group, name)
        for group, kind in groups().items()
        for name, field in kind.model_fields.items()
    }


def described() -> dict[str, Any]:
    """Return the pydantic field of every setting by its variable of the environment, for the docs and their test."""
    own = {name: field for name, field in Settings.model_fields.items() if name not in groups()}
    nested = {name: groups()[group].model_fields[field] for name, (group, field) in variables().items()}
    return {f"{PREFIX}{name.upper()}": field for name, field in (own | nested).items()}
