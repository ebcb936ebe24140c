"""`landcast forecast`, `canopy` and `crop`: options and what they mean together. The work is done in cli_carry.py."""

from pathlib import Path
from typing import Annotated, Any

import typer

from cli.run_product import Ask, carry_out

Input = Annotated[
    Path | None,
    typer.Argument(
        metavar="INPUT",
        help="A cube (.nc, .zarr) or a table (.parquet, .csv); or give --region in its place.",
        show_default=False,
    ),
]
Out = Annotated[
    Path,
    typer.Option(
        "-o",
        "--out",
        help="File to write: .tif (COG), .nc or .zarr for cubes and regions; .parquet or .csv for tables.",
        show_default=False,
    ),
]
RegionFile = Annotated[
    Path | None, typer.Option("--region", help="File with the polygon(s): GeoJSON, GeoPackage, Shapefile, KML.")
]
ArchiveName = Annotated[
    str | None, typer.Option("--archive", help="With --region: name, address or path of the archive; default: sample.")
]
Observations = Annotated[
    str | None, typer.Option("--period", metavar="D/D", help="Observations to use, START/END; default: all that fit.")
]
ModelName = Annotated[
    str, typer.Option("--model", help="Name of a model, see 'landcast models list'; default: the product's own.")
]
Samples = Annotated[
    Path | None, typer.Option("--samples", help="For a table: terrain of each series (sample_id, elevation, slope).")
]
Layers = Annotated[
    str | None,
    typer.Option("--layers", metavar="NAME,NAME", help="Layers to write, in this order; default: all."),
]
Probabilities = Annotated[
    str, typer.Option(metavar="percent|float", help="Probabilities as whole percent (uint8), or all bands as floats.")
]
Sets = Annotated[bool, typer.Option("--sets", help="Add the band set: all classes that a pixel may be, as a bit mask.")]
Applicability = Annotated[
    bool,
    typer.Option("--applicability", help="Add the band dissimilarity, and say where the model is not to be trusted."),
]


def forecast(
    out: Out,
    source: Input = None,
    targets: Annotated[
        Path | None, typer.Option("--targets", help="For a table: what to forecast (series_id, time).")
    ] = None,
    dates: Annotated[str | None, typer.Option("--dates", metavar="D,D,...", help="Target dates.")] = None,
    horizon: Annotated[str | None, typer.Option("--horizon", help="How far ahead; default: 150d.")] = None,
    step: Annotated[str | None, typer.Option("--step", help="Days between target dates; default: 5d.")] = None,
    issue_date: Annotated[
        str | None,
        typer.Option("--issue-date", help="Use only observations before this day; default: the day after the last."),
    ] = None,
    model: ModelName = "",
    region: RegionFile = None,
    archive: ArchiveName = None,
    period: Observations = None,
    samples: Samples = None,
    layers: Layers = None,
    variables: Annotated[
        str | None,
        typer.Option("--variables", metavar="NAME,NAME", help="Forecast too: EVI2, NDWI, GCVI, BSI, or bands (B04)."),
    ] = None,
    blend: Annotated[
        Path | None,
        typer.Option("--blend", help="Mix with simple baselines as 'landcast evaluate forecast --fit' found."),
    ] = None,
) -> None:
    """Forecast NDVI: five quantiles per pixel or series and target date.

    A table gives series_id, time, q05, q25, q50, q75, q95. A cube gives ndvi(quantile, time, y, x).
    """
    carry_out(
        Ask(
            product_id="ndvi-forecast",
            source=source,
            out=out,
            region=region,
            archive=archive,
            model=model,
            samples=samples,
            targets=targets,
            blend=blend,
            layers=_names(layers),
            inputs=_given(
                dates=_names(dates),
                horizon=horizon,
                step=step,
                issue_date=issue_date,
                period=period,
                variables=_names(variables),
            ),
        )
    )


def canopy(
    out: Out,
    source: Input = None,
    date: Annotated[
        str | None, typer.Option("--date", help="Day that the map speaks of; default: the last observation.")
    ] = None,
    model: ModelName = "",
    region: RegionFile = None,
    archive: ArchiveName = None,
    period: Observations = None,
    samples: Samples = None,
    layers: Layers = None,
    probabilities: Probabilities = "percent",
    change: Annotated[
        str | None, typer.Option("--change", metavar="D1/D2", help="Map the change between two dates instead.")
    ] = None,
    significance: Annotated[
        float | None,
        typer.Option("--significance", help="With --change: probability from which a change is mapped; default: 0.9."),
    ] = None,
    mmu: Annotated[
        float, typer.Option("--mmu", metavar="HECTARES", help="Give smaller patches away; 0 keeps every pixel.")
    ] = 0.0,
    sets: Sets = False,
    applicability: Applicability = False,
) -> None:
    """Map tree canopy: none, conifer or broadleaf, with the probability of each; or its change between two dates.

    A table gives sample_id, p_none, p_conifer, p_broadleaf. A cube gives the bands class, p_none, p_conifer,
    p_broadleaf, clear_count; with --change change, p_gain, p_loss, p_switch, significance, class_before, class_after,
    clear_count. --sets adds set, --applicability dissimilarity. The areas of a map are printed, with intervals.
    """
    carry_out(
        Ask(
            product_id="canopy",
            source=source,
            out=out,
            region=region,
            archive=archive,
            model=model,
            samples=samples,
            layers=_names(layers),
            inputs=_given(
                date=date,
                period=period,
                probabilities=_unless_default(probabilities),
                change=change,
                mmu=mmu,
                sets=sets,
                applicability=applicability,
            )
            | ({} if significance is None else {"significance": significance}),
        )
    )


def crop(
    out: Out,
    source: Input = None,
    period: Observations = None,
    model: ModelName = "",
    region: RegionFile = None,
    archive: ArchiveName = None,
    samples: Samples = None,
    layers: Layers = None,
    probabilities: Probabilities = "percent",
    sets: Sets = False,
    applicability: Applicability = False,
    threshold: Annotated[
        float | None,
        typer.Option(
            "--threshold",
            help="Of two classes: probability from which the second is mapped; default: the model's own, else 0.5.",
        ),
    ] = None,
) -> None:
    """Map temporary crops of a season against everything else, with the probability of each.

    A table gives sample_id, p_crop. A cube gives the bands class, p_non_crop, p_crop, clear_count; --sets adds set,
    --applicability dissimilarity. A model of your own with other classes gives a p_ for each of its own. The areas of a
    map are printed, with intervals.
    """
    carry_out(
        Ask(
            product_id="crop",
            source=source,
            out=out,
            region=region,
            archive=archive,
            model=model,
            samples=samples,
            layers=_names(layers),
            inputs=_given(
                period=period,
                probabilities=_unless_default(probabilities),
                sets=sets,
                applicability=applicability,
            )
            | ({} if threshold is None else {"threshold": threshold}),
        )
    )


def _given(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value}


def _names(text: str | None) -> list[str]:
    return [name.strip() for name in (text or "").split(",") if name.strip()]


def _unless_default(probabilities: str) -> str:
    return "" if probabilities == "percent" else probabilities
