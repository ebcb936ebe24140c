"""What a back end that also makes the features is asked to do, beyond the series themselves. Loads no runtime."""

from dataclasses import dataclass
from typing import Protocol, runtime_checkable

from core.bands import Floats
from core.cube import Series
from core.quantities import Quantity
from core.timeline import Days
from models.calibration.evidence_scaling import EvidenceScaling
from models.calibration.quantiles import Calibration
from models.calibration.temperature import Temperature


@dataclass(frozen=True, kw_only=True)
class ForecastWork:
    """How a forecast is computed."""

    quantity: Quantity
    context: int
    """Most recent dates that become tokens."""
    calibration: Calibration | None
    """None = as the network predicts."""


@dataclass(frozen=True, kw_only=True)
class ClassWork:
    """How class probabilities are computed."""

    months: int
    """Calendar months that are read."""
    scaling: Temperature | EvidenceScaling
    with_states: bool


@runtime_checkable
class WholeBackend(Protocol):
    """A back end that does all on its device, from series to quantiles or probabilities."""

    def forecast(
        self, series: Series, issue_days: Days, target_days: Days, work: ForecastWork
    ) -> tuple[Floats, Floats]:
        """Return (N, H, Q) quantiles and (N, H) climatology in the quantity's own units, as `models.runtime.forecast`.

        Args:
            series: N of them; issue_days: (N,); target_days: (N, H).
        """

    def classify(self, series: Series, reference_days: Days, work: ClassWork) -> tuple[Floats, Floats]:
        """Return (N, K) probabilities and (N, 2 D) states, or (N, 0) where they are not wanted."""
