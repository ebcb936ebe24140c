"""What must hold before a service starts."""

import stat
from pathlib import Path

import pytest

from cli.main import WRONG_INPUT, run_command
from core.errors import InvalidOption
from core.settings import Settings
from service.process.start_check import check_start

SECRET = "hunter2"


def test_settings_that_fit_pass_and_make_the_home_folder(tmp_path: Path) -> None:
    check_start(Settings(home=tmp_path / "new" / "home"))
    home = tmp_path / "new" / "home"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    assert stat.S_IMODE((home / "ledger.sqlite").stat().st_mode) == 0o600


def test_a_home_that_others_may_read_is_warned_of(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    home = tmp_path / "home"
    home.mkdir(mode=0o750)
    check_start(Settings(home=home))
    assert caplog.text == ""
    home.chmod(0o755)
    check_start(Settings(home=home))
    assert f"chmod o= {home}" in caplog.text


@pytest.mark.parametrize(
    ("url", "reason"),
    [
        (f"postgresql+psycopg://u:{SECRET}@127.0.0.1:9/x?password={SECRET}", "does not answer"),
        (f"nonsense:{SECRET}@", "no URL of a database"),
        (f"postgresql://u:{SECRET}@h:port/x", "no URL of a database"),
        (f"foo://u:{SECRET}@h/x", "knows no such database"),
        (f"mysql+pymysql://u:{SECRET}@h/x", "driver 'pymysql' is not installed"),
        ("sqlite:////proc/nowhere/x.sqlite", "does not answer|cannot"),
    ],
)
def test_a_ledger_that_does_not_open_is_one_sentence_without_the_password(
    tmp_path: Path, url: str, reason: str
) -> None:
    with pytest.raises(InvalidOption, match=reason) as caught:
        check_start(Settings(home=tmp_path, database_url=url))
    assert "LANDCAST_DATABASE_URL" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("content", [b"no database" * 100, b"SQLite format 3\x00" + b"\xff" * 5000])
def test_a_damaged_ledger_is_one_sentence(tmp_path: Path, content: bytes) -> None:
    (tmp_path / "ledger.sqlite").write_bytes(content)
    with pytest.raises(InvalidOption, match=r"ledger\.sqlite' is damaged"):
        check_start(Settings(home=tmp_path))


def test_a_home_that_cannot_be_written_to_is_one_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for home in (tmp_path / "file" / "home", Path("/proc/nowhere")):
        with pytest.raises(InvalidOption, match="LANDCAST_HOME': it cannot be written to"):
            check_start(Settings(home=home))


@pytest.mark.parametrize("command", ["serve", "worker", "run"])
@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("LANDCAST_DATABASE_URL", f"postgresql+psycopg://u:{SECRET}@127.0.0.1:9/x"),
        ("LANDCAST_HOME", "/proc/nowhere"),
        ("LANDCAST_LOG_LEVEL", "LOUD"),
    ],
)
def test_commands_end_with_that_sentence_and_exit_code_2(
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
    command: str,
    name: str,
    value: str,
) -> None:
    monkeypatch.setenv("LANDCAST_HOME", str(tmp_path / "home"))
    monkeypatch.setenv(name, value)
    assert run_command([command]) == WRONG_INPUT
    printed = capsys.readouterr()
    assert name in printed.err
    assert len(printed.err.splitlines()) == 1
    assert SECRET not in printed.out + printed.err


def test_a_store_whose_keys_are_incomplete_is_one_sentence_without_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", SECRET)
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    with pytest.raises(InvalidOption, match="of 'LANDCAST_STORE': the AWS_ variables are incomplete") as caught:
        check_start(Settings(home=tmp_path, store="s3://bucket/p"))
    assert SECRET not in str(caught.value)


def test_a_store_that_is_away_may_be_back_later(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in {"ACCESS_KEY_ID": "a", "SECRET_ACCESS_KEY": "b", "ENDPOINT_URL": "http://127.0.0.1:9"}.items():
        monkeypatch.setenv(f"AWS_{name}", value)
    check_start(Settings(home=tmp_path, store="s3://bucket/p"))
