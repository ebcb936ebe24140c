"""Several archives in order of preference, as one. `ingest.build.read_block` chooses one for each block."""

import hashlib
from collections.abc import Sequence

from shapely.geometry.base import BaseGeometry
from shapely.ops import unary_union

from core.bands import CHANNELS
from core.errors import ArchiveUnavailable, ReadFailed
from core.grid import Grid, Window
from core.region import Region
from core.source import InputSummary
from core.timeline import Period
from ingest.archive import Abilities, Archive, Reading, Scene


class PreferredArchives:
    """Archives in order of preference. Implements `ingest.archive.Archive` on the lattice of the first."""

    def __init__(self, archives: Sequence[Archive]) -> None:
        self.archives = tuple(archives)
        self.name = ",".join(a.name for a in archives)
        self.title = f"{archives[0].title}; in its place {', '.join(a.title for a in archives[1:])}"
        self.attribution = "; ".join(dict.fromkeys(a.attribution for a in archives))
        self.is_simulated = any(a.is_simulated for a in archives)
        self.period = Period(start=min(a.period.start for a in archives), end=max(a.period.end for a in archives))
        self.bands = tuple(b for b in CHANNELS if any(b in a.bands for a in archives))
        self.footprint: BaseGeometry = unary_union([a.footprint for a in archives])
        self.fingerprint = hashlib.sha256(" ".join(a.fingerprint for a in archives).encode()).hexdigest()
        self.is_cached = any(a.is_cached for a in archives)
        self.abilities: Abilities = archives[0].abilities
        self.summary = _joined(self.name, archives)

    def grid(self, region: Region) -> Grid:
        """Return the lattice of the first archive."""
        return self.archives[0].grid(region)

    def search(self, window: Window, period: Period) -> list[Scene]:
        """List the scenes of the first archive that answers.

        Raises:
            ArchiveUnavailable: none does.
        """
        reasons = []
        for archive in self.archives:
            try:
                return archive.search(window, period)
            except ArchiveUnavailable as error:
                reasons.append(error)
        raise reasons[0]

    def read(self, scene: Scene, window: Window, bands: tuple[str, ...]) -> Reading:
        """Read a scene from the first archive that lists it.

        Raises:
            ReadFailed: none does, or its pixels cannot be read.
        """
        day = scene.time.date()
        for archive in self.archives:
            known = {s.scene_id for s in archive.search(window, Period(start=day, end=day))}
            if scene.scene_id in known:
                return archive.read(scene, window, bands)
        raise ReadFailed(scene.scene_id, "it belongs to another archive")


def _joined(name: str, archives: Sequence[Archive]) -> InputSummary | None:
    """Return the summaries of those archives that have one as one, each line with the name of its archive."""
    found = [a.summary for a in archives if a.summary]
    if not found:
        return None
    return InputSummary(
        name=name,
        layout=f"{len(archives)} archives in order of preference",
        taken=tuple(f"{s.name}: {text}" for s in found for text in (s.layout, *s.taken)),
        remarks=tuple(f"{s.name}: {remark}" for s in found for remark in s.remarks),
    )


def choices(archive: Archive) -> tuple[Archive, ...]:
    """Return the archives to try, in order; of one archive, itself."""
    return archive.archives if isinstance(archive, PreferredArchives) else (archive,)
