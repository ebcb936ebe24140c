"""What an attempt at a job of fields spends: it looks at the limits of the order before each group of fields."""

from collections.abc import Callable
from dataclasses import dataclass

import pandas as pd

from workers.fields.answer import LeftOut
from workers.fields.group import Group
from workers.fields.kept_lines import KeptLines

Reached = Callable[[int], str]
"""Pixels that this attempt has made -> which limit is reached, as a clause; empty = none."""


def no_limit(_: int) -> str:
    """Allow everything."""
    return ""


@dataclass(kw_only=True)
class Spending:
    """Counts of one attempt. Its `of_group` implements `workers.fields.answer.Keep`."""

    kept: KeptLines
    reached: Reached = no_limit
    pixels: int = 0
    """Of the fields whose lines were made, not of those whose lines were kept by an earlier attempt."""
    answered: int = 0
    """Fields that have lines, those of earlier attempts too."""
    left_out: int = 0
    """Fields that were left out."""
    reason: str = ""
    """Why."""

    def of_group(self, group: Group, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Return the lines of a group, made now or by an earlier attempt.

        Raises:
            LeftOut: a limit is reached, and the lines are not there.
        """

        def allowed() -> pd.DataFrame:
            self.reason = self.reached(self.pixels) or self.reason
            if self.reason:
                self.left_out += len(group.numbers)
                raise LeftOut(self.reason)
            found = make()
            self.pixels += pixels_of(group)
            return found

        found = self.kept.of_group(group, allowed)
        self.answered += len(group.numbers)
        return found


def pixels_of(group: Group) -> int:
    """Return about how many pixels the fields of a group have."""
    return max(1, round(sum(shape.area for shape in group.shapes) / group.window.resolution_m**2))
