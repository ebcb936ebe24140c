"""`landcast evaluate embeddings`: options and their check. The work is done in evaluation/probes/."""

from pathlib import Path
from typing import Annotated

import typer

from cli.progress import show_progress
from evaluation.probes.report import render_text, run_probe
from evaluation.probes.tables import read_labels


def evaluate_embeddings(
    table: Annotated[Path, typer.Argument(metavar="TABLE", help="Embeddings that 'landcast embed' wrote.")],
    labels: Annotated[
        Path, typer.Option("--labels", metavar="TABLE", help="Table with series_id, a label, and a place.")
    ],
    column: Annotated[
        str, typer.Option("--column", metavar="NAME", help="Column of the label; default: the only one.")
    ] = "",
    place_column: Annotated[
        str,
        typer.Option(
            "--place-column", metavar="NAME", help="Column of the place; default: 'place', else each series is a place."
        ),
    ] = "",
    against: Annotated[
        Path | None, typer.Option("--against", metavar="TABLE", help="Other embeddings of the same series.")
    ] = None,
) -> None:
    """Measure how well a linear probe predicts labels from embeddings, in places that it was not trained on.

    Classes by logistic regression, numbers by ridge regression; the majority class or the mean is the baseline. With
    --against, also measure how many neighbours two embeddings share.
    """
    tables = [table] if against is None else [table, against]
    with show_progress("probe") as progress:
        result = run_probe(tables, read_labels(labels, column=column, place_column=place_column))
        progress(1.0)
    print(render_text(result))
