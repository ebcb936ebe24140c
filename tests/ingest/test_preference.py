"""Several archives in order of preference."""

from dataclasses import replace

import pytest

from core.errors import ArchiveUnavailable, ReadFailed
from core.grid import Window
from core.source import InputSummary
from core.timeline import Period
from ingest.archive import Scene
from ingest.preference import PreferredArchives, choices
from tests.ingest.fake_archive import APRIL, EXTENT, FakeArchive


class Away(FakeArchive):
    """A fake archive that cannot be searched."""

    def search(self, window: Window, period: Period) -> list[Scene]:
        raise ArchiveUnavailable(self.name, "it does not answer")


def test_one_archive_is_its_own_only_choice() -> None:
    archive = FakeArchive()
    assert choices(archive) == (archive,)
    assert choices(PreferredArchives([archive])) == (archive,)


def test_preferred_archives_hold_what_any_of_them_holds() -> None:
    both = PreferredArchives([FakeArchive(name="one", bands=("B04", "B08")), FakeArchive(name="two", bands=("VV",))])
    assert both.name == "one,two"
    assert both.bands == ("B04", "B08", "VV")
    assert both.fingerprint != PreferredArchives([FakeArchive(name="one")]).fingerprint


def test_a_search_goes_to_the_first_archive_that_answers() -> None:
    away = Away(name="away")
    found = PreferredArchives([away, FakeArchive(name="there")]).search(EXTENT, APRIL)
    assert [s.scene_id for s in found][:2] == ["a", "b"]
    with pytest.raises(ArchiveUnavailable, match="away"):
        PreferredArchives([away, Away(name="gone")]).search(EXTENT, APRIL)


def test_a_scene_is_read_from_an_archive_that_lists_it() -> None:
    first, second = FakeArchive(name="first"), FakeArchive(name="second")
    scene = first.search(EXTENT, APRIL)[0]
    assert set(PreferredArchives([first, second]).read(scene, EXTENT, ("B04",)).values) == {"B04"}
    assert (first.reads, second.reads) == (["a"], [])
    with pytest.raises(ReadFailed, match="another archive"):
        PreferredArchives([first, second]).read(replace(scene, scene_id="foreign"), EXTENT, ("B04",))


def test_summaries_are_joined_with_the_name_of_their_archive() -> None:
    first = InputSummary(name="one.nc", layout="cube", taken=("bands: B04",), remarks=("It has no mask.",))
    both = PreferredArchives([FakeArchive(name="one", summary=first), FakeArchive(name="two")])
    assert both.summary is not None
    assert both.summary.lines() == (
        "one,two: 2 archives in order of preference",
        "one.nc: cube",
        "one.nc: bands: B04",
        "Note: one.nc: It has no mask.",
    )
    assert PreferredArchives([FakeArchive(name="one")]).summary is None
