"""Tables of embeddings and of labels: read, joined, probed, and told in sentences. The statistics are in probe.py."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from core.errors import InvalidOption, InvalidTable
from evaluation.linear_probe import DRAWS, MAX_ALIGNED, NEIGHBOURS, Alignment, Probe, Score, align, probe
from ingest.tables import ID_COLUMNS

PLACE_COLUMN = "place"
"""Taken as the place where no other column is named."""
_DIMENSION = re.compile(r"e\d{3,}")


@dataclass(frozen=True, kw_only=True)
class Labels:
    """What is known of each series."""

    values: pd.DataFrame
    """Index: series id; columns `label` and `place`; no row without a label."""
    column: str
    """Name of the label."""
    place_column: str
    """Empty = each series is a place of its own."""


@dataclass(frozen=True, kw_only=True)
class ProbeReport:
    """A finished probe."""

    names: tuple[str, ...]
    """Of the embeddings."""
    labels: Labels
    found: Probe
    alignment: Alignment | None
    """None = one table only, or too few series."""


def run_probe(tables: Sequence[Path], labels: Labels) -> ProbeReport:
    """Probe the labels on one or two tables of embeddings, on the series that all of them hold.

    Raises:
        InvalidTable: a table is no table of embeddings, or there are too few series, places or labels.
    """
    read = [read_embeddings(path) for path in tables]
    ids = list(labels.values.index)
    for table in read:
        ids = [name for name in ids if name in table.index]
    known = labels.values.loc[ids]
    _check_known(known, tables[0], labels)
    places = known["place"].to_numpy(np.str_)
    embeddings = [table.loc[ids].to_numpy(np.float64) for table in read]
    found = probe(embeddings, known["label"].to_numpy(), places)
    alignment = _alignment(embeddings, places) if len(embeddings) > 1 else None
    return ProbeReport(names=tuple(p.name for p in tables), labels=labels, found=found, alignment=alignment)


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
        InvalidOption: a column is not there, or it is not clear which one is meant.
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


def _check_known(known: pd.DataFrame, path: Path, labels: Labels) -> None:
    if not len(known):
        raise InvalidTable(path, "none of its series has a label")
    places, distinct = known["place"].nunique(), known["label"].nunique()
    if places < 3:
        raise InvalidTable(path, f"its series with labels lie in {places} places, and folds by place need at least 3")
    if distinct < 2:
        raise InvalidTable(path, f"all its series have the same '{labels.column}'")


def _alignment(embeddings: Sequence[NDArray[Any]], places: NDArray[np.str_]) -> Alignment | None:
    """Compare two embeddings on one series of each place: neighbours in space would be near in both trivially."""
    order = np.random.default_rng(3).permutation(len(places))
    rows = order[np.unique(places[order], return_index=True)[1]][:MAX_ALIGNED]
    return align(*(e[rows] for e in embeddings)) if len(rows) >= NEIGHBOURS + 2 else None


def render_probe(report: ProbeReport) -> str:
    """Return the report as lines of text."""
    found, labels = report.found, report.labels
    kind = f"{found.classes} classes" if found.is_class else "a number"
    where = f"by column '{labels.place_column}'" if labels.place_column else "each series a place of its own"
    lines = [
        f"label '{labels.column}' ({kind}) of {found.count} series in {found.places} places ({where}), "
        f"{found.folds} folds by place",
        f"{'accuracy' if found.is_class else 'R2'} in places not trained on, with 95 % intervals over places:",
    ]
    width = max(len(n) for n in (*report.names, "majority class"))
    lines += [f"  {name:<{width}}  {_text(s)}" for name, s in zip(report.names, found.scores, strict=True)]
    lines.append(f"  {'majority class' if found.is_class else 'mean':<{width}}  {_text(found.baseline)}")
    baseline = "the majority class" if found.is_class else "the mean"
    lines += [_verdict(n, baseline, gain) for n, gain in zip(report.names, found.gains, strict=True)]
    lines += [_verdict(report.names[0], n, m) for n, m in zip(report.names[1:], found.margins, strict=True)]
    if len(report.names) > 1:
        lines.append(_aligned(report.alignment, found.places))
    return "\n".join(lines)


def _text(score: Score) -> str:
    return f"{score.value:6.3f}  ({score.low:.3f} to {score.high:.3f})"


def _verdict(name: str, other: str, gain: Score) -> str:
    word = "better than" if gain.low > 0 else "worse than" if gain.high < 0 else "not told apart from"
    return f"{name} is {word} {other}: difference {gain.value:.3f} ({gain.low:.3f} to {gain.high:.3f})"


def _aligned(found: Alignment | None, places: int) -> str:
    if found is None:
        return f"mutual neighbours need {NEIGHBOURS + 2} places, and there are {places}"
    return (
        f"mutual neighbours: {found.score:.3f} of k = {found.neighbours}, n = {found.count}, one of each place, "
        f"shuffled {found.floor:.3f}, p = {found.p_value:.3f} by {DRAWS} permutations"
    )


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
