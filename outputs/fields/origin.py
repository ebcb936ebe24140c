"""Where the lines of fields come from, as a JSON document beside them: order, models, archive, scenes, software."""

import hashlib
import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

from core.cube import SceneRecord
from core.version import software_version
from outputs.reports.write import write_text

MOST_FAILURES = 100
"""Failed reads that are listed; all are counted."""


@dataclass(kw_only=True)
class Reads:
    """What was read of an archive, summed up over groups of fields: each reads its scenes by itself."""

    masks: dict[str, str] = field(default_factory=dict)
    """What hid the clouds of each scene, by its id; empty = not known, or no optical scene."""
    count: int = 0
    """Reads: scenes times groups."""
    failed: int = 0
    failures: list[dict[str, str]] = field(default_factory=list)
    """The first MOST_FAILURES of them: `scene`, `time`, `reason`."""

    def add(self, scenes: Iterable[SceneRecord]) -> None:
        """Add the scenes of a group."""
        for scene in scenes:
            self.masks[scene.scene_id] = scene.mask or self.masks.get(scene.scene_id, "")
            self.count += 1
            if scene.failure:
                self.failed += 1
                self.failures.append({"scene": scene.scene_id, "time": scene.time, "reason": scene.failure})
        self.failures = self.failures[:MOST_FAILURES]

    def include(self, other: "Reads") -> None:
        """Add the reads of other groups."""
        self.masks = self.masks | other.masks
        self.count, self.failed = self.count + other.count, self.failed + other.failed
        self.failures = [*self.failures, *other.failures][:MOST_FAILURES]

    def as_records(self) -> list[SceneRecord]:
        """Return a record for each scene, with its mask."""
        return [SceneRecord(scene_id=scene, time="", mask=mask) for scene, mask in self.masks.items()]

    def to_json(self) -> dict[str, Any]:
        """Return members from which the same can be made."""
        return asdict(self)


@dataclass(frozen=True, kw_only=True)
class Origin:
    """Facts about one answer."""

    params: Mapping[str, Any]
    """The order with all defaults."""
    models: Sequence[Mapping[str, str]]
    """Of each product: `product`, `name`, `version`, `sha256`, `backend`."""
    archive: str
    attribution: str
    is_simulated: bool
    period: str
    """Days of the observations, `START/END`."""
    reads: Reads
    preparation: Mapping[str, Any]
    """How scenes were masked and filtered."""
    input: Sequence[str] = ()
    """What the archive was taken for, a line each."""

    def to_json(self) -> dict[str, Any]:
        """Return the document, without the files."""
        ids = sorted(self.reads.masks)
        return {
            "software": f"landcast {software_version()}",
            "order": dict(self.params),
            "models": [dict(m) for m in self.models],
            "archive": self.archive,
            "attribution": self.attribution,
            "simulated": self.is_simulated,
            "input": list(self.input),
            "period": self.period,
            "preparation": dict(self.preparation),
            "scenes": {"count": len(ids), "sha256": hashlib.sha256("\n".join(ids).encode()).hexdigest(), "ids": ids},
            "reads": self.reads.count,
            "failed_reads": self.reads.failed,
            "failures": self.reads.failures,
        }


def write_origin(origin: Origin, files: Sequence[Path], out: Path, **further: Any) -> None:
    """Write the document, completely or not at all, with size and sha256 of the files that it is about.

    Args:
        origin: the facts.
        files: finished.
        out: to write.
        further: members of this answer alone, such as its job.
    """
    listed = {path.name: {"size": path.stat().st_size, "sha256": _sha256(path)} for path in files}
    document = {**further, **origin.to_json(), "files": listed}
    write_text(out, json.dumps(document, indent=2, ensure_ascii=False, default=str) + "\n")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
