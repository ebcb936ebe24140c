"""What is left of an archive once a tile has been read: enough to render it where the archive cannot be reached."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from typing import Any, cast

from core.timeline import Period, parse_period
from ingest.archive import Archive
from workers.dependencies import Dependencies


@dataclass(frozen=True, kw_only=True)
class ReadArchive:
    """An archive whose pixels of one tile lie in a stored cube. It can be asked for nothing else."""

    name: str
    bands: tuple[str, ...]
    period: Period
    facts: Mapping[str, Any]
    """What a tile's name says of its archive and scenes; see `workers.tile.Recipe.key`."""

    def to_json(self) -> dict[str, Any]:
        """Return what `of_json` reads."""
        return asdict(self) | {"period": str(self.period)}

    @classmethod
    def of_json(cls, document: Mapping[str, Any]) -> "ReadArchive":
        """Return the archive that a stored cube describes."""
        return cls(
            name=document["name"],
            bands=tuple(document["bands"]),
            period=parse_period(document["period"]),
            facts=document["facts"],
        )


def without_archive(dependencies: Dependencies, read: ReadArchive) -> Dependencies:
    """Return dependencies that open this archive, whatever an order names: no file and no address is opened."""
    found = cast(Archive, read)  # recipes for rendering take no more of it than it has
    return replace(dependencies, open_archive=lambda _spec, _settings: found)
