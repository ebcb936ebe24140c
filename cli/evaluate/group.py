"""`landcast evaluate`: its commands, each in a file beside this one."""

import typer

from cli.group import Command, lazy_group

COMMANDS = {
    "model": Command(
        place="cli.evaluate.model:evaluate_model", help="Measure a model on data that it was not trained on."
    ),
    "forecast": Command(
        place="cli.evaluate.forecast:evaluate_forecast",
        help="Score forecasts of the past of your own data.",
    ),
    "embeddings": Command(
        place="cli.evaluate.embeddings:evaluate_embeddings",
        help="Measure how well a linear probe predicts labels from embeddings.",
    ),
    "map": Command(place="cli.evaluate.map:evaluate_map", help="Estimate accuracy and areas of a class map."),
    "sample": Command(
        place="cli.evaluate.map:evaluate_sample", help="Draw random points of a class map for you to label."
    ),
}
evaluate = typer.Typer(
    cls=lazy_group(COMMANDS),
    help="Measure how good a model is: on data that it was not trained on, or on the past of your own data.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@evaluate.callback()
def _group() -> None:
    pass
