"""Tables of embeddings and of labels, read and checked."""

import re
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

from core.errors import InvalidOption, InvalidTable
from ingest.rules.ids import read_ids
from ingest.rules.refusal import Refused
from ingest.table.file import GAPS, TableFile, columns_of, read_file
from ingest.table.keys import series_column

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
    file = _read(path)
    columns = [c for c in file.columns if _DIMENSION.fullmatch(c)]
    if not columns:
        raise InvalidTable(path, "it has no column e000, e001, ..., so it is no table of 'landcast embed'")
    try:
        numbers = file.numbers(columns)
    except Refused as error:
        raise InvalidTable(path, str(error)) from None
    return pd.DataFrame(numbers, index=pd.Index(_ids(path, file)[1])).dropna()


def read_labels(path: Path, *, column: str, place_column: str) -> Labels:
    """Read one label of each series, and the place that it lies in.

    Args:
        column: empty = the only column besides id and place.
        place_column: empty = `place` where there is such a column.

    Raises:
        InvalidTable: it cannot be read, has no id, or names a series twice.
        InvalidOption: a column is not there, or there are several and none is named.
    """
    file = _read(path)
    table = file.table
    id_column, ids = _ids(path, file)
    names = [c for c in file.columns if c != id_column]
    if place_column and place_column not in names:
        raise InvalidOption("--place-column", place_column, f"the columns are {', '.join(names)}")
    place = place_column or (PLACE_COLUMN if PLACE_COLUMN in names and column != PLACE_COLUMN else "")
    left = [n for n in names if n != place]
    if column not in left and (column or len(left) != 1):
        raise InvalidOption("--column", column, f"name one of the columns {', '.join(left)}")
    chosen = column or left[0]
    places = table[place].astype(str).to_numpy() if place else np.array(ids)
    values = pd.DataFrame({"label": _typed(table[chosen]).to_numpy(), "place": places}, index=pd.Index(ids))
    return Labels(values=values.dropna(subset=["label"]), column=chosen, place_column=place)


def _typed(labels: "pd.Series[Any]") -> "pd.Series[Any]":
    """Return labels as numbers where a text file holds nothing else, and gaps as missing."""
    if not pd.api.types.is_string_dtype(labels.dtype):
        return labels
    texts = labels.where(~labels.astype(str).str.lower().isin(GAPS))
    numbers = pd.to_numeric(texts, errors="coerce")
    return numbers if numbers.notna().sum() == texts.notna().sum() else texts


def _read(path: Path) -> TableFile:
    try:
        return read_file(path)
    except Refused as error:
        raise InvalidTable(path, str(error)) from None


def _ids(path: Path, file: TableFile) -> tuple[str, list[str]]:
    """Return the column of ids and the ids.

    Raises:
        InvalidTable: there is none, or one comes twice.
    """
    try:
        name = series_column(file)
    except Refused as error:
        raise InvalidTable(path, str(error)) from None
    if not name:
        raise InvalidTable(path, f"it has no column 'series_id' or 'sample_id'; {columns_of(file)}")
    ids = pd.Series(read_ids(file.table[name]))
    if ids.duplicated().any():
        raise InvalidTable(path, f"it names series '{ids[ids.duplicated()].iloc[0]}' twice")
    return name, list(ids)
