"""Archives by name."""

import subprocess
import sys
from pathlib import Path

import pytest
from pydantic import SecretStr

from core.errors import (
    ArchiveUnavailable,
    InvalidCube,
    InvalidOption,
    MissingCredentials,
    UnknownArchive,
    UntrustedAddress,
)
from core.settings import Settings
from ingest.registry import known_names, open_archive, split_spec
from tests.conftest import ROOT
from tests.ingest.cubes.cube_files import write_cube


@pytest.mark.parametrize("spec", ["nowhere", "", "   ", "/no/such/folder", "a" * 5000, "a\0b", "nowhere,sample"])
def test_an_unknown_archive_is_refused(settings: Settings, spec: str) -> None:
    with pytest.raises(UnknownArchive, match="sample"):
        open_archive(spec, settings)


def test_every_archive_of_a_list_must_be_known(settings: Settings, tmp_path: Path) -> None:
    cube = write_cube(tmp_path / "a.nc")
    with pytest.raises(UnknownArchive, match="nowhere"):
        open_archive(f"{cube},nowhere", settings)


def test_an_address_that_does_not_answer_is_unavailable(tmp_path: Path) -> None:
    settings = Settings(home=tmp_path, tries=1)
    with pytest.raises(ArchiveUnavailable, match="not available"):
        open_archive("http://127.0.0.1:9/catalog.json", settings)


def test_an_address_without_encryption_is_refused_but_on_this_machine(settings: Settings) -> None:
    with pytest.raises(UntrustedAddress):
        open_archive("http://example.com/catalog.json", settings)


def test_an_archive_that_needs_an_account_names_the_settings(settings: Settings) -> None:
    for name in ("cdse", "sentinel-hub", "cdse-stac"):
        with pytest.raises(MissingCredentials, match="LANDCAST_"):
            open_archive(name, settings)


def test_auto_is_keyless_without_an_account_and_sentinel_hub_with_one(settings: Settings) -> None:
    with_account = settings.but(sentinelhub_client_id="a", sentinelhub_client_secret=SecretStr("b"))
    assert split_spec("auto", settings) == ["earth-search"]
    assert split_spec("auto", with_account) == ["cdse", "earth-search"]


def test_several_archives_are_one_in_order_of_preference(settings: Settings, tmp_path: Path) -> None:
    one, two = write_cube(tmp_path / "a.nc"), write_cube(tmp_path / "b.nc")
    assert open_archive(f"{one}, {two}", settings).name == "a,b"
    assert open_archive("earth-search,planetary-computer", settings).name == "earth-search,planetary-computer"


@pytest.mark.parametrize("spec", ["sample,sample", "a,b,c,d,e"])
def test_too_many_archives_or_one_twice_are_refused(settings: Settings, spec: str) -> None:
    with pytest.raises(InvalidOption, match="archive"):
        open_archive(spec, settings)


@pytest.mark.parametrize("name", known_names())
def test_every_known_archive_is_in_the_docs(name: str) -> None:
    assert f"| `{name}` |" in (ROOT / "docs" / "reference" / "archives.md").read_text()


def test_a_cube_file_is_an_archive(settings: Settings, tmp_path: Path) -> None:
    assert open_archive(str(write_cube(tmp_path / "a.nc")), settings).name == "a"


def test_a_text_file_is_no_archive(settings: Settings, tmp_path: Path) -> None:
    (tmp_path / "a.nc").write_text("text")
    with pytest.raises(InvalidCube):
        open_archive(str(tmp_path / "a.nc"), settings)


def test_importing_the_registry_loads_no_reader_of_any_archive() -> None:
    heavy = {"rasterio", "scipy", "zarr", "obstore", "requests", "pystac_client", "sentinelhub", "prosail", "torch"}
    code = f"import sys, ingest.registry; print(sorted({heavy} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_building_cubes_loads_no_rasterio() -> None:
    code = "import sys, ingest.build.cube; sys.exit('rasterio' in sys.modules or 'torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
