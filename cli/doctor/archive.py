"""Report of `landcast doctor` on an archive: its abilities, its newest scene at a place, what it lacks. No pixels."""

import importlib.util
from collections.abc import Iterator
from datetime import date, timedelta

from shapely.geometry import Point

from core.errors import ArchiveError, InternalError, InvalidOption, RegionOutsideArchive
from core.region import MAX_AREA_KM2, Region, region_from
from core.settings import Settings
from core.timeline import Period
from ingest.archive import Abilities, Archive, Scene
from ingest.preference import choices

NOTE = "note: "
"""Begins a line about something that an archive lacks and landcast does not need."""
DEFAULT_POINT = (10.0, 50.0)
"""Longitude, latitude: farmland in Franconia, which every archive of Europe or the world covers."""
LOOK_BACK_DAYS = (60, 365)
"""Satellites pass every few days: two months have a scene, unless it is stored late or not at all."""
POINT_RADIUS_DEGREES = 0.0005
"""The place around a point: about 100 m, so that no archive of the world is searched as a whole."""
SMALL_DEGREES = 1.0
"""An archive no wider than this is searched as a whole."""


def parse_point(text: str) -> tuple[float, float]:
    """Read longitude and latitude.

    Raises:
        InvalidOption: not two numbers in the range of degrees.
    """
    try:
        longitude, latitude = (float(number) for number in text.split(","))
    except ValueError:
        longitude = latitude = float("nan")
    if not (-180 <= longitude <= 180 and -90 <= latitude <= 90):
        raise InvalidOption("--point", text, "it is LON,LAT in degrees, such as 10.0,50.0")
    return longitude, latitude


def describe(archive: Archive, settings: Settings, *, point: tuple[float, float] | None, today: date) -> Iterator[str]:
    """Yield the abilities of an archive, its newest scene and what it lacks; of each where there are several.

    Args:
        point: longitude, latitude; None = the whole of a small archive, or DEFAULT_POINT.
        today: UTC day from which the age of the newest scene is counted.

    Raises:
        LandcastError: the archive does not answer, has no scene there, or does not fit the settings.
    """
    for one in choices(archive):
        yield f"{one.name}: {one.title}; {one.attribution}"
        yield f"{one.period}; bands {' '.join(one.bands)}"
        yield from _abilities(one.abilities)
        yield from (f"{NOTE}{one.name} {lack}" for lack in _lacks(one.abilities, settings))
        yield from _newest(one, point, today)
    _check_packages(settings)


def _abilities(abilities: Abilities) -> Iterator[str]:
    yield f"sensors {' '.join(abilities.sensors)}; cloud information {' '.join(abilities.masks) or 'none'}"
    if abilities.convention:
        yield f"radar backscatter {abilities.convention}"
    if abilities.needs:
        yield f"needs: {abilities.needs}"
    yield f"cost: {abilities.cost or 'none'}"


def _lacks(abilities: Abilities, settings: Settings) -> Iterator[str]:
    if "s2" not in abilities.sensors:
        yield "has no optical images (Sentinel-2)"
    elif not set(abilities.masks) - {"TOA"} and settings.preparation.cloud_mask == "scene":
        yield "has no cloud mask: clouds look like land"
    if settings.preparation.cloud_mask == "s2cloudless" and "TOA" not in abilities.masks:
        yield "has no Level-1C reflectance, which LANDCAST_CLOUD_MASK=s2cloudless needs"
    if "s1" not in abilities.sensors:
        yield "has no radar (Sentinel-1): days under clouds stay unseen"
    elif not abilities.convention:
        yield "does not state how its radar backscatter was normalised"


def _check_packages(settings: Settings) -> None:
    if settings.preparation.cloud_mask == "s2cloudless" and importlib.util.find_spec("s2cloudless") is None:
        raise InternalError(
            "LANDCAST_CLOUD_MASK=s2cloudless needs the package s2cloudless; 'pip install s2cloudless' installs it."
        )


def _newest(archive: Archive, point: tuple[float, float] | None, today: date) -> Iterator[str]:
    place, where = _place(archive, point)
    end = max(min(archive.period.end, today), archive.period.start)
    for days in LOOK_BACK_DAYS:
        scenes = _scenes(archive, place, end, days)
        if scenes:
            newest = max(scenes, key=lambda scene: (scene.time, scene.scene_id))
            age = (today - newest.time.date()).days
            yield (
                f"newest scene {newest.scene_id} of {newest.time:%Y-%m-%d}, {age} days old; "
                f"{len(scenes)} in the {days} days to {end} {where}"
            )
            if age > LOOK_BACK_DAYS[0] and not archive.is_simulated:
                yield f"{NOTE}{archive.name} has had nothing new {where} for {age // 30} months"
            return
    raise ArchiveError(
        f"The archive '{archive.name}' lists no scene {where} in the year to {end}; "
        "name a place that it covers with --point LON,LAT."
    )


def _scenes(archive: Archive, place: Region, end: date, days: int) -> list[Scene]:
    start = max(archive.period.start, end - timedelta(days=days))
    return archive.search(archive.grid(place).window(place), Period(start=start, end=end))


def _place(archive: Archive, point: tuple[float, float] | None) -> tuple[Region, str]:
    """Return where to look for scenes, and the phrase for it.

    Raises:
        RegionOutsideArchive: the point does not lie in the archive.
    """
    whole = Region(geometry=archive.footprint)
    if point is None and max(whole.span_degrees) <= SMALL_DEGREES and whole.area_km2 <= MAX_AREA_KM2:
        return whole, "in its region"
    longitude, latitude = point or _default_point(archive)
    place = region_from([Point(longitude, latitude).buffer(POINT_RADIUS_DEGREES)])
    if not archive.footprint.intersects(place.geometry):
        raise RegionOutsideArchive(archive.name, whole.bounds_wgs84)
    return place, f"at {longitude:.4f},{latitude:.4f}"


def _default_point(archive: Archive) -> tuple[float, float]:
    if archive.footprint.intersects(Point(DEFAULT_POINT)):
        return DEFAULT_POINT
    inside = archive.footprint.representative_point()
    return inside.x, inside.y
