from pathlib import Path

import pytest
from pydantic import ValidationError

from core.settings import Settings, described


def test_every_setting_can_be_given_by_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANDCAST_HOME", "/srv/landcast")
    monkeypatch.setenv("LANDCAST_TILE_SIZE", "64")
    assert Settings().home == Path("/srv/landcast")
    assert Settings().jobs.tile_size == 64


def test_every_setting_has_a_default_and_a_sentence() -> None:
    Settings()
    assert [n for n, f in described().items() if not (f.description or "").endswith(".")] == []


@pytest.mark.parametrize(("name", "value"), [("TILE_SIZE", "8"), ("PORT", "70000"), ("MAX_TILES", "0"), ("PORT", "x")])
def test_a_value_out_of_range_is_refused(monkeypatch: pytest.MonkeyPatch, name: str, value: str) -> None:
    monkeypatch.setenv(f"LANDCAST_{name}", value)
    with pytest.raises(ValidationError, match=f"(?i){name}"):
        Settings()


def test_a_setting_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValidationError, match="tilesize"):
        Settings(tilesize=64)  # type: ignore[call-arg]


def test_settings_do_not_change_once_made(settings: Settings) -> None:
    with pytest.raises(ValidationError):
        settings.http.port = 1  # type: ignore[misc]


def test_secrets_show_in_no_text() -> None:
    password = "hunter2"
    urls = {"redis_url": f"redis://:{password}@r:6379/0", "database_url": f"postgresql+psycopg://a:{password}@d/db"}
    secret = Settings(**urls)
    assert secret.jobs.redis_url is not None
    assert password in secret.jobs.redis_url.get_secret_value()
    for text in (repr(secret), str(secret), repr(secret.model_dump()), secret.model_dump_json()):
        assert password not in text


def test_values_by_their_variables_names_reach_their_groups_and_the_rest_stays() -> None:
    first = Settings(cell_size=64, archive="one.nc", port=8080)
    other = first.but(archive="two.nc", home=Path("/srv"))
    assert (other.archives.default, other.home) == ("two.nc", Path("/srv"))
    assert (other.cache.block_size, other.http.port) == (64, 8080)
    assert first.archives.default == "one.nc"
    assert Settings(**other.flat()) == other


def test_a_value_that_is_given_goes_before_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("LANDCAST_TILE_SIZE", "64")
    assert Settings(tile_size=32).jobs.tile_size == 32
    assert Settings(tile_size=32).but(port=1).jobs.tile_size == 32


def test_a_copy_that_would_lose_its_changes_is_refused(settings: Settings) -> None:
    with pytest.raises(TypeError, match="but"):
        settings.model_copy(update={"tile_size": 16})
