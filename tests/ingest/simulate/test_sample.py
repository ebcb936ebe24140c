"""The folder of the sample archive: generated once, replaced when the generator changes."""

import json
import subprocess
import sys
import threading
from datetime import date
from pathlib import Path

import pytest

from core.region import Region
from core.settings import Settings
from ingest.archive import check_region
from ingest.registry import open_archive
from ingest.simulate.archive import write_archive
from ingest.simulate.sample import sample_folder


def write_small(folder: Path) -> None:
    write_archive(folder, size=16, first=date(2021, 6, 1), last=date(2021, 6, 16))


def test_callers_at_the_same_time_generate_the_sample_archive_once(tmp_path: Path) -> None:
    calls: list[Path] = []

    def write(folder: Path) -> None:
        calls.append(folder)
        write_small(folder)

    callers = [threading.Thread(target=sample_folder, args=(tmp_path, write)) for _ in range(3)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert len(calls) == 1
    assert sorted(p.name for p in (tmp_path / "archives").iterdir()) == ["sample", "sample.lock"]
    archive = open_archive("sample", Settings(home=tmp_path))
    assert archive.name == "sample"
    check_region(archive, Region(geometry=archive.footprint))


def test_a_failed_generation_leaves_nothing_behind(tmp_path: Path) -> None:
    def fail(folder: Path) -> None:
        folder.mkdir()
        raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        sample_folder(tmp_path, fail)
    assert [p.name for p in (tmp_path / "archives").iterdir()] == ["sample.lock"]


def test_an_archive_of_another_generator_is_made_anew(tmp_path: Path) -> None:
    folder = sample_folder(tmp_path, write_small)
    catalogue = folder / "catalog.json"
    catalogue.write_text(json.dumps({**json.loads(catalogue.read_text()), "landcast:generator": "older"}))
    (folder / "old").touch()
    assert not (sample_folder(tmp_path, write_small) / "old").exists()


def test_finding_the_folder_does_not_load_the_generator() -> None:
    code = "import sys, ingest.simulate.sample; sys.exit(bool({'prosail', 'scipy'} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
