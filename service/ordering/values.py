"""Values of an order as OGC API - Processes wraps them, and the texts about orders that all processes share."""

from collections.abc import Mapping
from typing import Any

from core.errors import InvalidOption
from core.job import Priority
from service.answers.prefer import MAX_WAIT_S
from service.errors import refusals
from service.schemas import Execute, InputDescription, OutputDescription, Reference, Wanted
from workers.accept import MAX_TITLE
from workers.queue.limits.parts import PARTS

UNKNOWN = refusals({404: "There is no such process."})
REFUSALS = refusals(
    {
        400: "The order is not valid; the detail gives the reason.",
        404: "There is no such process.",
        413: "The body is too large.",
        502: "The archive does not answer, or its scenes cannot be read.",
        503: "Jobs cannot be carried out now.",
    }
)
CONFLICT = refusals({409: "The Idempotency-Key was used with another order."})
WAITED: dict[int | str, dict[str, Any]] = {
    200: {"model": dict[str, Reference], "description": "The results, where `Prefer: wait=N` was met in time."}
}
PREFER = (
    "`respond-async`: answer at once. `wait=N`: if the region is small and its job ends within N seconds "
    f"({MAX_WAIT_S} at most), answer 200 with its results; else 201. `Preference-Applied` names what was met."
)
ABOVE_ZERO = 0.001
"""exclusiveMinimum is a number in JSON Schema, but a boolean in the standard's own schema."""
OF_THE_JOB: dict[str, dict[str, Any]] = {
    "title": {
        "title": "Title",
        "description": "Your own name for the result, shown in the list of jobs.",
        "type": "string",
        "maxLength": MAX_TITLE,
    },
    "priority": {
        "title": "Priority",
        "description": "Among the jobs of the same party; it changes nothing for other parties.",
        "type": "string",
        "enum": list(Priority),
        "default": Priority.NORMAL.value,
    },
    "max_cost": {
        "title": "Cost at most",
        "description": "Limits by part of the cost, after one of which no further tile is begun; what is done is "
        "delivered. The parts are those of an estimate.",
        "type": "object",
        "properties": {part.name: {"type": "number", "minimum": ABOVE_ZERO} for part in PARTS},
        "additionalProperties": False,
        "minProperties": 1,
    },
    "max_seconds": {
        "title": "Seconds at most",
        "description": "The same as the part `seconds` of `max_cost`; give one of the two.",
        "type": "number",
        "minimum": ABOVE_ZERO,
    },
}
"""Inputs that change no pixel: what a job is called, how soon it is carried out, and when it stops."""
GEOJSON_MEMBERS = {"coordinates", "geometries", "geometry", "features"}
"""One of them is in every GeoJSON object, which is a value and no wrapped one."""


def plain_values(order: Execute, process_id: str, outputs: Mapping[str, str]) -> dict[str, Any]:
    """Return the inputs of an order, unwrapped if they are qualified values of OGC API - Processes.

    Args:
        order: as it was sent.
        process_id: of the process.
        outputs: that the process has, with their media types.

    Raises:
        InvalidOption: an input by reference, or an output that the process does not have, or not in this way.
    """
    for name, wanted in (order.outputs or {}).items():
        if name not in outputs:
            raise InvalidOption("outputs", name, f"'{process_id}' has {', '.join(outputs)}")
        if wanted.transmissionMode != "reference":
            raise InvalidOption("transmissionMode", wanted.transmissionMode, "results are links; leave it out")
        _check_format(wanted, outputs[name])
    return {name: _plain(name, value) for name, value in order.inputs.items()}


def _check_format(wanted: Wanted, kind: str) -> None:
    """Refuse a format that the output does not have; parameters of a media type may be left out.

    Raises:
        InvalidOption: names the format that it has.
    """
    asked = (wanted.model_extra or {}).get("format")
    asked = asked.get("mediaType") if isinstance(asked, dict) else asked
    if asked is not None and str(asked).partition(";")[0].strip().lower() != kind.partition(";")[0]:
        raise InvalidOption("format", asked, f"this output is {kind}")


def _plain(name: str, value: Any) -> Any:
    if not isinstance(value, dict) or ("type" in value and GEOJSON_MEMBERS & set(value)):
        return value
    if "href" in value:
        raise InvalidOption(name, value["href"], "inputs by reference are not supported; send the value itself")
    return value.get("value", value)


def input_description(name: str, schema: Mapping[str, Any], *, needed: str) -> InputDescription:
    """Return an input as a process description has it; `needed` names the one that every order has."""
    return InputDescription(
        title=schema.get("title", name),
        description=schema.get("description", ""),
        minOccurs=1 if name == needed else 0,
        schema=dict(schema),
    )


def output_description(title: str, kind: str) -> OutputDescription:
    """Return an output, a link to a file of a media type, as a process description has it."""
    return OutputDescription(title=title, schema={"type": "string", "format": "uri", "contentMediaType": kind})
