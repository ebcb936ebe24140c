"""Labels probed on tables of embeddings, and the report of it as text."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd

from core.errors import InvalidTable
from evaluation.probes.linear_probe import Probe, probe
from evaluation.probes.neighbours import NEIGHBOURS, PERMUTATIONS, Alignment, align_places
from evaluation.probes.tables import Labels, read_embeddings
from models.metrics.forecast_scores import Interval
from outputs.reports import text
from outputs.reports.numbers import excludes_zero, interval_text
from outputs.reports.report import Report, Section, Table, interval_cell

MIN_PLACES = 3
"""Folds by place, and folds within the training places, need so many."""


@dataclass(frozen=True, kw_only=True)
class ProbeResult:
    """A finished probe."""

    names: tuple[str, ...]
    """Of the embeddings."""
    labels: Labels
    found: Probe
    alignment: Alignment | None
    """None = one table only, or too few series."""


def run_probe(tables: Sequence[Path], labels: Labels) -> ProbeResult:
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
    alignment = align_places(embeddings, places) if len(embeddings) > 1 else None
    return ProbeResult(names=tuple(p.name for p in tables), labels=labels, found=found, alignment=alignment)


def render_text(result: ProbeResult) -> str:
    """Return a probe for a terminal."""
    return text.render_text(probe_report(result))


def probe_report(result: ProbeResult) -> Report:
    """Return the report of a probe."""
    found, labels = result.found, result.labels
    kind = f"{found.classes} classes" if found.is_class else "a number"
    where = f"by column '{labels.place_column}'" if labels.place_column else "each series is a place of its own"
    title = f"{'Accuracy' if found.is_class else 'R2'} in places not trained on, with 95 % interval over places"
    names = (*result.names, "majority class" if found.is_class else "mean")
    scores = [(name, interval_cell(s)) for name, s in zip(names, (*found.scores, found.baseline), strict=True)]
    basis = (
        f"Label '{labels.column}' ({kind}) of {found.count} series in {found.places} places ({where}), {found.folds} "
        "folds by place."
    )
    return Report(
        title=f"Probe of {labels.column}",
        basis=(basis,),
        findings=tuple(_findings(result)),
        sections=(Section(tables=(Table(title=title, heads=("", "score"), rows=scores),)),),
    )


def _check_known(known: pd.DataFrame, path: Path, labels: Labels) -> None:
    if not len(known):
        raise InvalidTable(path, "none of its series has a label")
    places, distinct = known["place"].nunique(), known["label"].nunique()
    if places < MIN_PLACES:
        reason = f"its series with labels lie in {places} places, and folds by place need at least {MIN_PLACES}"
        raise InvalidTable(path, reason)
    if distinct < 2:
        raise InvalidTable(path, f"all its series have the same '{labels.column}'")


def _findings(result: ProbeResult) -> Iterator[str]:
    found, first = result.found, result.names[0]
    baseline = "the majority class" if found.is_class else "the mean"
    for name, gain in zip(result.names, found.gains, strict=True):
        yield _compare(name, baseline, gain)
    for name, margin in zip(result.names[1:], found.margins, strict=True):
        yield _compare(first, name, margin)
    if len(result.names) > 1:
        yield _agreement(result.alignment, found.places)


def _compare(name: str, other: str, difference: Interval) -> str:
    if not excludes_zero(difference):
        return f"The difference between {name} and {other} may be chance: {interval_text(difference)}."
    word = "better" if difference.value > 0 else "worse"
    return f"{name} is {word} than {other} by {interval_text(difference)}."


def _agreement(found: Alignment | None, places: int) -> str:
    if found is None:
        return f"Mutual neighbours need at least {NEIGHBOURS + 2} places, and there are {places}."
    return (
        f"Mutual neighbours: {found.score:.3f} (k = {found.neighbours}, n = {found.count}, one series of each place); "
        f"shuffled pairs give {found.floor:.3f}, p = {found.p_value:.3f} by {PERMUTATIONS} permutations."
    )
