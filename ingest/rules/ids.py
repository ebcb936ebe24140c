"""Ids as they are written: 007, NA and 1e5 are names, not numbers or gaps. No files."""

from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray


def read_ids(column: "pd.Series[Any]") -> NDArray[np.object_]:
    """Return (N,) texts; empty = no id. Spaces around a text and `.0` of a whole number are left out."""
    return np.array([text_of(v) for v in column.tolist()], object)


def text_of(value: Any) -> str:
    """Return an id, or the value of a class, as text; empty where there is none."""
    if isinstance(value, str):
        return value.strip()
    if value is None or value is pd.NA or value is pd.NaT or value != value:
        return ""
    if isinstance(value, float | np.floating) and float(value).is_integer():
        return str(int(value))
    return value.decode("utf-8", "replace").strip() if isinstance(value, bytes) else str(value).strip()


def is_row_number(ids: NDArray[np.object_]) -> bool:
    """Tell whether ids count the rows one by one, in either direction or any order."""
    try:
        numbers = np.sort(np.array([int(i) for i in ids], np.int64))
    except ValueError:
        return False
    return len(numbers) > 1 and bool((np.diff(numbers) == 1).all())
