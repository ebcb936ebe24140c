"""A cloud mask of a general name checked against the pixels: what it calls clear must not be the brighter part."""

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from core.errors import InvalidCube
from ingest.rules.masks import ANYONE, FoundMask

BRIGHTER = 0.08
"""How much more the pixels that a mask calls clear reflect than those that it hides, where its codes are turned round:
clouds reflect 0.3 and more, land 0.05 to 0.2 in visible light."""
MIN_PIXELS = 50
"""Of either part, below which nothing is told."""


def check_mask(path: object, mask: FoundMask, visible: Floats, hidden: NDArray[np.bool_]) -> None:
    """Refuse a mask whose codes seem to mean the opposite of what its name says.

    Args:
        path: for the sentence.
        mask: only one of a general name is checked; the codes of the others are documented.
        visible: (T, Y, X) blue or red reflectance, not masked.
        hidden: (T, Y, X) what the mask hides.

    Raises:
        InvalidCube: names the mask and the option that settles it.
    """
    if mask.rule.used_by != ANYONE or mask.is_stated:
        return
    seen = np.isfinite(visible) & (visible > 0)
    clear, cloudy = visible[seen & ~hidden], visible[seen & hidden]
    if min(clear.size, cloudy.size) < MIN_PIXELS or np.median(clear) < np.median(cloudy) + BRIGHTER:
        return
    turned = "clear" if "cloud_mask" in mask.rule.names else "cloud"
    own = "cloud" if turned == "clear" else "clear"
    reason = f"what '{mask.name}' calls clear is brighter than what it hides, as if its codes meant the opposite"
    raise InvalidCube(path, f"{reason}; give --mask {mask.name}={turned}, or --mask {mask.name}={own} if they do not")
