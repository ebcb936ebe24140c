"""Tables for a terminal: columns of equal width, as plain text. One way for every table that is printed.

Not by rich, which wraps and cuts cells to the width of the terminal: the text is also read by programs and tests.
"""

from collections.abc import Sequence
from itertools import zip_longest

GAP = "  "


def text_table(rows: Sequence[Sequence[str]], *, left: int = 1) -> str:
    """Return rows as lines of text in aligned columns.

    Args:
        rows: cells by row, headings first; a row may be shorter than others.
        left: the first so many columns are flush left, the others flush right.

    Returns:
        One line a row, without blanks at its end; empty without rows.
    """
    columns = list(zip_longest(*rows, fillvalue=""))
    widths = [max(map(len, column)) for column in columns]
    padded = [
        [cell.ljust(width) if number < left else cell.rjust(width) for cell in column]
        for number, (column, width) in enumerate(zip(columns, widths, strict=True))
    ]
    return "\n".join(GAP.join(row).rstrip() for row in zip(*padded, strict=True))
