"""Settings read for a command: one sentence for a wrong variable, and the same settings in another process."""

from pathlib import Path

import pytest

from core.errors import InvalidOption
from core.read_settings import environment, overridden, read_settings
from core.settings import Settings


@pytest.mark.parametrize("name", ["LANDCAST_TILE_SIZE", "LANDCAST_CELL_SIZE", "LANDCAST_PORT"])
def test_a_wrong_variable_is_named_with_its_value(monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    monkeypatch.setenv(name, "many")
    with pytest.raises(InvalidOption, match=f"'many' is not a valid value of '{name}'"):
        read_settings()


def test_a_level_of_the_log_that_does_not_exist_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANDCAST_LOG_LEVEL", "LOUD")
    sentence = "'LOUD' is not a valid value of 'LANDCAST_LOG_LEVEL': it is not one of DEBUG"
    with pytest.raises(InvalidOption, match=sentence):
        read_settings()
    monkeypatch.setenv("LANDCAST_LOG_LEVEL", "debug")
    assert read_settings().log_level == "debug"


def test_another_process_reads_the_same_settings(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    given = Settings(home=tmp_path, tile_size=48, redis_url="redis://:secret@host", cell_size=96, archive_names="cdse")
    for name, value in environment(given).items():
        monkeypatch.setenv(name, value)
    assert read_settings() == given


def test_settings_that_the_command_line_does_not_give_stay(settings: Settings) -> None:
    changed = overridden(settings, port=8001, archive=None)
    assert (changed.http.port, changed.archives.default) == (8001, settings.archives.default)


def test_a_relative_folder_of_the_store_is_the_same_for_another_process(tmp_path: Path) -> None:
    assert environment(Settings(home=tmp_path, store="results"))["LANDCAST_STORE"] == str(Path("results").resolve())
    assert environment(Settings(home=tmp_path, store="s3://b/p"))["LANDCAST_STORE"] == "s3://b/p"
    assert environment(Settings(home=tmp_path))["LANDCAST_STORE"] == ""


@pytest.mark.parametrize("address", ["s3://key:hunter2@bucket/p", "https://host/b?X-Amz-Signature=hunter2"])
def test_a_secret_in_an_address_is_not_repeated(monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    monkeypatch.setenv("LANDCAST_STORE", address)
    with pytest.raises(InvalidOption, match="'LANDCAST_STORE': it is neither a folder nor s3://bucket") as caught:
        read_settings()
    assert "hunter2" not in str(caught.value)
