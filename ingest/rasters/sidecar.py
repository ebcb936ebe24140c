"""Files beside rasters that state their date, bands or offset: of Sentinel Hub, rslearn and ESA. Opens no raster."""

import json
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any

from ingest.rules.band_names import READ, find_family
from ingest.rules.file_dates import find_stamp
from ingest.rules.product_names import is_top_of_atmosphere

RETURNED = re.compile(r"return\s*\[([^\]]*)\]")
SAMPLE = re.compile(r"(?:10000(?:\.0*)?\s*\*\s*)?\w+\.(\w+)(?:\s*\*\s*10000(?:\.0*)?)?")
"""One element of an evalscript's answer: `sample.B04`, `10000 * sample.B04`."""
ADDED = re.compile(r"<BOA_ADD_OFFSET[^>]*>\s*(-?\d+)")
BASELINE = re.compile(r"<PROCESSING_BASELINE>\s*(\d\d\.\d\d)")
MAX_BYTES = 32 * 1024**2


@dataclass(frozen=True, kw_only=True)
class Sidecar:
    """What a file beside a raster states of it."""

    when: datetime | None = None
    bands: tuple[str, ...] = ()
    """Names in the order of the raster's bands; empty = not stated."""
    has_offset: bool | None = None
    """False = Sentinel Hub has removed the offset of baseline 04.00."""
    reason: str = ""
    """Why the raster cannot be read; empty = it can."""


def find_sidecar(path: Path) -> Sidecar | None:
    """Return what the file beside a raster states; None where there is none of a known kind."""
    request = path.parent / "request.json"
    if path.stem == "response" and request.is_file():
        return _sentinel_hub(_json(request))
    if "layers" in path.parts[:-3]:
        at = len(path.parts) - 1 - path.parts[::-1].index("layers")
        items = Path(*path.parts[:at]) / "items.json"
        return _rslearn(_json(items), path.parts[at + 1]) if items.is_file() else None
    return None


@lru_cache(maxsize=4096)
def product_offset(folder: Path, root: Path) -> int | None:
    """Return the offset that an ESA product's metadata state, as added to stored numbers; None = there are none.

    Args:
        folder: of a raster.
        root: of the archive, above which nothing is looked for.
    """
    metadata = folder / "MTD_MSIL2A.xml"
    if metadata.is_file() and metadata.stat().st_size <= MAX_BYTES:
        text = metadata.read_text(encoding="utf-8", errors="replace")
        added, baseline = ADDED.search(text), BASELINE.search(text)
        if added:
            return int(added[1])
        if baseline:
            return -1000 if baseline[1] >= "04.00" else 0
    return None if folder == root or folder == folder.parent else product_offset(folder.parent, root)


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8")) if path.stat().st_size <= MAX_BYTES else None
    except (OSError, ValueError, RecursionError):
        return None


def _sentinel_hub(document: Any) -> Sidecar:
    try:
        payload = document["request"]["payload"]
        (data,) = payload["input"]["data"]
        kind = str(data["type"])
        asked = data["dataFilter"]["timeRange"]
        first, last = _moment(asked["from"]), _moment(asked["to"])
    except (KeyError, TypeError, ValueError):
        return Sidecar(reason="its request.json does not state one collection and one period")
    family = find_family(kind)
    if family not in READ or is_top_of_atmosphere(kind):
        return Sidecar(reason=f"it was requested from {kind}, and the models are made for Sentinel-2 L2A")
    if first.date() != max(first, last - timedelta(seconds=1)).date():
        days = f"{first.date()} to {last.date()}"
        return Sidecar(reason=f"its request is for {days}, which does not tell its date; give --date-from YYYY-MM-DD")
    bands, reason = _evalscript(str(payload.get("evalscript", "")))
    harmonised = (data.get("processing") or {}).get("harmonizeValues", True)
    return Sidecar(when=first, bands=bands, reason=reason, has_offset=None if harmonised is False else False)


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text.replace("Z", "+00:00"))
    return moment.astimezone(UTC) if moment.tzinfo else moment.replace(tzinfo=UTC)


def _evalscript(script: str) -> tuple[tuple[str, ...], str]:
    """Return the bands that a script returns in their order, or why they cannot be told."""
    plain = re.sub(r"//[^\n]*|/\*.*?\*/", "", script, flags=re.DOTALL)
    returned = RETURNED.findall(plain.split("evaluatePixel", 1)[-1])
    elements = [e.strip() for e in returned[0].split(",") if e.strip()] if len(returned) == 1 else []
    found = [SAMPLE.fullmatch(e) for e in elements]
    if not elements or not all(found):
        other = next((e for e, m in zip(elements, found, strict=True) if not m), "")
        what = f"computes '{other}'" if other else "does not return one list of bands"
        return (
            (),
            f"its evalscript {what}, so its bands cannot be told; give --band red=1 --band nir=2 by their numbers",
        )
    return tuple(m[1] for m in found if m), ""


def _rslearn(document: Any, layer: str) -> Sidecar | None:
    """Read the date of one group of items of a window: `sentinel2` is the first, `sentinel2.1` the second."""
    name, _, number = layer.rpartition(".") if re.search(r"\.\d+$", layer) else (layer, "", "0")
    try:
        groups = next(e["serialized_item_groups"] for e in document if e["layer_name"] == name)
        days = {d for item in groups[int(number)] if (d := _item_date(item))}
    except (StopIteration, KeyError, IndexError, TypeError, ValueError):
        return None
    if len({d.date() for d in days}) > 1:
        return Sidecar(reason="its window combines items of several days, so its date cannot be told")
    return Sidecar(when=min(days)) if days else None


def _item_date(item: Any) -> datetime | None:
    stated = ((item.get("geometry") or {}).get("time_range") or [None])[0]
    if stated:
        return _moment(str(stated))
    stamp = find_stamp(str(item.get("name", "")))
    return stamp.when if stamp else None
