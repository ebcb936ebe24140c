"""`landcast doctor`: its checks, each with one line a fact or one sentence about what is missing."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cli.doctor import command as doctor
from cli.main import run_command
from core.errors import InternalError, LandcastError
from core.settings import Settings
from tests.cli.cubes import write_cube
from workers.queue.ledger import open_ledger


@pytest.mark.parametrize(("archive", "phrase"), [("nowhere", "There is no archive 'nowhere'"), ("cdse", "account")])
def test_an_archive_that_does_not_open_is_one_sentence(settings: Settings, archive: str, phrase: str) -> None:
    with pytest.raises(LandcastError, match=phrase) as error:
        list(doctor.archive(settings.but(archive=archive)))
    assert "\n" not in str(error.value)


def test_every_check_passes_here_and_the_newest_scene_is_printed(folder: Path, run: Callable[..., str]) -> None:
    write_cube(folder / "cube.nc", dates=4)
    printed = run("doctor", "--archive", "cube.nc")
    assert "FAIL" not in printed
    assert "newest scene" in printed
    assert "2020-02-02" in printed
    assert printed.endswith("Everything is here.\n")


@pytest.mark.usefixtures("folder")
def test_failed_checks_are_counted_and_end_with_code_1(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LANDCAST_REDIS_URL", "redis://127.0.0.1:9")
    assert run_command(["doctor", "--archive", "nowhere"]) == 1
    printed = capsys.readouterr().out
    assert "FAIL  redis" in printed
    assert "FAIL  archive" in printed
    assert "2 of 7 checks failed" in printed


def test_a_home_folder_that_cannot_be_written_to_is_named(tmp_path: Path) -> None:
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(InternalError, match=r"cannot be written to .*LANDCAST_HOME"):
        list(doctor.home(Settings(home=file / "home")))
    assert "GB free" in next(doctor.home(Settings(home=tmp_path / "new" / "home")))


def test_the_ledger_is_looked_at_and_never_made(settings: Settings) -> None:
    assert "will be made by the first service" in next(doctor.ledger(settings))
    assert not settings.home.exists()
    open_ledger(settings)
    assert next(doctor.ledger(settings)).endswith("ledger.sqlite answers, 0 jobs")


@pytest.mark.parametrize("url", ["no url", "postgresql+psycopg://me:secret@127.0.0.1:9/none"])
def test_a_ledger_that_does_not_answer_is_named_without_its_password(settings: Settings, url: str) -> None:
    with pytest.raises(LandcastError, match="LANDCAST_DATABASE_URL") as error:
        list(doctor.ledger(settings.but(database_url=url)))
    assert "secret" not in str(error.value)


def test_an_old_python_is_refused_with_the_version_that_is_needed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "MIN_PYTHON", (4, 2))
    with pytest.raises(InternalError, match=r"install 4\.2 or newer"):
        list(doctor.python(Settings()))
