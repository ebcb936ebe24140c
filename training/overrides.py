"""Choices: what one call changes of a run that learns classes. No numbers of its own; nothing is learned here."""

from dataclasses import dataclass, fields, replace
from typing import get_args

from core.errors import InvalidOption
from models.registry import TrunkLayer
from training.runs import Meta, Run, Tune

OPTIONS = {
    "tune": ("--tune", get_args(Tune)),
    "layer": ("--read-layer", get_args(TrunkLayer)),
    "meta": ("--meta", get_args(Meta)),
}
"""Field of a run -> option of `landcast finetune`, and what it may be."""


@dataclass(frozen=True, kw_only=True)
class Choices:
    """Fields of a run by the names that it has for them; empty = as the run says.

    Raises:
        InvalidOption: a value is none of those that its field may have.
    """

    tune: str = ""
    layer: str = ""
    meta: str = ""

    def __post_init__(self) -> None:
        """Refuse values that are not known."""
        for name, (option, known) in OPTIONS.items():
            value = getattr(self, name)
            if value and value not in known:
                raise InvalidOption(option, value, f"it is one of {', '.join(known)}")

    def of(self, run: Run) -> Run:
        """Return the run with what was chosen."""
        chosen = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name)}
        return replace(run, **chosen)

    @property
    def words(self) -> list[str]:
        """The options as they are typed."""
        return [w for name, (option, _) in OPTIONS.items() if (value := getattr(self, name)) for w in (option, value)]


NO_CHOICES = Choices()
"""All as the run says."""
