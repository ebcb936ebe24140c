"""What a hindcast says: findings in plain sentences, tables for the terminal, JSON. Its page is in hindcast_page.py."""

import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass
from datetime import date
from pathlib import Path
from typing import Any

from core.version import software_version
from models.baselines.blend import MODEL, Blend
from models.baselines.rules import BASELINES
from models.metrics.forecast_scores import Interval, Score
from outputs.atomic import written_aside
from outputs.provenance import SIMULATED

Scores = Mapping[str, Mapping[str, Score]]
"""By method, then by lead: `all` and the names of the lead bins."""
Skills = Mapping[str, Mapping[str, Mapping[str, Interval]]]
"""By method, then by baseline, then by lead."""

BLEND = "blend"
"""Name of the blend among the methods."""
COLUMNS: tuple[tuple[str, Callable[[Score], str]], ...] = (
    ("Mean pinball loss over five quantiles (NDVI; lower is better)", lambda s: f"{s.pinball:.4f}"),
    ("Median absolute error of the median (NDVI)", lambda s: f"{s.median_absolute_error:.4f}"),
    ("Share of outcomes in the 50 % interval", lambda s: f"{s.coverage_50:.3f}"),
    ("Share of outcomes in the 90 % interval", lambda s: f"{s.coverage_90:.3f}"),
)
"""Tables by title, and what stands in a cell."""
SKILL_TITLE = "Skill of {} (1 - its loss / the other's; 95 % interval over places and issue dates)"


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """The part that a blend is judged on, which it was not fitted on."""

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
    """How many were judged."""
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
    """Clear observations that the model gave no forecast of, left out for the baselines too."""
    held_out: HeldOut | None = None

    def sentences(self) -> list[str]:
        """Return what a reader must know before the figures."""
        first, last = self.issue_dates[0], self.issue_dates[-1]
        dates = (
            f"{len(self.issue_dates)} issue dates ({first} to {last})" if first != last else f"1 issue date ({first})"
        )
        drawn = f" of {self.total:,}" if self.series < self.total else ""
        blocks = f" in {self.places:,} blocks of 10 x 10" if self.unit == "pixels" else ""
        told = [
            f"{self.input}: {self.series:,}{drawn} {self.unit}{blocks}, {dates}, {self.targets:,} clear observations "
            f"1 to {self.horizon_days} days ahead; model {self.model}."
        ]
        if self.held_out is not None:
            where = "other places and years" if self.held_out.is_apart_in_place else "earlier dates of the same place"
            told.append(
                f"All figures are of the held-out part, issue dates from {self.held_out.first_issue} on; "
                f"the blend was fitted on {where}."
            )
        if self.unanswered:
            told.append(f"The model gave no forecast of {self.unanswered:,} others; they are left out for all.")
        return [*told, SIMULATED] if self.is_simulated else told


@dataclass(frozen=True, kw_only=True)
class Report:
    """A finished hindcast."""

    basis: Basis
    leads: tuple[str, ...]
    """`all` and the names of the lead bins."""
    scores: Scores
    skills: Skills
    findings: tuple[str, ...]
    """Plain sentences: where a baseline is better."""
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

    def tables(self) -> Iterator[tuple[str, list[str], list[list[str]]]]:
        """Yield title, heads and rows of every table; the first cell of a row is its name."""
        heads = ["", *self.leads]
        counts = next(iter(self.scores.values()))
        yield "Targets by lead (days)", heads, [["targets", *self._row(counts, lambda s: f"{s.targets:,}")]]
        for title, cell in COLUMNS:
            yield title, heads, [[method, *self._row(row, cell)] for method, row in self.scores.items()]
        for method, baselines in self.skills.items():
            rows = [[f"against {name}", *self._row(row, _short)] for name, row in baselines.items()]
            yield SKILL_TITLE.format(method), heads, rows
        if self.blend is not None:
            weights = self.blend.to_json()["weights"]
            rows = [[name, *(f"{w:.3f}" for w in row)] for name, row in weights.items()]
            yield "Weights of the blend", ["", *self.leads[1:]], rows

    def _row(self, row: Mapping[str, Any], cell: Callable[[Any], str]) -> list[str]:
        return [cell(row[lead]) if lead in row else "-" for lead in self.leads]


def render_text(report: Report) -> str:
    """Return the report for a terminal."""
    parts = ["\n".join(report.basis.sentences())]
    parts += [f"{title}\n{_columns([heads, *rows])}" for title, heads, rows in report.tables()]
    return "\n\n".join([*parts, "\n".join(report.findings)])


def render_json(report: Report) -> str:
    """Return the report as a JSON document."""
    return json.dumps(report.to_json(), indent=2, ensure_ascii=False, allow_nan=False) + "\n"


def write_blend(blend: Blend, out: Path) -> None:
    """Write a blend as JSON; nothing stands under the name until it is complete."""
    with written_aside(out) as aside:
        aside.write_text(json.dumps(blend.to_json(), indent=2, ensure_ascii=False) + "\n", encoding="utf-8")


def judge(scores: Scores, skills: Skills) -> tuple[str, ...]:
    """Say in plain sentences where a simple baseline is better than the model, or that none is; likewise of a blend."""
    told = [s for lead in scores[MODEL] if (s := _better_baselines(lead, scores, skills[MODEL]))]
    if not told:
        told = ["No simple baseline is better than landcast, at any lead or overall."]
    if BLEND in skills:
        told += [_blend_finding(scores, skills[BLEND][MODEL]["all"])]
    return tuple(told)


def _better_baselines(lead: str, scores: Scores, skills: Mapping[str, Mapping[str, Interval]]) -> str:
    own = scores[MODEL][lead].pinball
    better = sorted((scores[r][lead].pinball, r) for r in BASELINES if scores[r][lead].pinball < own)
    if not better:
        return ""
    loss, best = better[0]
    skill = skills[best][lead]
    where = "Over all leads" if lead == "all" else f"At leads of {lead.replace('-', ' to ')} days"
    rest = [name for _, name in better[1:]]
    others = f"; so {'is' if len(rest) == 1 else 'are'} {', '.join(rest)}" if rest else ""
    sure = "" if skill.high < 0 else "; the interval includes no difference"
    return (
        f"{where} {best} is better than landcast: its loss is {_percent(1 - loss / own)} lower "
        f"({loss:.4f} against {own:.4f}; skill of landcast {_short(skill)}{sure}){others}."
    )


def _blend_finding(scores: Scores, skill: Interval) -> str:
    own, mixed = scores[MODEL]["all"].pinball, scores[BLEND]["all"].pinball
    if mixed == own:
        return "The blend is as good as landcast alone."
    word = "lower" if mixed < own else "higher"
    advice = "" if mixed < own else " Forecast without it, or fit it on more years."
    sure = "" if skill.low > 0 or skill.high < 0 else "; the interval includes no difference"
    return (
        f"The blend's loss is {_percent(abs(1 - mixed / own))} {word} than that of landcast alone on what was held out "
        f"({mixed:.4f} against {own:.4f}; skill {_short(skill)}{sure}).{advice}"
    )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"


def _short(interval: Interval) -> str:
    return f"{interval.value:.3f} [{interval.low:.3f}, {interval.high:.3f}]"


def _columns(rows: list[list[str]]) -> str:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    lines = (
        row[0].ljust(widths[0]) + "".join(f"  {c.rjust(w)}" for c, w in zip(row[1:], widths[1:], strict=True))
        for row in rows
    )
    return "\n".join(line.rstrip() for line in lines)
