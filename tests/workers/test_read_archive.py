import json

import pytest

from core.settings import Settings
from tests.fakes import FAKE_DEPENDENCIES, open_fake
from tests.workers.queue.ledger_parts import GRID
from workers.read_archive import ReadArchive, without_archive


def test_what_is_left_of_an_archive_is_the_same_after_json(settings: Settings) -> None:
    archive = open_fake("fake://plain", settings)
    read = ReadArchive(
        name=archive.name, bands=archive.bands, period=archive.period, facts={"archive": "x", "scenes": [["a", "1"]]}
    )
    assert ReadArchive.of_json(json.loads(json.dumps(read.to_json()))) == read


def test_no_archive_is_opened_whatever_the_order_names(settings: Settings) -> None:
    archive = open_fake("fake://plain", settings)
    read = ReadArchive(name="n", bands=("B04",), period=archive.period, facts={})
    found = without_archive(FAKE_DEPENDENCIES, read).open_archive("https://nowhere.example", settings)
    assert found.name == "n"
    with pytest.raises(AttributeError):
        found.search(GRID.tile(0, 0).window, archive.period)
