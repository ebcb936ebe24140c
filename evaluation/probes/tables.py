"""Tables of embeddings and of labels, read and checked."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.errors import InvalidOption, InvalidTable
from ingest.tables import ID_COLUMNS

PLACE_COLUMN = "place"
"""Column of the place where no other is named."""
_DIMENSION = re.compile(r"e\d{3,}")


@dataclass(frozen=True, kw_only=True)
class Labels:
    """The label and the place of each series."""

    values: pd.DataFrame
    """Index: series id; columns `label` and `place`; no row without a label."""
    column: str
    """Name of the label."""
    place_column: str
    """Empty = each series is a place of its own."""


def read_embeddings(path: Path) -> pd.DataFrame:
    """Read a table as `landcast embed` writes it; series never seen are left out.

    Returns:
        Index: series id; columns e000, e001, ...

    Raises:
        InvalidTable: it has no id or no such column, or names a series twice.
    """
    table = _read(path)
    columns = [c for c in table if _DIMENSION.fullmatch(str(c))]
    if not columns:
        raise InvalidTable(path, "it has no column e000, e001, ..., so it is no table of 'landcast embed'")
    numbers = {c: pd.to_numeric(table[c], errors="coerce").to_numpy() for c in columns}
    return pd.DataFrame(numbers, index=pd.Index(_ids(path, table))).dropna()


def read_labels(path: Path, *, column: str, place_column: str) -> Labels:
    """Read one label of each series, and the place that it lies in.

    Args:
        column: empty = the only column besides id and place.
        place_column: empty = `place` where there is such a column.

    Raises:
        InvalidTable: it cannot be read, has no id, or names a series twice.
        InvalidOption: a column is not there, or there are several and none is named.
    """
    table = _read(path)
    ids = _ids(path, table)
    names = [str(c) for c in table if c not in ID_COLUMNS]
    if place_column and place_column not in names:
        raise InvalidOption("--place-column", place_column, f"the columns are {', '.join(names)}")
    place = place_column or (PLACE_COLUMN if PLACE_COLUMN in names and column != PLACE_COLUMN else "")
    left = [n for n in names if n != place]
    if column not in left and (column or len(left) != 1):
        raise InvalidOption("--column", column, f"name one of the columns {', '.join(left)}")
    chosen = column or left[0]
    places = table[place].astype(str).to_numpy() if place else np.array(ids)
    values = pd.DataFrame({"label": table[chosen].to_numpy(), "place": places}, index=pd.Index(ids))
    return Labels(values=values.dropna(subset=["label"]), column=chosen, place_column=place)


def _read(path: Path) -> pd.DataFrame:
    if not path.is_file():
        raise InvalidTable(path, "there is no such file")
    readers: dict[str, Any] = {".parquet": pd.read_parquet, ".csv": pd.read_csv}
    if path.suffix.lower() not in readers:
        raise InvalidTable(path, f"its ending is '{path.suffix}', not .parquet or .csv")
    try:
        table: pd.DataFrame = readers[path.suffix.lower()](path)
    except (OSError, ValueError) as error:
        raise InvalidTable(path, f"it is not readable as {path.suffix[1:]} ({str(error).splitlines()[0]})") from None
    return table


def _ids(path: Path, table: pd.DataFrame) -> list[str]:
    name = next((c for c in ID_COLUMNS if c in table), None)
    if name is None:
        raise InvalidTable(path, "it has no column 'series_id' or 'sample_id'")
    ids = table[name].astype(str)
    if ids.duplicated().any():
        raise InvalidTable(path, f"it names series '{ids[ids.duplicated()].iloc[0]}' twice")
    return list(ids)
