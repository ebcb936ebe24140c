"""What each scene of a folder holds, told one by one, so that a new scene changes nothing about the others."""

import json
import os
from pathlib import Path

from core.settings import Settings
from core.source import ReadAs
from ingest.stac.folder import open_stac_folder
from tests.ingest.stac.folders import PIXELS, WINDOW, asset, earth_search_folder, item, write_bands, write_catalogue


def test_each_scene_tells_its_content_and_a_new_one_changes_nothing_about_the_others(tmp_path: Path) -> None:
    folder = earth_search_folder(tmp_path / "archive")
    before = open_stac_folder(folder, settings=Settings(home=tmp_path))
    told = {s.scene_id: before.content_of(s) for s in before.search(WINDOW, before.period)}
    write_bands(folder / "later", red=PIXELS, nir=PIXELS + 3000)
    assets = {n: asset(f"./later/{n}.tif") for n in ("red", "nir")}
    documents = [json.loads(p.read_text()) for p in sorted(folder.glob("*.json")) if p.stem != "catalog"]
    write_catalogue(folder, [*documents, item("later", "2022-06-01", assets, **{"s2:processing_baseline": "03.01"})])
    after = open_stac_folder(folder, settings=Settings(home=tmp_path))
    again = {s.scene_id: after.content_of(s) for s in after.search(WINDOW, after.period)}
    assert after.fingerprint != before.fingerprint
    assert again.keys() - told.keys() == {"later"}
    assert {name: again[name] for name in told} == told


def test_a_changed_file_or_another_way_to_read_it_is_another_content(tmp_path: Path) -> None:
    folder, settings = earth_search_folder(tmp_path / "archive"), Settings(home=tmp_path)
    archive = open_stac_folder(folder, settings=settings)
    (old, *_) = archive.search(WINDOW, archive.period)
    before = archive.content_of(old)
    stated = open_stac_folder(folder, settings=settings, read_as=ReadAs(mask="none"))
    assert stated.content_of(stated.search(WINDOW, stated.period)[0]) != before
    os.utime(folder / "red.tif", (1, 1))
    assert open_stac_folder(folder, settings=settings).content_of(old) == before, "the scene carries its own version"
    changed = open_stac_folder(folder, settings=settings)
    assert changed.content_of(changed.search(WINDOW, changed.period)[0]) != before
