"""What all groups of settings share: the prefix of their variables, and how they are read. No setting."""

from pydantic_settings import SettingsConfigDict

PREFIX = "LANDCAST_"
CONFIG = SettingsConfigDict(env_prefix=PREFIX, extra="forbid", frozen=True, populate_by_name=True)
