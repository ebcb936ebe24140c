"""CoverageJSON (OGC 21-069r2) of an answer, with the provenance of the result beside it. No files, no HTTP."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from core.timeline import Period
from products.evidence import evidence_line
from service.edr.coords import CRS84, uri_of
from service.edr.find import Result
from service.edr.parameters import described, in_english
from service.edr.values import Axes, Group, Numbers, Values

COVERAGE_JSON = "application/prs.coverage+json"
OF_OBSERVATIONS = (
    "landcast:job",
    "landcast:product",
    "landcast:period",
    "landcast:archive",
    "landcast:attribution",
    "landcast:simulated",
)
"""Members of an answer that archives give: whose archive and period they are of."""
OF_RESULTS = (
    *OF_OBSERVATIONS,
    "landcast:title",
    "landcast:issue_date",
    "landcast:evidence",
    "landcast:complete",
    "landcast:completeness",
    "landcast:clear_share",
    "landcast:notes",
    "landcast:model",
    "landcast:model_sha256",
    "landcast:version",
)
"""Members of an answer that a result gives."""


def about(result: Result, members: Sequence[str]) -> dict[str, Any]:
    """Return which result answers, and how it was made: those members that are known."""
    stated, order = result.item["properties"], result.job.order
    found = stated | {
        "landcast:job": result.job.id,
        "landcast:product": order.product,
        "landcast:title": stated.get("title"),
        "landcast:issue_date": order.params.get("issue_date"),
        "landcast:period": order.params.get("period"),
        "landcast:evidence": evidence_line(stated.get("landcast:evidence", {})) or None,
    }
    return {name: found[name] for name in members if found.get(name) is not None}


def coverage_json(values: Values, facts: dict[str, Any], product_url: str) -> dict[str, Any]:
    """Return a Coverage, or a CoverageCollection where parameters have different times.

    Args:
        values: of the answer; NaN becomes null.
        facts: of `about`; members of each coverage.
        product_url: which identifiers of parameters begin with.
    """
    coverages = [_coverage(values.axes, group, facts, product_url) for group in values.groups]
    if len(coverages) == 1:
        return coverages[0]
    return {"type": "CoverageCollection", **facts, "coverages": coverages}


def _coverage(axes: Axes, group: Group, facts: dict[str, Any], product_url: str) -> dict[str, Any]:
    return {
        "type": "Coverage",
        **facts,
        "domain": _domain(axes, group.times),
        "parameters": described(group.layers, product_url, in_english, dated=True),
        "ranges": {key: _range(found, is_code=bool(group.layers[key].legend)) for key, found in group.values.items()},
    }


def _domain(axes: Axes, times: Sequence[Period]) -> dict[str, Any]:
    is_point = len(axes.x) == len(axes.y) == 1
    kind = "GeographicCRS" if axes.crs == CRS84 else "ProjectedCRS"
    return {
        "type": "Domain",
        "domainType": "PointSeries" if is_point else "Grid",
        "axes": {"x": {"values": list(axes.x)}, "y": {"values": list(axes.y)}, "t": _times(times)},
        "referencing": [
            {"coordinates": ["x", "y"], "system": {"type": kind, "id": uri_of(axes.crs)}},
            {"coordinates": ["t"], "system": {"type": "TemporalRS", "calendar": "Gregorian"}},
        ],
    }


def _times(times: Sequence[Period]) -> dict[str, Any]:
    """Return days as they are, and a period by its last day, with bounds."""
    axis: dict[str, Any] = {"values": [f"{time.end}T00:00:00Z" for time in times]}
    if any(time.start != time.end for time in times):
        axis["bounds"] = [f"{day}T00:00:00Z" for time in times for day in (time.start, time.end)]
    return axis


def _range(values: Numbers, *, is_code: bool) -> dict[str, Any]:
    numbers = [None if np.isnan(v) else int(v) if is_code else v for v in values.ravel().tolist()]
    kind = "integer" if is_code else "float"
    found = {"type": "NdArray", "dataType": kind, "axisNames": ["t", "y", "x"], "shape": list(values.shape)}
    return {**found, "values": numbers}
