from pathlib import Path

import httpx

from core.settings import Settings
from ingest.registry import SAMPLE
from service.archives import archives
from tests.service.conftest import Front


def test_the_services_own_archive_is_listed_without_its_path(client: httpx.Client, front: Front) -> None:
    (own,) = client.get("/archives").json()["archives"]
    assert own["default"] is True
    assert "id" not in own
    assert own["simulated"] is True
    assert own["period"] == "2021-03-01/2022-10-22"
    assert own["footprint"]["type"] == "Polygon"
    assert front.settings.archives.default not in str(own)


def test_the_sample_is_listed_by_name_and_once(front: Front, sample_home: Path) -> None:
    by_default = Settings(home=sample_home, archive=SAMPLE, archive_names=SAMPLE)
    assert [(a.id, a.default) for a in archives(by_default).archives] == [(SAMPLE, True)]
    beside = Settings(home=sample_home, archive=front.settings.archives.default)
    assert [(a.id, a.default) for a in archives(beside).archives] == [(None, True), (SAMPLE, False)]
