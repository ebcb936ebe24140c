"""What is said of items, whichever way they were found: bands, mask, dates, and what is missing."""

from collections import Counter
from collections.abc import Sequence

from core.bands import CHANNELS, RADAR_NAMES
from core.errors import InvalidArchive
from core.source import ReadAs, counted
from ingest.rasters.item import MASK_KINDS, RasterItem

MOST_NAMES = 3


def facts(items: Sequence[RasterItem]) -> tuple[str, ...]:
    """Return phrases on bands, mask and dates."""
    days = sorted({i.scene.time.date() for i in items})
    period = f"{days[0]}" if len(days) == 1 else f"{len(days)} from {days[0]} to {days[-1]}"
    return (f"bands: {_bands(items)}", *_masks(items), f"dates: {period}")


def _bands(items: Sequence[RasterItem]) -> str:
    phrases = []
    for band in CHANNELS:
        names = Counter(i.sources[band].name for i in items if band in i.sources)
        if names:
            listed = " or ".join(n for n, _ in names.most_common(MOST_NAMES) if n)
            phrases.append(f"{band} from {listed}" if listed and listed != band else band)
    return ", ".join(phrases)


def _masks(items: Sequence[RasterItem]) -> list[str]:
    found = [s.mask.describe() for i in items for m in MASK_KINDS if (s := i.sources.get(m)) and s.mask]
    return list(dict.fromkeys(found))[:MOST_NAMES]


def stated_offsets(items: Sequence[RasterItem]) -> tuple[str, ...]:
    """Return a phrase for each offset that items state, or that follows from their baseline."""
    known = [i for i in items if i.is_offset_stated and i.reflectances]
    counts = Counter(round(i.sources[i.reflectances[0]].coding.offset, 4) for i in known)
    return tuple(
        f"offset: {f'{offset:g} in reflectance' if offset else 'none'} ({counted(n, 'scene', 'scenes')})"
        for offset, n in counts.items()
    )


def item_remarks(items: Sequence[RasterItem], read_as: ReadAs) -> list[str]:
    """Return sentences on scenes without a mask or without a band of NDVI."""
    optical = [i for i in items if i.scene.sensor == "s2"]
    bare = [i for i in optical if not set(MASK_KINDS) & set(i.sources)]
    remarks = []
    if bare and read_as.mask.lower() == "none":
        remarks.append("No cloud mask is used, as stated: all pixels are taken as clear.")
    elif bare and len(bare) == len(optical):
        remarks.append("No cloud mask was found: all pixels are taken as clear; give --mask NAME if there is one.")
    elif bare:
        scenes = counted(len(bare), "scene has", "scenes have")
        remarks.append(f"{scenes} no cloud mask and are taken as clear, such as {bare[0].scene.scene_id}.")
    half = [i for i in optical if not _has_ndvi(i)]
    if half and len(half) < len(optical):
        scenes = counted(len(half), "scene lacks", "scenes lack")
        remarks.append(f"{scenes} red or near infrared, such as {half[0].scene.scene_id}.")
    return remarks


def _has_ndvi(item: RasterItem) -> bool:
    return "NDVI" in item.sources or ("B04" in item.sources and bool({"B08", "B8A"} & set(item.sources)))


def check_bands(where: object, items: Sequence[RasterItem], left_out: str = "") -> None:
    """Check that items hold the bands of NDVI, or NDVI.

    Args:
        where: archive, for the sentence.
        items: all.
        left_out: why others were left out, which may be the cause; empty = none was.

    Raises:
        InvalidArchive: they do not.
    """
    bands = {b for i in items for b in i.sources}
    if "NDVI" in bands or ("B04" in bands and bands & {"B08", "B8A"}):
        return
    named = ", ".join(b for b in CHANNELS if b in bands)
    missing = "no red (B04)" if "B04" not in bands else "no near infrared (B08, B8A)"
    if bands <= {*RADAR_NAMES, *MASK_KINDS} or ("B04" not in bands and not bands & {"B08", "B8A"}):
        missing = "no red (B04) and no near infrared (B08, B8A)"
    cause = f"; left out: {left_out}" if left_out else ""
    option = "" if left_out else "; give --band red=NAME --band nir=NAME if they have other names"
    raise InvalidArchive(where, f"it holds {missing}, only {named or 'masks'}{cause}{option}")
