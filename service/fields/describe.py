"""The process `fields` as OGC API - Processes describes one."""

from typing import Any

from core.job import FIELDS
from core.version import software_version
from service.links import GEOJSON, link
from service.ordering.values import OF_THE_JOB, input_description, output_description
from service.results import FIELD_OUTPUTS
from service.schemas import Process, ProcessSummary
from workers.fields.accept import INPUTS
from workers.fields.order import PRODUCTS

MAX_COST = {
    "description": "Limits by part of the cost, after one of which no further group of neighbouring fields is begun; "
    "the others are answered, and those that are left out have a flag. The parts are those of an estimate."
}
SCHEMAS: dict[str, dict[str, Any]] = {
    "fields": {
        "title": "Fields",
        "description": "GeoJSON FeatureCollection of polygons, WGS84 longitude/latitude, a feature for each field. "
        "Ids and names are kept. 10,000 fields, 200,000 vertices and 4 MiB at most; a field has 100 km2 at most.",
        "type": "object",
        "contentMediaType": GEOJSON,
        "format": "geojson-feature-collection",
    },
    "archive": {
        "title": "Archive",
        "description": "Where the observations come from; without it, the service's own choice.",
        "type": "string",
    },
    "products": {
        "title": "Products",
        "description": "What to answer; without it, all of them.",
        "type": "array",
        "items": {"type": "string", "enum": list(PRODUCTS)},
        "uniqueItems": True,
    },
    "dates": {
        "title": "Dates",
        "description": "Target dates of the forecast; without them, every 5 days for 150 days.",
        "type": "array",
        "items": {"type": "string", "format": "date"},
    },
    "issue_date": {
        "title": "Issue date",
        "description": "Only earlier observations are used; without it, the day after the last one.",
        "type": "string",
        "format": "date",
    },
    "period": {
        "title": "Period",
        "description": "First and last day of the observations, START/END; without it, all that each product can use.",
        "type": "string",
    },
    "id": {
        "title": "Id",
        "description": "Property that names the fields; without it `id`, the id of the feature, `name`, or its number.",
        "type": "string",
    },
    **OF_THE_JOB,
    "max_cost": {**OF_THE_JOB["max_cost"], **MAX_COST},
}
"""Of each input, a JSON schema."""


def summary(base: str) -> ProcessSummary:
    """Return the process as lists have it."""
    here = f"{base}/processes/{FIELDS}"
    return ProcessSummary(
        id=FIELDS,
        title="Fields",
        description="History, forecast and classes of each of many fields: a line of a table for each field and date.",
        version=software_version(),
        keywords=["Sentinel-2", "Sentinel-1", "fields", "zonal statistics"],
        jobControlOptions=["async-execute", "dismiss"],
        outputTransmission=["reference"],
        links=[
            link(here, "self", title="Description"),
            link(f"{here}/execution", "http://www.opengis.net/def/rel/ogc/1.0/execute", title="Order it"),
        ],
    )


def description(base: str) -> Process:
    """Return the process with its inputs and outputs."""
    return Process(
        **dict(summary(base)),
        inputs={name: input_description(name, SCHEMAS[name], needed="fields") for name in INPUTS},
        outputs={o.id: output_description(o.title, o.kind) for o in FIELD_OUTPUTS},
    )
