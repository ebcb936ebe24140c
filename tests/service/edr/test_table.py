"""CSV; what the whole service answers is checked in test_queries.py."""

import numpy as np

from core.product import Layer, LegendEntry
from service.edr.coords import CRS84
from service.edr.table import as_csv
from service.edr.times import day
from service.edr.values import Axes, Group, Values

LEGEND = (LegendEntry(value=0, label="None, or bare", colour=(0, 0, 0)),)
LAYERS = {"class": Layer(name="class", description="", legend=LEGEND), "share": Layer(name="share", description="")}


def test_a_cell_without_a_value_is_empty_and_never_zero() -> None:
    values = {"class": np.array([[[0.0, np.nan, np.nan]]]), "share": np.array([[[np.nan, 0.0, np.nan]]])}
    group = Group(times=(day("2022-05-01"),), layers=LAYERS, values=values)
    axes = Axes(crs=CRS84, x=(10.0, 11.0, 12.0), y=(48.0,))
    facts = {"landcast:job": "j", "landcast:complete": False, "landcast:simulated": True}
    assert as_csv(Values(axes=axes, groups=(group,)), facts).splitlines() == [
        "time,lon,lat,class,class_label,share,job,issue_date,complete,simulated",
        '2022-05-01,10.0,48.0,0,"None, or bare",,j,,false,true',
        "2022-05-01,11.0,48.0,,,0.0,j,,false,true",
    ]
