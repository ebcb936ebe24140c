"""Names of the columns of a result for fields. Their lines are made in findings.py."""

from core.forecast import QUANTILE_COLUMNS

OF_HISTORY = ("ndvi_mean", "ndvi_std", "clear_share")
OF_CLASSES = ("p_crop", "p_conifer", "p_broadleaf")
SHARES = ("crop_share", "conifer_share", "broadleaf_share")
COLUMNS = (
    "date",
    *OF_HISTORY,
    *QUANTILE_COLUMNS,
    "climatology",
    *OF_CLASSES,
    "clear_count",
    "last_clear",
    "dissimilarity",
    "flags",
    "anomaly",
    *SHARES,
    "hindcast_mae",
)
"""Columns after that of the ids, in order, in every result, whatever was ordered."""
NAME = "name"
"""Column of the names that a file has beside its ids."""
