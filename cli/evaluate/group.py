"""`landcast evaluate`: its commands, each in a file beside this one."""

import typer

from cli.evaluate.embeddings import evaluate_embeddings
from cli.evaluate.forecast import evaluate_forecast
from cli.evaluate.map import evaluate_map, evaluate_sample
from cli.evaluate.model import evaluate_model

evaluate = typer.Typer(
    help="Measure how good a model is: on the data that it was kept from, or on the past of your own data.",
    no_args_is_help=True,
    rich_markup_mode=None,
)
evaluate.command("model")(evaluate_model)
evaluate.command("forecast")(evaluate_forecast)
evaluate.command("embeddings")(evaluate_embeddings)
evaluate.command("map")(evaluate_map)
evaluate.command("sample")(evaluate_sample)
