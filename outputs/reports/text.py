"""A report as text for a terminal: sentences and tables; pictures and provenance are on the page only."""

from collections.abc import Iterator

from core.text_table import text_table
from outputs.reports.report import Cell, Report, Section, Table


def render_text(report: Report) -> str:
    """Return a report as text: its basis, all tables with their titles, and its findings last."""
    basis = [*report.basis, *([report.caution] if report.caution else [])]
    tables = [part for section in report.sections for part in _parts(section)]
    return "\n\n".join(part for part in ("\n".join(basis), *tables, "\n".join(report.findings)) if part)


def table_text(table: Table) -> str:
    """Return a table below its title."""
    rows = [list(table.heads), *([_one_line(cell) for cell in row] for row in table.cells)]
    return "\n".join([*([table.title] if table.title else []), text_table(rows, left=table.names)])


def _parts(section: Section) -> Iterator[str]:
    yield "\n".join(section.notes)
    yield from (table_text(table) for table in section.tables)
    for part in section.sections:
        yield from _parts(part)


def _one_line(cell: Cell) -> str:
    return f"{cell.text} ({cell.detail})" if cell.detail else cell.text
