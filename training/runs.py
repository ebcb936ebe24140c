"""Runs: the named entries of training and fine-tuning. Numbers only; nothing is trained here."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Literal, cast, get_args

from core.errors import InvalidOption
from models.registry import TrunkLayer

Tune = Literal["heads", "low-rank", "all"]


@dataclass(frozen=True, kw_only=True)
class Run:
    """One named training or fine-tuning."""

    name: str
    """Name of the checkpoint that it makes."""
    version: str = "1"
    """Version of that checkpoint: a new one for each change of the weights that ship."""
    task: str
    """`forecast`, `canopy` or `crop`."""
    size: str = "small"
    """Named size of the network (forecast), unused otherwise."""
    trunk: str = ""
    """Checkpoint that fine-tuning starts from; empty = from random weights."""
    mixture: Mapping[str, float] = field(default_factory=dict)
    """Training set -> share of the batches."""
    holdout: str = ""
    """Set that is held out: a part of it is for evaluation (forecast), or its folds fit the calibration (classes)."""
    before: str = ""
    """Observations of the holdout set on or after this date are not learned from (forecast); empty = all are."""
    relies_on: tuple[str, ...] = ()
    """Runs of forecasters that learned from less: the hindcasts of each, of the year after, give the calibration."""
    is_default: bool = True
    """Whether its checkpoint is used where none is named."""
    holdout_until: str = ""
    """The held-out year ends here; empty = nothing is held out and the last weights are kept (forecast)."""
    classes: tuple[str, ...] = ()
    months: int = 0
    """Calendar months that are read (canopy, crop)."""
    tune: Tune = "heads"
    """What is learned besides class heads: nothing of the trunk, low-rank changes of its attention, or all of it."""
    layer: TrunkLayer = "none"
    """States of the trunk that class heads read: they are worth nothing (docs/explanation/ablations.md)."""
    members: int = 6
    """Class heads side by side."""
    kept_heads: int = 0
    """Of the quantile heads that learn side by side, how many forecast (forecast); 0 = all (docs/decisions/0015)."""
    trees: int = 0
    """Rounds of trees grown beside the class heads, on series as they are (training/finetune.py); 0 = none."""
    copies: int = 4
    """Altered copies of each labelled series that are learned from beside it."""
    cuts: int = 0
    """Further copies, each cut to a short history or few bands (training/histories.py)."""
    whole_cuts: float = 0.0
    """Share of these whose history stays whole, so that only their bands are fewer."""
    steps: int = 2000
    batch: int = 48
    """Series of one backward pass, on each rank."""
    accumulate: int = 1
    """Backward passes of one step: their gradients are averaged, as among ranks."""
    precision: Literal["float32", "bfloat16"] = "float32"
    """bfloat16: the network's products, where the machine has a GPU or CPU that is fast at it; the rest is float32."""
    targets: int = 12
    learning_rate: float = 1e-3
    warmup: int = 150
    weight_decay: float = 0.1
    clip: float = 1.0
    average: float = 0.998
    """Decay of the running average of the weights, which is what is kept."""
    check_every: int = 200
    """Steps from one held-out score, line of the log and saved state to the next."""
    patience: int = 0
    """So many checks without a better score end the run; 0 = none do."""
    seed: int = 0

    def with_tune(self, tune: str) -> "Run":
        """Return the run with another part of the trunk learned, whose states the heads read then; empty = as it is.

        Raises:
            InvalidOption: it is no `Tune`.
        """
        check_tune(tune)
        if not tune:
            return self
        is_read = tune != "heads" and self.layer == "none"
        return replace(self, tune=cast(Tune, tune), layer="last" if is_read else self.layer)

    def to_json(self) -> dict[str, Any]:
        """Return the fields for a model card."""
        return asdict(self)


def check_tune(tune: str) -> None:
    """Check what of the trunk is to be learned; empty = as the run has it.

    Raises:
        InvalidOption: it is no `Tune`.
    """
    known = get_args(Tune)
    if tune and tune not in known:
        raise InvalidOption("--tune", tune, f"it is one of {', '.join(known)}")


_SERIES = {
    "hrvpp_s2_sites": 0.34,
    "modis_brazil_longstacks": 0.06,
    "modis_matogrosso_raster": 0.03,
    "modis_flux_sites": 0.05,
    "slovenia_testeopatch": 0.04,
    "rondonia_s2_points": 0.04,
    "worldcereal_points": 0.10,
    "worldcereal_patches": 0.05,
    "fusets_spain_fields": 0.02,
    "landsat_vermont_30years": 0.03,
    "simulated": 0.08,
    "simulated_index": 0.25,
}
_ALL_SERIES = {
    **_SERIES,
    "fordead_conifer_cube:whole": 0.06,
    "romania_forest_cube": 0.05,
    "franconia_grassland_s2": 0.04,
}

_FORECASTER = Run(
    name="ndvi-small",
    task="forecast",
    size="features",
    mixture=_SERIES,
    holdout="hrvpp_s2_sites",
    steps=3600,
    batch=128,
    learning_rate=2e-3,
    clip=2.0,
    check_every=200,
    kept_heads=1,
    version="2",
)
"""What the forecasters below share; they differ in what they may learn from."""

_CLASSES = Run(
    name="",
    task="",
    trunk="earthpt-small",
    steps=600,
    batch=128,
    learning_rate=2e-3,
    warmup=40,
    clip=5.0,
    average=0.99,
    check_every=100,
    members=1,
    trees=300,
)
"""What class models share."""

RUNS = {
    run.name: run
    for run in (
        replace(
            _FORECASTER,
            mixture=_ALL_SERIES,
            relies_on=("ndvi-small-before-2020", "ndvi-small-before-2021", "ndvi-small-before-2022"),
        ),
        replace(
            _FORECASTER,
            name="ndvi-small-before-2022",
            before="2022-01-01",
            relies_on=("ndvi-small-before-2020", "ndvi-small-before-2021"),
            is_default=False,
        ),
        replace(_FORECASTER, name="ndvi-small-before-2021", before="2021-01-01", is_default=False),
        replace(_FORECASTER, name="ndvi-small-before-2020", before="2020-01-01", is_default=False),
        replace(
            _FORECASTER,
            name="earthpt-small",
            size="small",
            kept_heads=0,
            before="2022-01-01",
            batch=64,
            is_default=False,
        ),
        replace(
            _CLASSES,
            name="canopy",
            task="canopy",
            mixture={
                "hrvpp_s2_sites": 0.25,
                "fordead_conifer_cube": 0.3,
                "rondonia_s2_points": 0.1,
                "worldcereal_points": 0.1,
                "romania_forest_cube": 0.06,
                "franconia_grassland_s2": 0.02,
                "simulated_canopy": 0.25,
            },
            holdout="hrvpp_s2_sites",
            classes=("none", "conifer", "broadleaf"),
            months=36,
            version="3",
            trees=200,
            copies=2,
            cuts=7,
            whole_cuts=0.3,
        ),
        replace(
            _CLASSES,
            name="crop",
            task="crop",
            version="3",
            mixture={
                "worldcereal_points": 0.74,
                "africa_crop_halfyears": 0.18,
                "rondonia_s2_points": 0.04,
                "franconia_grassland_s2": 0.02,
                "simulated": 0.02,
            },
            copies=3,
            cuts=4,
            whole_cuts=0.3,
            holdout="worldcereal_points",
            classes=("non_crop", "crop"),
            months=18,
        ),
    )
}
"""Every checkpoint that ships, and how it is made: `landcast train NAME` or `landcast finetune NAME`."""
