"""What a hindcast found: the figures and what they rest on. How they are shown is in report.py."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any

from core.version import software_version
from models.baselines.blend import Blend
from models.metrics.forecast_scores import Interval, Score

Scores = Mapping[str, Mapping[str, Score]]
"""By method, then by lead: `all` and the names of the lead bins."""
Skills = Mapping[str, Mapping[str, Mapping[str, Interval]]]
"""By method, then by baseline, then by lead."""

BLEND = "blend"
"""Name of the blend among the methods."""


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """The part that a blend is scored on, which it was not fitted on."""

    first_issue: date
    """Issue dates from it on."""
    is_apart_in_place: bool
    """Its places are others too; False where there is but one place."""


@dataclass(frozen=True, kw_only=True)
class Basis:
    """What the figures rest on."""

    input: str
    unit: str
    """`series` or `pixels`."""
    series: int
    """How many were scored."""
    total: int
    """How many the input has."""
    places: int
    """Blocks that are resampled as a whole."""
    issue_dates: tuple[str, ...]
    targets: int
    """Clear observations that were forecast."""
    horizon_days: int
    is_simulated: bool
    model: str
    model_sha256: str
    unanswered: int = 0
    """Clear observations that the model gave no forecast for, left out for the baselines too."""
    held_out: HeldOut | None = None


@dataclass(frozen=True, kw_only=True)
class HindcastResult:
    """A finished hindcast."""

    basis: Basis
    leads: tuple[str, ...]
    """`all` and the names of the lead bins."""
    scores: Scores
    skills: Skills
    findings: tuple[str, ...]
    """Sentences: where a baseline is better, and what the blend is worth."""
    blend: Blend | None

    def to_json(self) -> dict[str, Any]:
        """Return all figures, JSON-ready."""
        basis = asdict(self.basis) | {"software_version": software_version()}
        if self.basis.held_out is not None:
            basis["held_out"]["first_issue"] = self.basis.held_out.first_issue.isoformat()
        return {
            "basis": basis,
            "leads": list(self.leads),
            "scores": {m: {lead: asdict(s) for lead, s in row.items()} for m, row in self.scores.items()},
            "skill": {
                m: {r: {lead: asdict(i) for lead, i in row.items()} for r, row in baselines.items()}
                for m, baselines in self.skills.items()
            },
            "findings": list(self.findings),
            "blend": None if self.blend is None else self.blend.to_json(),
        }
