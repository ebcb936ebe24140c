"""A reading prepared: offset checked, clouds masked, speckle filtered; the same for every archive. No files, no dB."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

import numpy as np

from core.bands import OPTICAL_NAMES, RADAR_NAMES, Floats
from core.errors import InvalidOption
from core.grid import Window
from core.settings import Settings
from ingest.archive import TOA_BANDS, Reading, Scene
from ingest.preprocess.clouds import (
    CLOUDLESS_REACH,
    SCL_CLOUDS,
    Mask,
    check_installed,
    cloudless,
    dilate,
    hidden_by,
    no_toa,
)
from ingest.preprocess.radar import lee_filter
from ingest.rules.numbers import MIN_REFLECTANCE, unseen
from ingest.rules.offset.darkest import DARK_BANDS, MIN_PIXELS, check_floor

VERSION = 2
"""Raised whenever the same scene gives other pixels, so that cached ones are not used."""
SCL_CLASSES = range(12)


@dataclass(frozen=True, kw_only=True)
class Preparation:
    """How scenes are masked and filtered."""

    cloud_mask: Literal["scene", "s2cloudless", "none"] = "scene"
    """Clouds by the scene's own mask, or by s2cloudless (which knows no shadow, snow or defects: those still come from
    the scene classes, where there are some); or nothing masked."""
    classes: tuple[int, ...] = (0, 1, 3, 8, 9, 10, 11)
    """SCL classes that are not clear (ESA Sentinel-2 L2A ATBD, table 3): no data, saturated, shadow, medium and high
    cloud, cirrus, snow. Kept: dark area, vegetation, bare, water, unclassified."""
    dilation_m: float = 20.0
    """Pixels within this distance of a masked one are masked: one pixel of the 20 m mask. No data is not grown;
    neither is a mask of kind `clear`, which its producer has already grown."""
    speckle_window: int = 0
    """Edge of the Lee filter in pixels; 0 = none."""

    @classmethod
    def from_settings(cls, settings: Settings) -> "Preparation":
        """Read the settings.

        Raises:
            InvalidOption: classes that do not exist, an even speckle window, or s2cloudless without its package.
        """
        if settings.preparation.cloud_mask == "s2cloudless":
            check_installed()
        if settings.preparation.speckle_window and settings.preparation.speckle_window % 2 == 0:
            raise InvalidOption(
                "LANDCAST_SPECKLE_WINDOW", settings.preparation.speckle_window, "it is odd, or 0 for no filter"
            )
        return cls(
            cloud_mask=settings.preparation.cloud_mask,
            classes=_classes(settings.preparation.cloud_classes),
            dilation_m=settings.preparation.cloud_dilation_m,
            speckle_window=settings.preparation.speckle_window,
        )

    def key(self) -> dict[str, object]:
        """Return all that determines pixels, for cache keys and for provenance."""
        return {
            "version": VERSION,
            "cloud_mask": self.cloud_mask,
            "classes": list(self.classes),
            "dilation_m": self.dilation_m,
            "speckle_window": self.speckle_window,
        }

    def extra_bands(self, scene: Scene) -> tuple[str, ...]:
        """Return the further bands that masking a scene requires."""
        return TOA_BANDS if self.cloud_mask == "s2cloudless" and scene.sensor == "s2" else ()


@dataclass(frozen=True, kw_only=True)
class Prepared:
    """Prepared pixels of one scene."""

    values: Mapping[str, Floats]
    """(Y, X) by band: reflectance, NaN where not clear; radar as linear power; weather as read."""
    notes: tuple[str, ...] = ()
    """Remarks for the user, one sentence each."""
    mask: str = ""
    """What hid clouds, as `core.cube.SceneRecord.mask`."""


def margin_pixels(preparation: Preparation, resolution_m: float) -> int:
    """Return how many pixels around a window influence it.

    Clouds and speckle beyond a window count as well: only a window that was read with this margin, and cut after its
    preparation, holds the same values however an area is divided.
    """
    reach = int(_radius_px(preparation, resolution_m))
    if preparation.cloud_mask == "none":
        reach = 0
    if preparation.cloud_mask == "s2cloudless":
        reach += CLOUDLESS_REACH
    return max(reach, preparation.speckle_window // 2)


def prepare(scene: Scene, reading: Reading, window: Window, preparation: Preparation) -> Prepared:
    """Check, mask and filter what was read of a scene.

    Clouds beyond the border of the window are not seen: see `margin_pixels`.

    Raises:
        ReadFailed: the offset of its reflectance was applied twice.
        InvalidOption: s2cloudless is required and cannot be run.
    """
    if scene.sensor == "s1":
        return Prepared(values=_filtered(reading.values, preparation.speckle_window), notes=reading.notes)
    if scene.sensor == "weather":
        return Prepared(values=reading.values, notes=reading.notes)
    masked = _masked(reading, window, preparation)
    visible = _visible(reading, masked)
    if reading.offset < 0 and reading.whole is not None and _are_few(visible):
        wide = reading.whole()
        visible = _visible(wide, _hidden_at_once(wide, preparation))
    note = check_floor(scene.scene_id, visible, offset=reading.offset, baseline=scene.baseline)
    hidden = masked | _unseen(reading.values, window)
    values = {b: _hide(b, v, hidden) for b, v in reading.values.items() if b not in TOA_BANDS}
    notes = (*reading.notes, *([note] if note else []), *_doubt(reading, preparation))
    return Prepared(values=values, notes=notes, mask=_mask_used(reading, preparation))


def _radius_px(preparation: Preparation, resolution_m: float) -> float:
    """Return the radius of dilation in pixels; 20 m in pixels of 10.000001 m are 2."""
    return preparation.dilation_m / resolution_m + 1e-6


def _masked(reading: Reading, window: Window, preparation: Preparation) -> Mask:
    """Return (Y, X), True where the cloud information hides a pixel."""
    hidden = np.zeros(window.shape_yx, bool)
    grown = hidden
    classes = preparation.classes
    if preparation.cloud_mask == "none":
        return hidden
    if preparation.cloud_mask == "s2cloudless":
        grown = cloudless(reading.values)
        hidden = no_toa(reading.values)
        classes = tuple(c for c in classes if c not in SCL_CLOUDS)
    if reading.mask is not None and (preparation.cloud_mask == "scene" or reading.mask_kind == "SCL"):
        by_mask, to_grow = hidden_by(reading.mask, reading.mask_kind, classes)
        hidden, grown = hidden | by_mask, grown | to_grow
    return hidden | dilate(grown, _radius_px(preparation, window.resolution_m))


def _visible(reading: Reading, masked: Mask) -> dict[str, Floats]:
    """Return the clear pixels of the visible bands."""
    return {b: reading.values[b][~masked] for b in DARK_BANDS if b in reading.values}


def _are_few(visible: Mapping[str, Floats]) -> bool:
    """Tell whether there are clear pixels, but too few of any band to judge an offset by."""
    counts = [int(np.isfinite(v).sum()) for v in visible.values()]
    return 0 < max(counts, default=0) < MIN_PIXELS


def _hidden_at_once(reading: Reading, preparation: Preparation) -> Mask:
    """Return (Y, X), True where the mask of a sparse sample hides a pixel; its neighbours are far apart: none grows."""
    if reading.mask is None or preparation.cloud_mask == "none":
        return np.zeros(next(iter(reading.values.values())).shape, bool)
    return hidden_by(reading.mask, reading.mask_kind, preparation.classes)[0]


def _unseen(values: Mapping[str, Floats], window: Window) -> Mask:
    """Return (Y, X), True where red and near infrared hold no light; False all over where one was not read."""
    nir = next((b for b in ("B08", "B8A") if b in values), "")
    return unseen(values["B04"], values[nir]) if nir and "B04" in values else np.zeros(window.shape_yx, bool)


def _hide(band: str, values: Floats, hidden: Mask) -> Floats:
    """Return (Y, X) with NaN where hidden, and where a reflectance is lower than any sensor gives."""
    if band in OPTICAL_NAMES:
        hidden = hidden | (values < MIN_REFLECTANCE)
    return np.where(hidden, np.float32(np.nan), values)


def _filtered(values: Mapping[str, Floats], window: int) -> dict[str, Floats]:
    return {b: lee_filter(v, window) if window and b in RADAR_NAMES else v for b, v in values.items()}


def _doubt(reading: Reading, preparation: Preparation) -> list[str]:
    if preparation.cloud_mask == "scene" and reading.mask is None and not reading.is_masked:
        return ["it has no cloud mask and was treated as clear"]
    return []


def _mask_used(reading: Reading, preparation: Preparation) -> str:
    """Return what hid the clouds of a scene; an archive whose values are masked has done so itself."""
    if reading.is_masked:
        return reading.masked_by or "that of the archive"
    own = reading.mask_kind if reading.mask is not None else ""
    match preparation.cloud_mask:
        case "none":
            return "none"
        case "s2cloudless":
            return "s2cloudless, SCL" if own == "SCL" else "s2cloudless"
        case "scene":
            return own or "none"


def _classes(text: str) -> tuple[int, ...]:
    try:
        classes = tuple(sorted({int(part) for part in text.split()}))
    except ValueError:
        classes = (-1,)
    if not set(classes) <= set(SCL_CLASSES):
        raise InvalidOption("LANDCAST_CLOUD_CLASSES", text, "it lists SCL classes, 0 to 11, separated by spaces")
    return classes
