"""Clouds: which pixels of a scene are usable, by its own mask or by s2cloudless, and what lies too near. No files."""

from collections.abc import Collection, Mapping
from functools import lru_cache
from importlib.util import find_spec
from itertools import product
from threading import Lock
from typing import Any

import numpy as np
import scipy  # loads scipy.ndimage when it is first used: the service starts without
from numpy.typing import NDArray

from core.bands import Floats
from core.errors import InvalidOption
from ingest.archive import TOA_BANDS

Mask = NDArray[np.bool_]

SCL_NO_DATA = (0, 255)
"""SCL codes of no data, outside the swath. They hide their own pixels but are not grown."""
SCL_CLOUDS = (8, 9, 10)
"""SCL classes that s2cloudless detects as well: medium and high cloud, cirrus (not shadow, snow, defects)."""
CLM_NO_DATA = 255
THRESHOLD, AVERAGE_OVER, DILATION_SIZE = 0.4, 4, 2
"""Parameters of s2cloudless, as in the example of its authors; the last two are radii of discs in pixels."""
CLOUDLESS_REACH = AVERAGE_OVER + DILATION_SIZE
"""Distance in pixels within which others influence the result of s2cloudless."""
SMALL_RADIUS_PX = 4
"""Below, a mask is grown by shifting it; above, by distances."""
_ONE_AT_A_TIME = Lock()
"""LightGBM uses all cores by itself: scenes in parallel would only compete for them."""


def hidden_by(mask: NDArray[np.uint8], kind: str, classes: Collection[int]) -> tuple[Mask, Mask]:
    """Return (Y, X) where a mask hides a pixel, and where of these it is a cloud or shadow that may be grown.

    Args:
        mask: (Y, X) codes.
        kind: `SCL` (Sen2Cor classes), `clear` (1 = usable) or `CLM` (0 = clear, 255 = no data).
        classes: SCL classes that are not clear.

    Raises:
        ValueError: another kind.
    """
    match kind:
        case "SCL":
            is_silent = _among(SCL_NO_DATA)[mask]
            grown = _among(set(classes) - set(SCL_NO_DATA))[mask]
            return grown | is_silent, grown
        case "CLM":
            hidden = np.asarray(mask != 0)
            return hidden, hidden & (mask != CLM_NO_DATA)
        case "clear":  # its producer has grown it already
            return np.asarray(mask != 1), np.zeros(mask.shape, bool)
    raise ValueError(f"no cloud information is named '{kind}'")


def _among(codes: Collection[int]) -> Mask:
    """Return (256,) which 8-bit numbers are among some codes: looking up is faster than comparing."""
    table = np.zeros(256, bool)
    table[list(codes)] = True
    return table


def dilate(hidden: Mask, radius_px: float) -> Mask:
    """Return (Y, X) hidden pixels and all whose centre is within a radius of the centre of one.

    Nothing beyond the border is known: a hidden pixel outside reaches into no window that does not hold it.
    """
    if radius_px < 1 or not hidden.any():
        return hidden

    if radius_px < SMALL_RADIUS_PX:
        return _or_of_shifts(hidden, radius_px)
    # A distance costs the same whatever the radius: 14 ms for 512 x 512, where a disc of 2 km takes minutes.
    return np.asarray(scipy.ndimage.distance_transform_edt(~hidden) <= radius_px, np.bool_)


def _or_of_shifts(hidden: Mask, radius_px: float) -> Mask:
    """Grow by a small disc: 0.3 ms for 512 x 512 and two pixels."""
    grown, reach, (rows, columns) = hidden.copy(), int(radius_px), hidden.shape
    for down, right in product(range(-reach, reach + 1), repeat=2):
        if 0 < down**2 + right**2 <= radius_px**2 and abs(down) < rows and abs(right) < columns:
            onto = slice(max(down, 0), rows + min(down, 0)), slice(max(right, 0), columns + min(right, 0))
            source = slice(max(-down, 0), rows + min(-down, 0)), slice(max(-right, 0), columns + min(-right, 0))
            grown[onto] |= hidden[source]
    return grown


def cloudless(values: Mapping[str, Floats]) -> Mask:
    """Return (Y, X), True where s2cloudless sees a cloud (doi:10.1016/j.rse.2022.112990; trees on ten Level-1C bands).

    Args:
        values: (Y, X) top-of-atmosphere reflectance, 0..1, of TOA_BANDS; NaN = no data, never a cloud: the caller
            hides it. Clouds are sought as if the nearest pixel with data were there.

    Raises:
        InvalidOption: the scene has no Level-1C bands, or the package is not installed.
    """
    missing = [b for b in TOA_BANDS if b not in values]
    if missing:
        have = f"the archive does not give {missing[0]}" if len(missing) < len(TOA_BANDS) else "the archive has none"
        raise InvalidOption("cloud_mask", "s2cloudless", f"it needs Level-1C bands, and {have}; use 'scene' or 'none'")
    stack = np.stack([values[b] for b in TOA_BANDS], axis=-1)
    seen = ~no_toa(values)
    if not seen.any():
        return np.zeros(seen.shape, bool)
    with _ONE_AT_A_TIME:
        found = _detector().get_cloud_masks(_filled(stack, seen)[None])[0]
    return np.asarray((found == 1) & seen, np.bool_)


def no_toa(values: Mapping[str, Floats]) -> Mask:
    """Return (Y, X), True where a Level-1C band has no data, so that nothing is known of clouds."""
    return np.asarray(np.isnan(np.stack([values[b] for b in TOA_BANDS])).any(axis=0), np.bool_)


def check_installed(package: str = "s2cloudless") -> None:
    """Check that s2cloudless can be run, before anything is read for it; it is not imported.

    Raises:
        InvalidOption: it is not installed.
    """
    if find_spec(package) is None:
        why = "its package is not installed; install it with 'pip install landcast[clouds]'"
        raise InvalidOption("cloud_mask", "s2cloudless", why)


def _filled(stack: Floats, seen: Mask) -> Floats:
    """Return (Y, X, C) with the nearest seen pixel where one is not seen: zeros would blur clouds away at the edge."""
    if seen.all():
        return stack

    y, x = scipy.ndimage.distance_transform_edt(~seen, return_distances=False, return_indices=True)
    return np.asarray(stack[y, x], np.float32)


@lru_cache(maxsize=1)
def _detector() -> Any:
    check_installed()
    from s2cloudless.cloud_detector import S2PixelCloudDetector

    return S2PixelCloudDetector(
        threshold=THRESHOLD, average_over=AVERAGE_OVER, dilation_size=DILATION_SIZE, all_bands=False
    )
