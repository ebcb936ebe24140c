"""Lines of three fields: seen and forecast, seen, and not measured."""

import numpy as np
import pandas as pd
from shapely import box

from core.region import Field
from outputs.fields.write import Answer
from products.fields.columns import COLUMNS

NASTY = "<script>alert('x')</script> & \"co\""


def answer() -> Answer:
    days = pd.to_datetime(["2021-06-01", "2021-06-11", "2021-07-01", "2021-07-11", "2021-06-01", None])
    table = pd.DataFrame({"parcel": ["a", "a", "a", "a", NASTY, "c"], "date": days})
    table["ndvi_mean"] = [0.4, 0.5, np.nan, np.nan, 0.3, np.nan]
    table["climatology"] = [0.45, 0.5, 0.55, 0.6, 0.3, np.nan]
    for level, name in enumerate(("q05", "q25", "q50", "q75", "q95")):
        table[name] = [np.nan, np.nan, 0.3 + 0.1 * level, 0.2 + 0.1 * level, np.nan, np.nan]
    table["clear_count"] = [2, 2, 2, 2, 1, 0]
    table["p_crop"] = [0.75] * 4 + [np.nan] * 2
    table["last_clear"] = pd.to_datetime(["2021-06-11"] * 4 + ["2021-06-01", None])
    table["flags"] = ["", "", "", "", "too few clear dates to tell (1)", "not measured: it has no geometry"]
    table = table.reindex(columns=["parcel", *COLUMNS])
    fields = [Field(id="a", geometry=box(11, 48, 11.01, 48.01)), Field(id=NASTY, geometry=box(11, 48, 11.01, 48.02))]
    return Answer(
        table=table,
        positions=[0, 0, 0, 0, 1, 2],
        fields=[*fields, Field(id="c", defect="it has no geometry")],
        title="Fields of <b>fields.gpkg</b>",
        notes=("From 'sample'.",),
    )
