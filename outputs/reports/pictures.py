"""What all pictures of reports share: their colours, and a matplotlib figure as PNG."""

import io

from matplotlib.figure import Figure

INK, GRID = "#1f2a24", "#c9d1cc"
COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7", "#56b4e9", "#e69f00", INK)
"""The colour-blind can tell them apart (Okabe and Ito 2008)."""
DPI = 130


def figure_png(figure: Figure) -> bytes:
    """Return a figure as PNG; the same figure gives the same bytes."""
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=DPI, metadata={"Software": ""})
    return buffer.getvalue()
