"""Archives by name."""

import subprocess
import sys
from pathlib import Path

import pytest

from core.errors import InvalidCube, UnknownArchive
from core.settings import Settings
from ingest.registry import open_archive
from tests.ingest.cube_files import write_cube


@pytest.mark.parametrize(
    "spec", ["nowhere", "", "   ", "https://example.com/catalog.json", "/no/such/folder", "a" * 5000, "a\0b"]
)
def test_an_unknown_archive_is_refused(settings: Settings, spec: str) -> None:
    with pytest.raises(UnknownArchive, match="sample"):
        open_archive(spec, settings)


def test_a_cube_file_is_an_archive(settings: Settings, tmp_path: Path) -> None:
    assert open_archive(str(write_cube(tmp_path / "a.nc")), settings).name == "a"


def test_a_text_file_is_no_archive(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.nc").write_text("text")
    with pytest.raises(InvalidCube):
        open_archive(str(tmp_path / "a.nc"), settings)


def test_importing_the_registry_loads_no_rasterio() -> None:
    code = "import sys, ingest.registry, ingest.build; sys.exit('rasterio' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
