"""Calendars of simulated covers: green and brown leaf area through a year. Numbers only; phenology makes curves.

Orders of magnitude follow the FAO 56 crop calendars and BBCH stages of central Europe; they are meant to be plausible,
not to describe one place.
"""

from dataclasses import dataclass
from enum import IntEnum

Knots = tuple[tuple[float, float, float], ...]
"""(day of the harvest year, leaf area index m2/m2, brown share 0..1), days ascending, may start in the year before."""


class Leaf(IntEnum):
    """Kinds of surface: rows of the spectral table and of the radar table."""

    CEREAL = 0
    BROADLEAF_CROP = 1
    MAIZE = 2
    GRASS = 3
    CONIFER = 4
    DECIDUOUS = 5
    EVERGREEN = 6
    BUILT = 7
    WATER = 8


@dataclass(frozen=True, kw_only=True)
class CropCalendar:
    """One crop from sowing until its residues have decayed."""

    name: str
    leaf: Leaf
    knots: Knots
    is_winter: bool = False
    """Sown in the year before harvest."""
    harvest_day: int
    """Day of the year; a catch crop can follow harvests before CATCH_BEFORE."""
    weight: float = 1.0
    """How often it is grown, relative to the others."""


CATCH_BEFORE = 235
CATCH = CropCalendar(
    name="catch crop",
    leaf=Leaf.BROADLEAF_CROP,
    harvest_day=345,
    knots=((225, 0, 0), (238, 0.3, 0), (262, 1.6, 0), (300, 2.4, 0.05), (330, 1.7, 0.3), (348, 0.6, 0.9), (375, 0, 1)),
)

CROPS = (
    CropCalendar(
        name="winter wheat",
        leaf=Leaf.CEREAL,
        is_winter=True,
        harvest_day=208,
        weight=3.0,
        knots=(
            *((-85, 0, 0), (-65, 0.2, 0), (-30, 0.5, 0.05), (45, 0.6, 0.15), (80, 1.3, 0.05), (108, 3.0, 0)),
            *((138, 5.4, 0), (158, 4.9, 0.06), (176, 3.6, 0.4), (192, 2.6, 0.9), (206, 2.3, 1), (209, 0.8, 1)),
            *((235, 0.4, 1), (262, 0, 1)),
        ),
    ),
    CropCalendar(
        name="winter barley",
        leaf=Leaf.CEREAL,
        is_winter=True,
        harvest_day=190,
        weight=1.2,
        knots=(
            *((-98, 0, 0), (-78, 0.3, 0), (-40, 0.8, 0.05), (45, 0.7, 0.2), (75, 1.5, 0.05), (102, 3.4, 0)),
            *((128, 5.2, 0), (145, 4.4, 0.1), (162, 3.2, 0.5), (176, 2.4, 0.95), (188, 2.2, 1), (191, 0.8, 1)),
            *((218, 0.4, 1), (250, 0, 1)),
        ),
    ),
    CropCalendar(
        name="rapeseed",
        leaf=Leaf.BROADLEAF_CROP,
        is_winter=True,
        harvest_day=202,
        weight=1.3,
        knots=(
            *((-130, 0, 0), (-112, 0.4, 0), (-80, 1.8, 0), (-40, 1.5, 0.15), (45, 0.9, 0.25), (75, 1.7, 0.05)),
            *((100, 3.6, 0), (116, 3.8, 0.3), (134, 3.9, 0.28), (150, 4.4, 0.1), (170, 3.4, 0.35), (188, 2.4, 0.85)),
            *((200, 2.0, 1), (203, 0.7, 1), (225, 0.5, 0.7), (250, 0.2, 0.9), (270, 0, 1)),
        ),
    ),
    CropCalendar(
        name="maize",
        leaf=Leaf.MAIZE,
        harvest_day=274,
        weight=2.6,
        knots=(
            *((126, 0, 0), (145, 0.25, 0), (165, 1.1, 0), (185, 3.0, 0), (205, 4.6, 0), (232, 4.5, 0.05)),
            *((252, 3.7, 0.3), (271, 2.6, 0.75), (275, 0.4, 1), (300, 0.15, 1), (320, 0, 1)),
        ),
    ),
    CropCalendar(
        name="sugar beet",
        leaf=Leaf.BROADLEAF_CROP,
        harvest_day=298,
        weight=0.9,
        knots=(
            *((104, 0, 0), (128, 0.2, 0), (150, 1.2, 0), (172, 3.6, 0), (200, 5.0, 0), (255, 4.2, 0.05)),
            *((292, 3.6, 0.1), (299, 0.5, 0.6), (318, 0, 1)),
        ),
    ),
    CropCalendar(
        name="potato",
        leaf=Leaf.BROADLEAF_CROP,
        harvest_day=258,
        weight=0.9,
        knots=(
            *((128, 0, 0), (145, 0.5, 0), (162, 2.4, 0), (180, 4.4, 0), (205, 4.2, 0.05), (226, 3.0, 0.25)),
            *((243, 1.4, 0.8), (257, 0.6, 1), (264, 0.1, 1), (275, 0, 1)),
        ),
    ),
    CropCalendar(
        name="spring barley",
        leaf=Leaf.CEREAL,
        harvest_day=212,
        weight=0.9,
        knots=(
            *((80, 0, 0), (98, 0.3, 0), (120, 1.9, 0), (142, 4.4, 0), (160, 4.0, 0.08), (178, 2.9, 0.45)),
            *((195, 2.2, 0.95), (210, 2.0, 1), (213, 0.7, 1), (238, 0.35, 1), (262, 0, 1)),
        ),
    ),
    CropCalendar(
        name="sunflower",
        leaf=Leaf.BROADLEAF_CROP,
        harvest_day=258,
        weight=0.7,
        knots=(
            *((112, 0, 0), (132, 0.3, 0), (155, 1.6, 0), (178, 3.6, 0), (200, 3.3, 0.1), (222, 2.2, 0.45)),
            *((245, 1.4, 0.95), (257, 1.2, 1), (260, 0.3, 1), (285, 0, 1)),
        ),
    ),
    CropCalendar(
        name="fallow",
        leaf=Leaf.GRASS,
        harvest_day=330,
        weight=0.4,
        knots=(
            *((70, 0.1, 0.5), (105, 0.6, 0.1), (140, 1.4, 0.05), (180, 1.5, 0.3), (230, 1.0, 0.55)),
            *((280, 1.1, 0.4), (325, 0.6, 0.6), (345, 0, 1)),
        ),
    ),
    CropCalendar(
        name="soybean and maize",
        leaf=Leaf.BROADLEAF_CROP,
        harvest_day=330,
        weight=0.0,
        knots=(
            *((90, 0, 0), (108, 0.4, 0), (132, 3.0, 0), (158, 5.2, 0), (182, 4.0, 0.2), (200, 1.4, 0.9)),
            *((207, 0.3, 1), (222, 0.3, 0.1), (248, 2.6, 0), (272, 3.8, 0), (300, 2.6, 0.35), (324, 1.6, 0.95)),
            *((331, 0.4, 1), (360, 0.15, 1), (375, 0, 1)),
        ),
    ),
)
"""Double cropping has weight 0: only warm places grow it. The position of a crop is its code."""

CROP_NAMES = tuple(c.name for c in CROPS)
DOUBLE_CROP = CROP_NAMES.index("soybean and maize")

GRASSLAND: Knots = (
    *((1, 0.9, 0.4), (55, 0.9, 0.4), (85, 1.5, 0.15), (108, 2.8, 0.02), (132, 4.0, 0), (170, 3.6, 0.08)),
    *((215, 2.9, 0.16), (262, 2.7, 0.1), (300, 2.0, 0.15), (335, 1.2, 0.3), (366, 0.9, 0.4)),
)
DECIDUOUS_FOREST: Knots = (
    *((1, 1.1, 0.8), (92, 1.1, 0.75), (108, 1.4, 0.5), (122, 2.8, 0.08), (142, 4.8, 0), (160, 5.2, 0)),
    *((235, 4.9, 0.03), (265, 4.3, 0.12), (285, 3.4, 0.45), (303, 2.1, 0.85), (320, 1.2, 0.88), (366, 1.1, 0.8)),
)
"""Leaf area in winter is litter, ground vegetation and bark."""
CONIFER_FOREST: Knots = (
    *((1, 4.1, 0.14), (70, 4.1, 0.14), (120, 4.4, 0.08), (165, 5.0, 0.03), (230, 4.9, 0.04)),
    *((300, 4.4, 0.08), (366, 4.1, 0.14)),
)
EVERGREEN_FOREST: Knots = (
    *((1, 4.3, 0.04), (90, 4.6, 0.02), (150, 5.0, 0.02), (210, 4.6, 0.08), (270, 4.2, 0.1), (320, 4.2, 0.06)),
    (366, 4.3, 0.04),
)
SAVANNA: Knots = (
    *((1, 0.25, 0.95), (120, 0.2, 1), (150, 0.5, 0.4), (185, 1.8, 0.02), (225, 2.4, 0), (262, 1.8, 0.3)),
    *((295, 1.0, 0.8), (330, 0.5, 0.95), (366, 0.25, 0.95)),
)
SHRUBLAND: Knots = (
    *((1, 0.7, 0.25), (70, 0.9, 0.15), (120, 1.3, 0.05), (160, 1.2, 0.2), (215, 0.7, 0.5), (265, 0.6, 0.5)),
    *((320, 0.7, 0.3), (366, 0.7, 0.25)),
)
CLEARING: Knots = (
    *((1, 0.7, 0.8), (90, 0.6, 0.75), (120, 1.0, 0.3), (150, 1.7, 0.08), (200, 2.0, 0.15), (250, 1.6, 0.3)),
    *((290, 1.1, 0.6), (330, 0.8, 0.8), (366, 0.7, 0.8)),
)
"""Grasses, brambles and saplings on a felled stand, fully grown; phenology lets them come up over some years."""
BARE: Knots = ((1, 0.08, 0.7), (140, 0.15, 0.4), (220, 0.1, 0.8), (366, 0.08, 0.7))
SEALED: Knots = ((1, 0, 0), (366, 0, 0))
