"""Check the offset of reflectance stated by metadata against the darkest pixels. No files, no masking.

Since processing baseline 04.00 Sentinel-2 L2A numbers carry +1000, and some archives remove it before they publish,
with or without stating so. An offset applied twice or not at all moves every reflectance by 0.1. Where all land is
bright, as in a desert, there are no dark pixels to check.
"""

import re
from collections.abc import Mapping

import numpy as np

from core.bands import Floats
from core.errors import ReadFailed

FIRST_WITH_OFFSET = (4, 0)
"""Processing baseline since which numbers carry +1000 (ESA, S2 Products Specification, 2022-01-25)."""
DARK_BANDS = ("B02", "B03", "B04")
"""Vegetation, water and shadow are darkest in the visible: 0 to 0.05."""
BLUE = "B02"
"""A remaining offset is reported only if this band was read: dry fields reflect 0.08 to 0.15 in red, little in blue."""
TOO_DARK = -0.03
"""Below noise and over-correction of dark water: a surface this dark does not exist."""
TOO_DARK_SHARE = 0.05
"""Share of clear pixels below TOO_DARK in one visible band that proves an offset subtracted twice."""
FLOOR_PERCENTILE = 0.5
"""What counts as the darkest pixels of a scene; single ones are noise."""
FLOOR_LEFT_IN = (0.08, 0.16)
"""Where the floor of every visible band lies if 0.1 was left in; sand and salt alone lie above, other land below."""
MIN_PIXELS = 2_000
"""Fewer clear pixels may truly be all bright or all dark."""


def check_floor(scene_id: str, values: Mapping[str, Floats], *, offset: float, baseline: str) -> str:
    """Cross-check the offset of a scene by its dark pixels.

    Args:
        scene_id: for the sentence.
        values: reflectance of clear pixels by band, any shape, offset applied; NaN = not clear. Only visible bands
            count.
        offset: reflectance that was added, 0 or -0.1.
        baseline: processing baseline, `05.10`; empty = not stated.

    Returns:
        A note if an offset seems to remain or to have been subtracted twice by the archive, else an empty text.

    Raises:
        ReadFailed: the offset had been applied before.
    """
    seen = {b: values[b][np.isfinite(values[b])] for b in DARK_BANDS if b in values}
    seen = {b: v for b, v in seen.items() if v.size >= MIN_PIXELS}
    if not seen:
        return ""
    share, band = max((float((v < TOO_DARK).mean()), b) for b, v in seen.items())
    if share > TOO_DARK_SHARE:
        dark = f"{share:.0%} of its clear pixels are darker than {TOO_DARK:g} in {band}"
        if offset < 0:
            raise ReadFailed(scene_id, f"with the stated offset of {offset:g}, {dark}: it had been applied before")
        return f"{dark}: an offset may have been applied twice before it was published"
    low, high = FLOOR_LEFT_IN
    if offset == 0 and baseline_number(baseline) >= FIRST_WITH_OFFSET and BLUE in seen:
        floors = [float(np.percentile(v, FLOOR_PERCENTILE)) for v in seen.values()]
        if all(low <= f <= high for f in floors):
            return f"no offset was stated, and its darkest clear pixels reflect {min(floors):.2f}: 0.1 may be left in"
    return ""


def baseline_number(baseline: str) -> tuple[int, ...]:
    """Return a processing baseline (`05.10`, `5.1`, `N0510`) as numbers that can be ordered; () = not stated."""
    compact = re.fullmatch(r"N?(\d\d)(\d\d)", baseline.strip())
    parts = compact.groups() if compact else re.findall(r"\d+", baseline)
    return tuple(int(p) for p in parts)
