"""Where keys are needed, and which services do not start without one."""

from pathlib import Path

import pytest

from cli.main import WRONG_INPUT, run_command
from core.errors import InvalidOption
from core.settings import Settings
from service.access.start import check_keys, needs_keys
from tests.service.access.keyed import make_key

OPEN = [
    {"host": "0.0.0.0"},
    {"host": "::"},
    {"host": "192.168.1.5"},
    {"host": ""},
    {"public_url": "https://eo.example.org"},
    {"public_url": "eo.example.org"},
    {"public_url": "http://127.0.0.1.evil.example/"},
    {"keys": "required"},
]


@pytest.mark.parametrize(
    "changes", [{}, {"host": "::1"}, {"host": "localhost"}, {"public_url": "http://localhost:80/x"}]
)
def test_a_service_of_this_machine_needs_no_key(tmp_path: Path, changes: dict[str, str]) -> None:
    settings = Settings(home=tmp_path, **changes)
    assert not needs_keys(settings)
    check_keys(settings)


@pytest.mark.parametrize("changes", OPEN)
def test_any_other_does_not_start_without_one_and_says_what_to_type(tmp_path: Path, changes: dict[str, str]) -> None:
    settings = Settings(home=tmp_path, **changes)
    assert needs_keys(settings)
    with pytest.raises(InvalidOption, match=r"landcast keys create NAME --scope read,order") as caught:
        check_keys(settings)
    assert f"LANDCAST_{next(iter(changes)).upper()}" in str(caught.value)
    make_key(settings, "alice")
    check_keys(settings)


def test_serve_refuses_with_one_sentence(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("LANDCAST_HOME", str(tmp_path / "home"))
    assert run_command(["serve", "--host", "0.0.0.0"]) == WRONG_INPUT
    printed = capsys.readouterr()
    assert "there is no key; make one with 'landcast keys create" in printed.err
    assert printed.err.count("\n") == 1
    assert printed.out == ""
