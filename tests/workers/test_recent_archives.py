"""Archives are opened once while their files stay as they are."""

from pathlib import Path

import pytest

from core.errors import UnknownArchive
from core.settings import Settings
from ingest.archive import Archive
from tests.fakes import FakeArchive
from tests.workers.queue.ledger_parts import Clock
from workers.recent_archives import LOOK_S, MOST, RecentArchives, recent_dependencies


class Opener:
    """Opens fakes and counts."""

    def __init__(self) -> None:
        self.opened: list[str] = []

    def __call__(self, spec: str, settings: Settings) -> Archive:
        self.opened.append(Path(spec).name)
        if spec.endswith("bad"):
            raise UnknownArchive(spec, [])
        return FakeArchive("plain", settings.jobs.tile_size)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "fields"
    found.mkdir()
    (found / "catalog.json").touch()
    return found


def test_an_archive_is_opened_once_while_its_files_stay_as_they_are(folder: Path, settings: Settings) -> None:
    opener, clock = Opener(), Clock()
    recent = RecentArchives(opener, clock)
    first = recent.open(str(folder), settings)
    assert recent.open(str(folder), settings) is first
    clock.now += LOOK_S
    assert recent.open(str(folder), settings) is first
    assert opener.opened == ["fields"]


@pytest.mark.parametrize("spec", ["", "catalog.json"])
def test_a_new_file_is_noticed_within_a_second(folder: Path, settings: Settings, spec: str) -> None:
    opener, clock = Opener(), Clock()
    recent = RecentArchives(opener, clock)
    first = recent.open(str(folder / spec), settings)
    (folder / "scene.json").touch()
    assert recent.open(str(folder / spec), settings) is first
    clock.now += LOOK_S
    assert recent.open(str(folder / spec), settings) is not first


def test_an_archive_is_opened_for_other_settings_anew(folder: Path, settings: Settings) -> None:
    opener = Opener()
    recent = RecentArchives(opener, Clock())
    recent.open(str(folder), settings)
    recent.open(str(folder), settings.but(tile_size=64))
    assert len(opener.opened) == 2


@pytest.mark.parametrize("spec", ["earth-search", "https://example.org/stac", "/nowhere", "\0"])
def test_an_archive_elsewhere_is_opened_each_time(settings: Settings, spec: str) -> None:
    opener = Opener()
    recent = RecentArchives(opener, Clock())
    recent.open(spec, settings)
    recent.open(spec, settings)
    assert len(opener.opened) == 2


def test_an_error_is_not_kept(tmp_path: Path, settings: Settings) -> None:
    (tmp_path / "bad").mkdir()
    opener = Opener()
    recent = RecentArchives(opener, Clock())
    for _ in range(2):
        with pytest.raises(UnknownArchive):
            recent.open(str(tmp_path / "bad"), settings)
    assert opener.opened == ["bad", "bad"]


def test_a_few_archives_are_kept(tmp_path: Path, settings: Settings) -> None:
    opener = Opener()
    recent = RecentArchives(opener, Clock())
    for number in [*range(MOST + 1), 0, MOST]:
        (tmp_path / str(number)).mkdir(exist_ok=True)
        recent.open(str(tmp_path / str(number)), settings)
    assert opener.opened == [str(n) for n in [*range(MOST + 1), 0]]


def test_only_the_opening_of_archives_differs_from_the_real_dependencies() -> None:
    found = recent_dependencies()
    assert found.open_archive != recent_dependencies().open_archive
    assert found.find_product("crop").id == "crop"
