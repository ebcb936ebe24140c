"""A cloud mask of a general name checked against the pixels: what it calls clear must not be the brighter part."""

import numpy as np
from numpy.typing import NDArray

from core.bands import Floats
from ingest.rules.masks import ANYONE, FoundMask
from ingest.rules.refusal import Refused

BRIGHTER = 0.08
"""How much more the pixels that a mask calls clear reflect than those that it hides, where its codes are turned round:
clouds reflect 0.3 and more, land 0.05 to 0.2 in visible light."""
MIN_PIXELS, MIN_ROWS = 50, 5
"""Of either part, below which nothing is told: of images, and of a table, whose rows are dates of few places."""


def check_mask(mask: FoundMask, visible: Floats, hidden: NDArray[np.bool_], *, least: int = MIN_PIXELS) -> None:
    """Refuse a mask whose codes seem to mean the opposite of what its name says.

    Args:
        mask: only one of a general name is checked; the codes of the others are documented.
        visible: blue or red reflectance, not masked, of any shape.
        hidden: what the mask hides, the same shape.
        least: clear and hidden values below which nothing is told.

    Raises:
        Refused: names the mask and the option that settles it.
    """
    if mask.is_stated or not (mask.rule.used_by == ANYONE or mask.kind == "clear"):
        return
    seen = np.isfinite(visible) & (visible > 0)
    clear, cloudy = visible[seen & ~hidden], visible[seen & hidden]
    if min(clear.size, cloudy.size) < least or np.median(clear) < np.median(cloudy) + BRIGHTER:
        return
    turned = "clear" if "cloud_mask" in mask.rule.names else "cloud"
    own = "cloud" if turned == "clear" else "clear"
    reason = f"what '{mask.name}' calls clear is brighter than what it hides, as if its codes meant the opposite"
    raise Refused(f"{reason}; give --mask {mask.name}={turned}, or --mask {mask.name}={own} if they do not")
