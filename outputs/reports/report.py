"""The nouns of a report: sections, tables, pictures and facts. How they look is in text.py and in templates/."""

import base64
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from models.metrics.forecast_scores import Interval
from outputs.reports.numbers import ends, number


@dataclass(frozen=True, kw_only=True)
class Cell:
    """One cell of a table."""

    text: str
    detail: str = ""
    """Below the text, in small print: mostly the interval of a figure."""
    shade: float = 0.0
    """0..1, how dark the cell is on a page."""


Row = Sequence[str | Cell]


@dataclass(frozen=True, kw_only=True)
class Table:
    """A table: the first columns name the row, the others hold figures."""

    title: str = ""
    heads: Sequence[str]
    rows: Sequence[Row]
    note: str = ""
    """How to read it."""
    names: int = 1
    """Columns of words, before those of figures."""

    @property
    def cells(self) -> list[list[Cell]]:
        """All rows, every cell as a `Cell`."""
        return [[Cell(text=cell) if isinstance(cell, str) else cell for cell in row] for row in self.rows]


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A picture, drawn only when a page is rendered."""

    alt: str
    """What it shows, for whoever cannot see it."""
    draw: Callable[[], bytes]
    """Returns a PNG."""
    caption: str = ""
    is_pixelated: bool = False
    """A map of few pixels, which a browser must not blur."""

    @property
    def data_uri(self) -> str:
        """The PNG as part of a page."""
        return f"data:image/png;base64,{base64.b64encode(self.draw()).decode()}"


@dataclass(frozen=True, kw_only=True)
class Section:
    """A part of a report under a heading."""

    title: str = ""
    caution: str = ""
    """What makes all of it doubtful, such as simulated data."""
    sentences: Sequence[str] = ()
    pictures: Sequence[Picture] = ()
    tables: Sequence[Table] = ()
    notes: Sequence[str] = ()
    """Doubts about single figures."""
    sections: Sequence["Section"] = ()


@dataclass(frozen=True, kw_only=True)
class Report:
    """Everything that a reader is shown of one evaluation."""

    title: str
    basis: Sequence[str]
    """Sentences: what the figures rest on."""
    caution: str = ""
    """What makes all of it doubtful, such as simulated data."""
    findings: Sequence[str] = ()
    """Sentences: what the figures show, and which of them are doubtful."""
    sections: Sequence[Section] = ()
    provenance: Sequence[tuple[str, str]] = ()
    """Names and texts of facts: model, software, inputs."""
    source: str = ""
    """Where the method is published."""


def interval_cell(interval: Interval) -> Cell:
    """Return a figure with its interval below it, or without one where it is not defined."""
    return Cell(text=number(interval.value), detail=ends(interval))
