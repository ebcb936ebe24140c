"""Quantities that can be forecast: NDVI, further spectral indices, and the bands themselves. Formulas with sources.

Models see each in units in which vegetation runs from about 0 to 1, as NDVI does, so that one network serves all.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from core.bands import CHANNELS, NDVI, OPTICAL, Floats, channel

Formula = Callable[[Mapping[str, Any]], Any]
"""Bands by name -> the quantity, by arithmetic alone: arrays of NumPy and tensors of a device have it both."""


@dataclass(frozen=True, kw_only=True)
class Quantity:
    """One thing that can be forecast for a pixel."""

    name: str
    """As in orders and tables."""
    title: str
    """What it is, with the source of its formula."""
    bands: tuple[str, ...]
    """Channels of a Series that it is computed from."""
    limits: tuple[float, float]
    """Smallest and largest value that is possible; forecasts are clipped to them."""
    shift: float = 0.0
    factor: float = 1.0
    """Models see (value - shift) * factor; a negative factor turns an index that falls with vegetation round."""
    formula: Formula | None = None
    """None = the channel of that name as it is."""

    @property
    def shown(self) -> tuple[float, float]:
        """Ends of a scale of colours: from bare ground to dense vegetation, ascending."""
        low, high = sorted(end / self.factor + self.shift for end in (0.0, 1.0))
        return low, high

    def of(self, values: Floats) -> Floats:
        """Compute it from channels.

        Args:
            values: (N, T, C) as in core.cube.Series.

        Returns:
            (N, T) in its own units; NaN where a band is unseen, or the formula has no value.
        """
        if self.formula is None:
            return np.asarray(values[..., channel(self.name)])
        with np.errstate(divide="ignore", invalid="ignore"):
            found = np.asarray(self.formula(_Bands(values)), np.float32)
        low, high = self.limits
        return np.where((found >= low) & (found <= high), found, np.nan).astype(np.float32)

    def model_values(self, values: Floats) -> Floats:
        """Compute it from channels (N, T, C), in the model's units: (N, T), NaN as `of` says."""
        return self.to_model(self.of(values))

    def to_model(self, values: Floats) -> Floats:
        """Turn own units into the model's."""
        return np.asarray((values - np.float32(self.shift)) * np.float32(self.factor), np.float32)

    def from_model(self, quantiles: Floats) -> Floats:
        """Turn (..., Q) ascending quantiles in the model's units into ascending ones in own units, clipped."""
        values = quantiles / np.float32(self.factor) + np.float32(self.shift)
        return np.asarray(np.clip(values[..., ::-1] if self.factor < 0 else values, *self.limits), np.float32)


class _Bands(Mapping[str, Floats]):
    """Channels of a series by name; B8A stands in for B08 where that was not seen."""

    def __init__(self, values: Floats) -> None:
        self._values = values

    def __getitem__(self, name: str) -> Floats:
        found: Floats = self._values[..., channel(name)]
        if name == "B08":
            return np.asarray(np.where(np.isfinite(found), found, self._values[..., channel("B8A")]), np.float32)
        return found

    def __iter__(self) -> Iterator[str]:
        return iter(CHANNELS)

    def __len__(self) -> int:
        return len(CHANNELS)


def _evi2(b: Mapping[str, Any]) -> Any:
    return 2.5 * (b["B08"] - b["B04"]) / (b["B08"] + 2.4 * b["B04"] + 1)


def _ndwi(b: Mapping[str, Any]) -> Any:
    return (b["B03"] - b["B08"]) / (b["B03"] + b["B08"])


def _gcvi(b: Mapping[str, Any]) -> Any:
    return b["B08"] / b["B03"] - 1


def _bsi(b: Mapping[str, Any]) -> Any:
    bare, green = b["B11"] + b["B04"], b["B08"] + b["B02"]
    return (bare - green) / (bare + green)


def _index(
    name: str, title: str, bands: tuple[str, ...], formula: Formula, limits: tuple[float, float], **scale: float
) -> Quantity:
    return Quantity(name=name, title=title, bands=bands, formula=formula, limits=limits, **scale)


_INDICES = (
    Quantity(
        name=NDVI.name,
        title="normalised difference vegetation index (Tucker 1979)",
        bands=(NDVI.name,),
        limits=(-0.3, 1.0),
    ),
    _index(
        "EVI2",
        "two-band enhanced vegetation index (Jiang et al. 2008, doi:10.1016/j.rse.2008.06.006)",
        ("B04", "B08"),
        _evi2,
        (-0.3, 1.2),
    ),
    _index(
        "NDWI",
        "normalised difference water index of green and near infrared (McFeeters 1996, doi:10.1080/01431169608948714)",
        ("B03", "B08"),
        _ndwi,
        (-1.0, 1.0),
        factor=-1.0,
    ),
    _index(
        "GCVI",
        "green chlorophyll vegetation index (Gitelson et al. 2003, doi:10.1029/2002GL016450)",
        ("B03", "B08"),
        _gcvi,
        (-1.0, 20.0),
        factor=0.125,
    ),
    _index(
        "BSI",
        "bare soil index (Rikimaru et al. 2002)",
        ("B02", "B04", "B08", "B11"),
        _bsi,
        (-1.0, 1.0),
        shift=0.4,
        factor=-1.0,
    ),
)
_BANDS = tuple(
    Quantity(
        name=b.name,
        title=f"surface reflectance of {b.name} ({b.wavelength_nm:.0f} nm)",
        bands=(b.name,),
        limits=(0.0, 1.0),
        factor=2.0,
    )
    for b in OPTICAL
)
QUANTITIES: Mapping[str, Quantity] = {q.name: q for q in (*_INDICES, *_BANDS)}
"""By name. The order is that of the flags that name the quantity in the inputs of a network."""


def position(name: str) -> int:
    """Return the place of a quantity among the flags."""
    return list(QUANTITIES).index(name)
