"""Cloud masks: which name is one, what its codes mean, and which pixels they call clear. No files, no growing.

Every mask becomes one of three kinds: `SCL` keeps its classes, of which the settings choose; `CLM` is 0 clear,
1 hidden, 255 no data; `clear` is 1 usable, and its producer has grown it already.
"""

import re
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
from numpy.typing import NDArray

from ingest.rules.band_names import plain
from ingest.rules.mask_codes import (
    CLEAR,
    CLOUD_SCORE,
    NO_DATA,
    PROBABILITY,
    SCL_CLASSES,
    Codes,
    below,
    bits,
    byte,
    classes,
    fmask,
    percent,
    qa60,
    score,
)
from ingest.rules.numbers import SCL_CLEAR

MaskKind = Literal["SCL", "CLM", "clear"]


@dataclass(frozen=True, kw_only=True)
class MaskRule:
    """How the numbers of one kind of mask are read."""

    names: tuple[str, ...]
    """Lower case, without prefix and suffix (band_names.plain)."""
    used_by: str
    meaning: str
    """Of its codes, for people: what is clear."""
    read: Callable[[Codes], Codes]
    """From finite stored numbers to codes of its kind; the same shape."""
    kind: MaskKind = "CLM"
    unit: Callable[[Codes, str], str] | None = None
    """From known numbers and the name in the input to the reason why they have another unit; None = any will do."""


ANYONE = "many"
"""Who uses names that state no more than that they are a mask: flags of the variable say better what its codes mean."""


RULES: Sequence[MaskRule] = (
    MaskRule(names=("clear",), used_by="landcast", meaning="1 is clear", read=lambda stored: stored == 1, kind="clear"),
    MaskRule(
        names=("scl", "scene_classification", "scene_classification_map", "l2a_scl"),
        used_by="ESA, STAC, openEO, Earth Engine",
        meaning="scene classes of Sen2Cor; 2, 4, 5, 6, 7 are clear",
        read=lambda stored: np.where((stored >= 0) & (stored < SCL_CLASSES), stored, 0),
        kind="SCL",
    ),
    MaskRule(
        names=("clm",),
        used_by="Theia (MAJA), Sentinel Hub, FORDEAD",
        meaning="0 is clear; any bit is cloud or shadow, 255 no data",
        read=classes((0,)),
    ),
    MaskRule(
        names=("mg2",),
        used_by="Theia (MAJA)",
        meaning="bits; clear without cloud (1), snow (2) and cloud shadow (3)",
        read=bits(0b1110),
    ),
    MaskRule(
        names=("qai",),
        used_by="FORCE",
        meaning="bits; clear without no data (0), cloud (1, 2), cloud shadow (3) and snow (4)",
        read=bits(0b11110, fill=0b1),
    ),
    MaskRule(
        names=("oa_fmask",),
        used_by="Geoscience Australia",
        meaning="classes; 1 (land) and 5 (water) are clear, 0 no data",
        read=classes((1, 5), (0, 255)),
    ),
    MaskRule(
        names=("fmask",),
        used_by="HLS (bits), Geoscience Australia (classes)",
        meaning="bits of HLS, clear without cirrus (0), cloud (1), its neighbours (2), shadow (3) and snow (4); or "
        "classes, 1 (land) and 5 (water) are clear",
        read=fmask,
    ),
    MaskRule(
        names=("qa_pixel", "pixel_qa"),
        used_by="Landsat Collection 2",
        meaning="bits; clear without fill (0), cloud (1, 2, 3), shadow (4) and snow (5)",
        read=bits(0b111110, fill=0b1),
    ),
    MaskRule(
        names=("qa60",),
        used_by="Earth Engine",
        meaning="bits; clear without opaque cloud (10) and cirrus (11); empty from 2022-01-25 to 2024-02-27",
        read=bits(0b110000000000, fills=(65535,)),
        unit=qa60,
    ),
    MaskRule(
        names=("oa_s2cloudless_mask", "s2cloudless_mask"),
        used_by="Geoscience Australia",
        meaning="1 is clear, 2 cloud, 0 no data",
        read=classes((1,), (0, 255)),
    ),
    MaskRule(
        names=("cloud_classification",),
        used_by="sentle",
        meaning="0 is clear; 1 thick cloud, 2 thin cloud, 3 shadow",
        read=classes((0,)),
    ),
    MaskRule(
        names=("dlmask",),
        used_by="GreenEarthNet",
        meaning="0 is clear; 1 cloud, 2 thin cloud, 3 shadow, 4 no data",
        read=classes((0,), (4, 255)),
    ),
    MaskRule(
        names=("cs", "cs_cdf"),
        used_by="Earth Engine (Cloud Score+)",
        meaning=f"clear from {CLOUD_SCORE:g}",
        read=lambda stored: stored < CLOUD_SCORE,
        unit=score,
    ),
    MaskRule(
        names=("cldprb", "cld", "msk_cldprb", "cloud_probability", "probability", "cloudprobability"),
        used_by="ESA, Earth Engine",
        meaning=f"cloud probability in percent; clear below {100 * PROBABILITY:g}",
        read=below(PROBABILITY, 100),
        unit=percent,
    ),
    MaskRule(
        names=("clp",),
        used_by="Sentinel Hub",
        meaning=f"cloud probability, 0 to 255; clear below {255 * PROBABILITY:g}",
        read=below(PROBABILITY, 255),
        unit=byte,
    ),
    MaskRule(
        names=("cloud_mask", "cloudmask", "cloud", "clouds", "cloudy", "is_cloud", "iscloud", "is_cloudy", "cmask"),
        used_by=ANYONE,
        meaning="0 is clear, every other number is not",
        read=classes((0,)),
    ),
    MaskRule(
        names=("clear_mask", "is_clear", "cloud_free", "cloudfree", "valid_mask", "is_valid", "usable"),
        used_by=ANYONE,
        meaning="1 is clear",
        read=classes((1,)),
    ),
    MaskRule(
        names=("mask",),
        used_by="GreenEarthNet",
        meaning="0 is clear; 1 cloud, 2 shadow, 3 snow, 4 no data",
        read=classes((0,), (4, 255)),
    ),
)
"""In order of preference: of several masks of an input the first is used. `mask` counts only with the prefix `s2_`."""

HLS_FMASK = MaskRule(
    names=("fmask",),
    used_by="HLS",
    meaning="bits; clear without cirrus (0), cloud (1), its neighbours (2), shadow (3) and snow (4)",
    read=bits(0b11111, fills=(255,)),
)
"""Fmask where the input says that it is of HLS: then no codes have to tell."""


def _stated_probability(word: str, largest: float) -> MaskRule:
    meaning = f"cloud probability as {word}; clear below {PROBABILITY * largest:g}"
    return MaskRule(names=(word,), used_by="the user", meaning=meaning, read=below(PROBABILITY, largest))


PREFIXED = frozenset({"mask", "cloud_classification"})
"""Names too general to be a cloud mask without the prefix `s2_`."""
NO_MASK = "none"
STATED: Mapping[str, MaskRule] = {
    **{word: _stated_probability(word, largest) for word, largest in (("share", 1), ("percent", 100), ("byte", 255))},
    "clear": next(r for r in RULES if "clear_mask" in r.names),
    "cloud": next(r for r in RULES if "cloud_mask" in r.names),
}
"""Words of `--mask NAME=clear` and so on: clear and cloud say what 1 is, the others the unit of a probability."""
LIKE_A_MASK = re.compile(r"mask|cloud|clear|qa|fmask|quality|shadow|scl|flag", re.IGNORECASE)
"""Names that may be a mask, mentioned where no known one is found."""
CLEAR_WORDS = frozenset({"clear", "land", "water", "vegetation", "vegetated", "bare", "soil", "valid"})
CLOUD_WORDS = frozenset(
    {"cloud", "clouds", "cloudy", "cirrus", "shadow", "shadows", "snow", "ice", "haze", "saturated", "defective"}
)
NOTHING_WORDS = re.compile(r"no_?data|fill|missing|outside", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class FoundMask:
    """The mask of an input and how it is read."""

    name: str
    """In the input."""
    rule: MaskRule
    is_stated: bool = False
    """True = the user states what its codes mean."""

    @property
    def kind(self) -> MaskKind:
        """Kind of the codes that `codes` returns."""
        return self.rule.kind

    def codes(self, stored: NDArray[Any]) -> NDArray[np.uint8]:
        """Return codes of its kind, uint8, the same shape; what is not a number is no data."""
        numbers = np.asarray(stored)
        if numbers.dtype.kind == "b":
            numbers = numbers.astype(np.uint8)
        known = np.isfinite(numbers) if numbers.dtype.kind == "f" else np.ones(numbers.shape, bool)
        read = np.asarray(self.rule.read(np.where(known, numbers, 0)))
        nothing = {"SCL": 0, "clear": 0, "CLM": NO_DATA}[self.kind]
        return np.where(known, read, nothing).astype(np.uint8)

    def doubt(self, stored: NDArray[Any]) -> str:
        """Return why stored numbers are not those of such a mask, and what to state instead; empty = they may be.

        Args:
            stored: many of its numbers, any shape: a cloud among them shows the unit.
        """
        if self.is_stated:
            return ""
        numbers = np.asarray(stored)
        if numbers.dtype.kind not in "biuf":
            return f"'{self.name}' holds texts, not codes; give --mask none, or a mask of numbers"
        known = numbers[np.isfinite(numbers)] if numbers.dtype.kind == "f" else numbers.ravel()
        return self.rule.unit(known, self.name) if self.rule.unit and known.size else ""

    def hides_all(self, stored: NDArray[Any]) -> str:
        """Return a reason where the mask calls nothing clear by codes that cannot be its own; else an empty text.

        A cube that is cloudy throughout has codes of cloud; two codes of which none is clear have another meaning.
        """
        codes = self.codes(stored)
        is_clear = np.isin(codes, SCL_CLEAR) if self.kind == "SCL" else codes == (1 if self.kind == "clear" else CLEAR)
        numbers = np.asarray(stored, np.float64).ravel()
        known = np.unique(numbers[np.isfinite(numbers)])
        if is_clear.any() or not known.size or not self._is_odd(known, has_gaps=not np.isfinite(numbers).all()):
            return ""
        shown = ", ".join(f"{v:g}" for v in known[:5])
        return f"'{self.name}' calls nothing clear: its numbers are {shown} ({self.rule.meaning})"

    def _is_odd(self, known: NDArray[np.float64], *, has_gaps: bool) -> bool:
        """Return whether codes of which none is clear are unlike those of clouds."""
        if self.kind == "SCL":
            return bool(known.max() >= SCL_CLASSES or known.max() == 1)
        return self.rule.used_by == ANYONE and (known.size > 1 or has_gaps)

    def describe(self) -> str:
        """Return a phrase for people."""
        return f"mask: {self.name} ({self.rule.meaning})"


def find_mask(names: Sequence[str], *, stated: str = "") -> FoundMask | None:
    """Find the cloud mask among the names of an input; None where there is none, or `none` is stated.

    Args:
        names: of variables, columns, bands or files.
        stated: by the user, as `ReadAs.mask`.

    Raises:
        ValueError: what is stated is not among the names, or its codes are not known; the text says what to write.
    """
    if stated:
        return _stated(names, stated)
    for rule in RULES:
        for name in names:
            if _fits(name, rule):
                return FoundMask(name=name, rule=rule)
    return None


def mask_like(names: Iterable[str]) -> tuple[str, ...]:
    """Return the names that may be a mask of a kind that is not known."""
    return tuple(n for n in names if LIKE_A_MASK.search(n))


def rule_of_flags(name: str, attrs: Mapping[str, Any]) -> MaskRule | None:
    """Return the rule that a variable's CF flags state (CF conventions 1.11, section 3.5); None where there are none.

    A class is clear if its meaning is one of clear, land, water, vegetation; bits are not read in this way.
    """
    values, meanings = attrs.get("flag_values"), str(attrs.get("flag_meanings", "")).split()
    if values is None or not meanings or len(np.ravel(values)) != len(meanings) or attrs.get("flag_masks") is not None:
        return None
    pairs = [(float(v), m) for v, m in zip(np.ravel(values), meanings, strict=True)]
    nothing = [v for v, m in pairs if NOTHING_WORDS.search(m)]
    clear = [v for v, m in pairs if v not in nothing and _means_clear(m)]
    if not clear:
        return None
    words = ", ".join(f"{v:g} {m}" for v, m in pairs if v in clear)
    return MaskRule(
        names=(plain(name),),
        used_by="CF flags",
        meaning=f"by its flags, clear is {words}",
        read=classes(clear, nothing),
    )


def _means_clear(meaning: str) -> bool:
    words = set(re.split(r"[^a-z]+", meaning.lower()))
    if words & CLOUD_WORDS:
        return bool(words & {"no", "not", "free"})
    is_denied = bool(words & {"no", "not", "non"}) and bool(words & {"clear", "valid"})
    return bool(words & CLEAR_WORDS) and not is_denied


def _fits(name: str, rule: MaskRule) -> bool:
    short = plain(name)
    return short in rule.names and (short not in PREFIXED or name.lower().startswith("s2_"))


def _stated(names: Sequence[str], stated: str) -> FoundMask | None:
    if stated.lower() == NO_MASK:
        return None
    name, _, word = stated.partition("=")
    found = next((n for n in names if n.lower() == name.lower()), None)
    if found is None:
        raise ValueError(f"the input has no '{name}'; it has {', '.join(names) or 'nothing'}")
    rule = STATED.get(word.lower()) if word else next((r for r in RULES if plain(found) in r.names), None)
    if rule is None:
        raise ValueError(
            f"the codes of '{found}' are not known; write {found}=clear (1 is clear) or {found}=cloud (0 is)"
        )
    return FoundMask(name=found, rule=rule, is_stated=bool(word))
