"""What `landcast doctor` reports about an archive."""

from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime

import pytest
from shapely import box
from shapely.geometry.base import BaseGeometry

from cli.doctor.archive import NOTE, describe, parse_point
from core.errors import ArchiveError, InvalidOption, RegionOutsideArchive
from core.grid import Grid, Window, utm_crs
from core.region import Region
from core.settings import Settings
from core.timeline import Period
from ingest.archive import Abilities, Scene
from ingest.preference import PreferredArchives
from tests.ingest.fake_archive import FakeArchive

TODAY = date(2021, 5, 2)


ALL_YEARS = Period(start=date(2015, 7, 1), end=date(2099, 1, 1))


FULL = Abilities(sensors=("s2", "s1"), masks=("SCL",), convention="gamma0_rtc", needs="An account.", cost="2 units.")


@dataclass
class WorldArchive(FakeArchive):
    """Covers the world, as remote archives do; notes its searches."""

    name: str = "world"
    is_simulated: bool = False
    footprint: BaseGeometry = field(default_factory=lambda: box(-180, -80, 180, 84))
    period: Period = ALL_YEARS
    abilities: Abilities = FULL
    newest: date = date(2021, 4, 30)
    searches: tuple[tuple[Window, Period], ...] = ()

    def grid(self, region: Region) -> Grid:
        return Grid(crs=utm_crs(region))

    def search(self, window: Window, period: Period) -> list[Scene]:
        self.searches += ((window, period),)
        time = datetime(self.newest.year, self.newest.month, self.newest.day, 10, tzinfo=UTC)
        return [Scene(scene_id="S2X", time=time, sensor="s2")] if period.contains(self.newest) else []


def report(archive: FakeArchive | PreferredArchives, point: tuple[float, float] | None = None, **given: str) -> str:
    return "\n".join(describe(archive, Settings.model_validate(given), point=point, today=TODAY))


def test_the_abilities_of_an_archive_and_the_age_of_its_newest_scene_are_reported() -> None:
    text = report(WorldArchive())
    for words in ("sensors s2 s1", "SCL", "gamma0_rtc", "needs: An account.", "cost: 2 units."):
        assert words in text
    assert "newest scene S2X of 2021-04-30, 2 days old; 1 in the 60 days to 2021-05-02 at 10.0000,50.0000" in text
    assert NOTE not in text


def test_only_a_point_of_the_world_is_searched_in_the_last_months() -> None:
    world = WorldArchive()
    report(world)
    report(world, (179.9999, -17.0))
    for window, period in world.searches:
        assert max(window.shape_yx) < 20
        assert period.end == TODAY
        assert (period.end - period.start).days == 60


def test_a_year_is_searched_where_two_months_have_nothing() -> None:
    world = WorldArchive(newest=date(2020, 12, 1))
    text = report(world)
    assert [(p.end - p.start).days for _, p in world.searches] == [60, 365]
    assert "152 days old" in text
    assert f"{NOTE}world has had nothing new at 10.0000,50.0000 for 5 months" in text


def test_an_archive_without_a_scene_in_a_year_fails_with_advice() -> None:
    with pytest.raises(
        ArchiveError, match=r"lists no scene at 10\.0000,50\.0000 in the year to 2021-05-02; name a place"
    ):
        report(WorldArchive(newest=date(2019, 1, 1)))


def test_a_small_archive_is_searched_as_a_whole_up_to_its_own_end() -> None:
    text = report(FakeArchive())
    assert "newest scene c of 2021-04-30, 2 days old; 7 in the 60 days to 2021-04-30 in its region" in text


def test_a_large_archive_elsewhere_is_searched_at_a_point_of_its_own() -> None:
    brazil = WorldArchive()
    brazil.footprint = box(-60, -20, -50, -10)
    assert "at -55.0000,-15.0000" in report(brazil)
    with pytest.raises(RegionOutsideArchive, match=r"-60\.0000 to -50\.0000"):
        report(brazil, (10.0, 50.0))


@pytest.mark.parametrize(
    ("abilities", "cloud_mask", "phrase"),
    [
        (replace(FULL, sensors=("s2",)), "scene", "world has no radar (Sentinel-1)"),
        (replace(FULL, sensors=("s1",)), "scene", "world has no optical images"),
        (replace(FULL, masks=()), "scene", "world has no cloud mask"),
        (replace(FULL, convention=""), "scene", "does not state how its radar"),
        (FULL, "s2cloudless", "has no Level-1C reflectance"),
    ],
)
def test_what_an_archive_lacks_is_noted(abilities: Abilities, cloud_mask: str, phrase: str) -> None:
    notes = [
        line for line in report(WorldArchive(abilities=abilities), cloud_mask=cloud_mask).split("\n") if NOTE in line
    ]
    assert len(notes) == 1
    assert phrase in notes[0]


def test_each_of_several_archives_is_described() -> None:
    text = report(PreferredArchives([WorldArchive(), WorldArchive(name="other")]))
    assert text.count("newest scene") == 2
    assert "other: " in text


@pytest.mark.parametrize("text", ["", "10", "10,50,3", "a,b", "190,5", "5,91", "nan,nan"])
def test_texts_that_are_no_point_are_refused(text: str) -> None:
    with pytest.raises(InvalidOption, match="LON,LAT"):
        parse_point(text)


def test_a_point_is_longitude_then_latitude() -> None:
    assert parse_point("-10.5, 50") == (-10.5, 50.0)
