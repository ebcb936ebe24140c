"""The findings of a hindcast as sentences: where a simple baseline is better, and whether the blend is."""

from collections.abc import Mapping

from evaluation.hindcast.result import BLEND, Scores, Skills
from models.baselines.blend import MODEL
from models.baselines.rules import BASELINES
from models.metrics.forecast_scores import Interval
from outputs.reports.numbers import ends, excludes_zero, number, percent


def findings(scores: Scores, skills: Skills) -> tuple[str, ...]:
    """Describe at which leads a simple baseline is better than the model, or that none is, and what a blend is worth.

    Args:
        scores: of the model and the baselines, and of the blend where one was fitted.
        skills: of the model against each baseline, and of the blend against the model.
    """
    sentences = [s for lead in scores[MODEL] if (s := _better_baseline(lead, scores, skills[MODEL]))]
    if not sentences:
        sentences = ["No simple baseline is better than landcast, at any lead or over all leads."]
    if BLEND in skills:
        sentences += [_blend(scores, skills[BLEND][MODEL]["all"])]
    return tuple(sentences)


def _better_baseline(lead: str, scores: Scores, skills: Mapping[str, Mapping[str, Interval]]) -> str:
    """Return a sentence about the best baseline at a lead; empty where none is better than the model."""
    own = scores[MODEL][lead].pinball
    better = sorted((scores[r][lead].pinball, r) for r in BASELINES if scores[r][lead].pinball < own)
    if not better:
        return ""
    loss, best = better[0]
    where = "Over all leads" if lead == "all" else f"At leads of {lead.replace('-', ' to ')} days"
    others = f" Also better: {', '.join(name for _, name in better[1:])}." if better[1:] else ""
    return (
        f"{where}, the baseline {best} is better than landcast: its pinball loss is {percent(1 - loss / own)} lower "
        f"({loss:.4f} instead of {own:.4f}). {_skill('landcast against it', skills[best][lead])}{others}"
    )


def _blend(scores: Scores, skill: Interval) -> str:
    own, mixed = scores[MODEL]["all"].pinball, scores[BLEND]["all"].pinball
    if mixed == own:
        return "On the held-out part, the blend is as good as landcast alone."
    word = "lower" if mixed < own else "higher"
    advice = "" if mixed < own else " Forecast without the blend, or fit it on more years."
    return (
        f"On the held-out part, the pinball loss of the blend is {percent(abs(1 - mixed / own))} {word} than that of "
        f"landcast alone ({mixed:.4f} instead of {own:.4f}). {_skill('the blend against landcast', skill)}{advice}"
    )


def _skill(methods: str, skill: Interval) -> str:
    doubt = "" if excludes_zero(skill) else "; it includes 0, so the difference may be chance"
    return f"The skill of {methods} is {number(skill.value)} (95 % interval {ends(skill)}{doubt})."
