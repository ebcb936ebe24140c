"""What is decided and said of the offset of scenes, where some carry it and others do not."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from core.source import counted, listed

MOST_NAMES = 4
APART = "put them into a folder of their own, and give --offset -1000 for that"


@dataclass(frozen=True, kw_only=True)
class Decision:
    """Which of the scenes that state no offset carry it; each (T,)."""

    by_dates: NDArray[np.bool_]
    """All scenes, or all since one date."""
    by_bands: NDArray[np.bool_]
    """Single scenes, of which all bands lie 0.1 above those of others."""
    doubtful: NDArray[np.bool_]
    """Scenes that may carry it; it is not subtracted."""

    @property
    def has_offset(self) -> NDArray[np.bool_]:
        """From which scenes it is subtracted."""
        return self.by_dates | self.by_bands

    @property
    def is_mixed(self) -> bool:
        """Tell whether scenes differ, surely or not."""
        return bool(self.by_bands.any() or self.doubtful.any())


def both_kinds(shifted: int, count: int) -> str:
    """Return the reason for a refusal of scenes of both kinds."""
    return (
        f"{shifted} of {count} scenes seem to carry the offset of +1000 of processing baseline 04.00 and the others "
        "do not; put them into folders of their own, and give --offset -1000 for the one and --offset 0 for the other"
    )


def taken(has_offset: NDArray[np.bool_], decided: Decision) -> str:
    """Return a phrase on the offset of all scenes."""
    counts = {
        "-1000 for": int(has_offset.sum()),
        "none for": int((~has_offset & ~decided.doubtful).sum()),
        "not certain for": int((decided.doubtful & ~has_offset).sum()),
    }
    parts = [f"{what} {counted(n, 'scene', 'scenes')}" for what, n in counts.items() if n]
    return f"offset: {', '.join(parts)}, by the darkest pixels"


def mixed_remarks(names: Sequence[str], decided: Decision) -> list[str]:
    """Return sentences on scenes that differ from the others.

    Args:
        names: (T,) of the scenes.
        decided: on them.
    """
    count, remarks = len(names), []
    if decided.by_bands.any():
        remarks.append(
            f"The offset of processing baseline 04.00 is subtracted from {int(decided.by_bands.sum())} of {count} "
            f"scenes, as all their bands lie 0.1 above those of the others: {_listed(names, decided.by_bands)}."
        )
        if decided.doubtful.any():
            remarks.append(
                f"Whether {int(decided.doubtful.sum())} further of {count} scenes carry it, their darkest pixels do "
                f"not tell; none is subtracted: {_listed(names, decided.doubtful)}."
            )
    elif decided.doubtful.any():
        remarks.append(
            f"All bands of {int(decided.doubtful.sum())} of {count} scenes lie 0.1 above those of others, by haze or "
            f"by the offset of processing baseline 04.00; none is subtracted; if it is left in, {APART}: "
            f"{_listed(names, decided.doubtful)}."
        )
    return remarks


def _listed(names: Sequence[str], chosen: NDArray[np.bool_]) -> str:
    return listed([n for n, is_one in zip(names, chosen, strict=True) if is_one], MOST_NAMES)
