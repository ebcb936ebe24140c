"""Where a result comes from, as every output states it: product, model, software, archive, scenes, what is missing."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from core.checkpoint import Checkpoint
from core.cube import SceneRecord, preparation_done
from core.job import Gap
from core.options import Options
from core.product import Product
from core.source import InputSummary
from core.version import software_version
from products.evidence import MapEvidence

MAX_NOTES = 100
"""Notes in a file and in an item; the log has all."""
MAX_LINES, MAX_LINE = 50, 1000
"""Lines on the input in a file and in an item, and characters of a line."""
SIMULATED = "Simulated data: no satellite has measured this."


@dataclass(frozen=True, kw_only=True)
class Failure:
    """One read that did not succeed."""

    scene_id: str
    time: str
    tile: str
    """Key of the tile, or name of the file."""
    reason: str


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """Facts about one result; without the time when it was made and the job id: the same order gives the same file."""

    product: str
    title: str
    model: str
    model_sha256: str
    version: str
    """Of the software."""
    archive: str
    attribution: str
    is_simulated: bool
    params: Mapping[str, Any]
    """Inputs of the order with defaults filled in; `period` among them."""
    scenes: tuple[str, ...]
    """Ids of all scenes that the archive listed, sorted."""
    reads: int
    """Scenes times tiles that had to be read."""
    failures: tuple[Failure, ...]
    model_version: str = ""
    """Version on the model's card; empty if it has none."""
    backends: tuple[str, ...] = ()
    """What ran the network: runtime, device and precision; more than one where workers differ, none without a model."""
    archives: tuple[str, ...] = ()
    """Archives that listed the scenes: more than one where another replaced the first."""
    notes: tuple[str, ...] = ()
    """Remarks on the scenes that were read, each sentence once."""
    preparation: Mapping[str, Any] = field(default_factory=dict)
    """How scenes were masked and filtered, with the mask that was used."""
    input: tuple[str, ...] = ()
    """What the input was taken for, a line each; empty for an archive that states everything."""
    areas: Mapping[str, Any] = field(default_factory=dict)
    """Table of `products.areas.area_table`; empty for products without one."""
    evidence: Mapping[str, Any] = field(default_factory=dict)
    """What a class map rests on, as `MapEvidence.to_json`; empty for other products."""

    gaps: tuple[Gap, ...] = ()
    """Parts of the region that could not be made."""

    def with_gaps(self, gaps: tuple[Gap, ...]) -> "Provenance":
        """Return the facts with what is missing."""
        return replace(self, gaps=gaps)

    def with_input(self, summary: InputSummary | None) -> "Provenance":
        """Return the facts with what the input was taken for; its remarks are notes as well."""
        if summary is None:
            return self
        notes = tuple(dict.fromkeys((*summary.remarks, *self.notes)))
        return replace(self, input=summary.lines(), notes=notes)

    def with_cautions(self, cautions: Sequence[str], evidence: MapEvidence | None) -> "Provenance":
        """Return the facts with what a map rests on, and with notes that a reader should see before all others."""
        notes = tuple(dict.fromkeys((*cautions, *self.notes)))
        return replace(self, notes=notes, evidence={} if evidence is None else evidence.to_json())

    @property
    def completeness(self) -> float:
        """Share of the listed reads that succeeded, 0..1; 1 where nothing was listed."""
        return 1.0 if self.reads == 0 else 1.0 - len(self.failures) / self.reads

    @property
    def applicability(self) -> dict[str, Any]:
        """Share of the pixels outside the model's area of applicability, and its limit; empty if not ordered."""
        return dict(self.areas.get("applicability", {}))

    @property
    def decline(self) -> dict[str, Any]:
        """Hectares and share of canopy in decline; empty if not ordered."""
        return dict(self.areas.get("decline", {}))

    @property
    def scenes_sha256(self) -> str:
        """Digest of the sorted scene ids."""
        return hashlib.sha256("\n".join(self.scenes).encode()).hexdigest()

    def input_lines(self) -> tuple[str, ...]:
        """Return the lines on the input that a file has room for."""
        if len(self.input) <= MAX_LINES and all(len(line) <= MAX_LINE for line in self.input):
            return self.input
        short = tuple(f"{line[:MAX_LINE]} ..." if len(line) > MAX_LINE else line for line in self.input[:MAX_LINES])
        left_out = len(self.input) - len(short)
        return (*short, f"... ({left_out} further lines)") if left_out else short

    def tags(self) -> dict[str, str]:
        """Return GeoTIFF metadata; docs/reference/files.md describes the keys."""
        return self._tags_of_options() | self._tags_of_areas() | self._tags_of_origin()

    def _tags_of_options(self) -> dict[str, str]:
        found = {}
        if self.gaps:
            found["LANDCAST_GAPS"] = f"{len(self.gaps)} tiles could not be made"
        if "blend_sha256" in self.params:
            found["LANDCAST_BLEND_SHA256"] = str(self.params["blend_sha256"])
        if "issue_date" in self.params:
            found["LANDCAST_ISSUE_DATE"] = str(self.params["issue_date"])
        if "mmu" in self.params:
            found["LANDCAST_MMU"] = f"{self.params['mmu']:g} ha"
        if "threshold" in self.params:
            found["LANDCAST_THRESHOLD"] = f"{self.params['threshold']:g}"
        return found | {"LANDCAST_PERIOD": str(self.params["period"])}

    def _tags_of_areas(self) -> dict[str, str]:
        tables = {
            "LANDCAST_AREAS": self.areas,
            "LANDCAST_APPLICABILITY": self.applicability,
            "LANDCAST_DECLINE": self.decline,
            "LANDCAST_EVIDENCE": self.evidence,
        }
        return {key: json.dumps(table) for key, table in tables.items() if table}

    def _tags_of_origin(self) -> dict[str, str]:
        version = {"LANDCAST_MODEL_VERSION": self.model_version} if self.model_version else {}
        backends = {"LANDCAST_BACKEND": ", ".join(self.backends)} if self.backends else {}
        notes = {"LANDCAST_NOTES": "\n".join(self.notes[:MAX_NOTES])} if self.notes else {}
        given = {"LANDCAST_INPUT": "\n".join(self.input_lines())} if self.input else {}
        return (
            version
            | backends
            | notes
            | given
            | {
                "TIFFTAG_IMAGEDESCRIPTION": f"{self.title}. {SIMULATED}" if self.is_simulated else self.title,
                "TIFFTAG_SOFTWARE": f"landcast {self.version}",
                "TIFFTAG_COPYRIGHT": self.attribution,
                "LANDCAST_PRODUCT": self.product,
                "LANDCAST_MODEL": self.model,
                "LANDCAST_MODEL_SHA256": self.model_sha256,
                "LANDCAST_VERSION": self.version,
                "LANDCAST_ARCHIVE": self.archive,
                "LANDCAST_ARCHIVES": ", ".join(self.archives),
                "LANDCAST_ATTRIBUTION": self.attribution,
                "LANDCAST_SIMULATED": "yes" if self.is_simulated else "no",
                "LANDCAST_SCENES": f"{len(self.scenes)} sha256:{self.scenes_sha256}",
                "LANDCAST_PREPARATION": json.dumps(self.preparation, sort_keys=True, default=str),
                "LANDCAST_COMPLETENESS": f"{self.completeness:.4f} ({len(self.failures)} of {self.reads} reads failed)",
            }
        )


def provenance(
    product: Product[Any],
    options: Options,
    checkpoint: Checkpoint,
    scenes: Mapping[str, Sequence[SceneRecord]],
    *,
    archive: str,
    attribution: str,
    is_simulated: bool,
    preparation: Mapping[str, Any] | None = None,
    areas: Mapping[str, Any] | None = None,
    backends: tuple[str, ...] = (),
) -> Provenance:
    """Gather the facts about a result; see the fields of `Provenance`.

    Args:
        scenes: scenes of each tile by its key, or of a cube file by its name.
        attribution: licence and credit, one sentence.
    """
    listed = [s for records in scenes.values() for s in records]
    return Provenance(
        product=product.id,
        title=product.title,
        model=checkpoint.name,
        model_sha256=checkpoint.sha256,
        version=software_version(),
        archive=archive,
        attribution=attribution,
        is_simulated=is_simulated,
        params=options.to_json(),
        scenes=tuple(sorted({s.scene_id for s in listed})),
        reads=len(listed),
        failures=_failures(scenes),
        model_version=str(checkpoint.card.get("version", "")),
        archives=tuple(sorted({s.archive or archive for s in listed})),
        notes=tuple(sorted({note for s in listed for note in s.notes})),
        preparation=preparation_done(preparation or {}, listed),
        areas=areas or {},
        backends=backends,
    )


def _failures(scenes: Mapping[str, Sequence[SceneRecord]]) -> tuple[Failure, ...]:
    """Return failed reads by tile, time and scene."""
    found = [
        Failure(scene_id=scene.scene_id, time=scene.time, tile=tile, reason=scene.failure)
        for tile, records in scenes.items()
        for scene in records
        if scene.failure
    ]
    return tuple(sorted(found, key=lambda f: (f.tile, f.time, f.scene_id)))
