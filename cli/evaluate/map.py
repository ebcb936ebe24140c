"""`landcast evaluate map` and `evaluate sample`: options and their checks. evaluation/map_accuracy/ does the work."""

from pathlib import Path
from typing import Annotated

import typer

from cli.arguments import check_out
from cli.progress import show_progress
from cli.read_as import Crs, Strict, parse_crs, say
from core.errors import InvalidOption
from core.source import ReadAs
from evaluation.map_accuracy.assess import assess_map
from evaluation.map_accuracy.report import render_text, write_report
from evaluation.map_accuracy.sample import SampleOptions, draw_sample, render_plan

REPORT_ENDINGS, SAMPLE_ENDINGS = (".json", ".html", ".csv"), (".gpkg",)
HALF_WIDTH = 0.02
"""As Olofsson et al. (2014) choose for the overall accuracy: a standard error of 0.01."""
EXPECTED = 0.9
"""Expected user's accuracy where none is given."""

Map = Annotated[
    Path, typer.Argument(metavar="MAP", help="A class map (.tif), such as those of 'landcast canopy' and 'crop'.")
]
LayerName = Annotated[
    str | None, typer.Option("--layer", metavar="NAME", help="Band of the classes; default: 'class', else the first.")
]
Names = Annotated[
    str, typer.Option("--classes", metavar="CODE=NAME,...", help="Names of the classes; default: those in the file.")
]


def evaluate_map(
    map_file: Map,
    reference: Annotated[
        Path,
        typer.Option(
            "--reference",
            metavar="FILE",
            help="Points with a label: .gpkg, .geojson, .parquet, .shp; .csv with lon, lat.",
        ),
    ],
    column: Annotated[str, typer.Option("--column", metavar="NAME", help="Column of the label.")] = "class",
    layer: LayerName = None,
    classes: Names = "",
    out: Annotated[
        Path | None,
        typer.Option(
            "-o", "--out", metavar="FILE", help="Also write the report: .json, .html or .csv.", show_default=False
        ),
    ] = None,
    crs: Crs = "",
    strict: Strict = False,
) -> None:
    """Measure how accurate a class map is and how large its classes are, from reference points, with 95 % intervals.

    The strata are the map's classes, or the columns stratum and stratum_weight of 'landcast evaluate sample'.
    """
    if out is not None:
        _check_out(out, REPORT_ENDINGS, map_file, reference)
    names, read_as = _names(classes), ReadAs(crs=parse_crs(crs), is_strict=strict)
    with show_progress("progress") as progress:
        found = assess_map(
            map_file,
            reference,
            progress,
            column=column,
            layer=layer,
            names=names,
            read_as=read_as,
            say=lambda summary: say(summary, read_as),
        )
        if out is not None:
            write_report(found, out)
    print(render_text(found))
    if out is not None:
        print(out)


def evaluate_sample(
    map_file: Map,
    out: Annotated[
        Path,
        typer.Option(
            "-o", "--out", metavar="FILE", help="GeoPackage to write and to label, .gpkg.", show_default=False
        ),
    ],
    half_width: Annotated[
        float | None,
        typer.Option(
            "--half-width", help=f"Target: half the 95 % interval of the overall accuracy; default: {HALF_WIDTH}."
        ),
    ] = None,
    size: Annotated[
        int | None, typer.Option("--size", help="Total number of points, instead of --half-width.", min=1)
    ] = None,
    expected_accuracy: Annotated[
        str,
        typer.Option(
            "--expected-accuracy", metavar="CLASS=A,...", help=f"User's accuracy expected; default: {EXPECTED} of each."
        ),
    ] = "",
    per_class_min: Annotated[
        int, typer.Option("--per-class-min", help="Least number of points in each class.", min=2)
    ] = 50,
    seed: Annotated[int, typer.Option("--seed", help="The same seed draws the same points.", min=0)] = 0,
    layer: LayerName = None,
    classes: Names = "",
) -> None:
    """Draw random points of a class map, stratified by class: label them and run 'landcast evaluate map'.

    Prints how many points the target needs, and the intervals to expect from the drawn points.
    """
    if half_width is not None and size is not None:
        raise InvalidOption("--size", size, "it cannot be combined with --half-width")
    if half_width is not None and not 0 < half_width < 0.5:
        raise InvalidOption("--half-width", half_width, "it lies between 0 and 0.5")
    _check_out(out, SAMPLE_ENDINGS, map_file)
    names, expected = _names(classes), _expected(expected_accuracy)
    options = SampleOptions(
        half_width=HALF_WIDTH if half_width is None else half_width,
        size=size,
        expected=expected,
        expected_of_others=EXPECTED,
        per_class_min=per_class_min,
        seed=seed,
    )
    with show_progress("sample") as progress:
        plan = draw_sample(map_file, out, options, progress, layer=layer, names=names)
    print(render_plan(plan))
    print(out)


def _check_out(out: Path, endings: tuple[str, ...], *inputs: Path) -> None:
    for path in inputs:
        check_out("--out", out, endings, path)


def _names(text: str) -> dict[int, str] | None:
    """Return names by code; None where none were given."""
    pairs = _pairs("--classes", text)
    for code, name in pairs:
        if not code.isdigit() or not name:
            raise InvalidOption("--classes", text, "write it as 1=forest,2=pasture")
    return {int(code): name for code, name in pairs} or None


def _expected(text: str) -> dict[str, float]:
    option, found = "--expected-accuracy", {}
    for name, accuracy in _pairs(option, text):
        try:
            found[name] = float(accuracy)
        except ValueError:
            raise InvalidOption(option, text, "write it as forest=0.9,pasture=0.7") from None
        if not 0 < found[name] < 1:
            raise InvalidOption(option, text, "an accuracy lies between 0 and 1")
    return found


def _pairs(option: str, text: str) -> list[tuple[str, str]]:
    parts = [part.rpartition("=") for part in text.split(",") if part.strip()]
    if any(not sign or not name.strip() for name, sign, _ in parts):
        raise InvalidOption(option, text, "write it as NAME=VALUE,NAME=VALUE")
    return [(name.strip(), value.strip()) for name, _, value in parts]
