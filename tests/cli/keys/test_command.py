"""`landcast keys` on a ledger of its own."""

from collections.abc import Callable
from pathlib import Path

import pytest

from cli.main import DONE, run_command
from core.settings import Settings
from service.access.caller import Scope
from service.access.keys import KEY, KeyStore
from workers.queue.ledger import open_ledger


def store(folder: Path) -> KeyStore:
    return KeyStore(open_ledger(Settings(home=folder / "home")).engine)


def test_a_key_is_printed_once_and_works(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["keys", "create", "alice", "--scope", "read,admin", "--party", "forest", "--expires", "90"]
    assert run_command([*arguments, "--running-jobs", "3", "--requests-per-minute", "0"]) == DONE
    printed = capsys.readouterr()
    text = printed.out.strip()
    assert KEY.fullmatch(text)
    assert "shown this once" in printed.err
    assert text not in printed.err
    key = store(folder).find(text)
    assert key is not None
    assert (key.name, key.party, key.scopes) == ("alice", "forest", {Scope.READ, Scope.ADMIN})
    assert (key.limits.running_jobs, key.limits.pixels_per_day, key.limits.requests_per_minute) == (3, None, 0)


def test_keys_are_listed_without_their_secrets_and_revoked_by_name_or_id(folder: Path, run: Callable[..., str]) -> None:
    first, second = run("keys", "create", "alice").strip(), run("keys", "create", "bob", "--party", "").strip()
    found = store(folder).find(first)
    assert found is not None
    assert found.party == "alice"
    assert f"Key {found.id} (alice) is revoked." in run("keys", "revoke", found.id)
    run("keys", "revoke", "bob")
    listed = run("keys", "list")
    assert listed.count("revoked on") == 2
    assert "order,read" in listed
    assert first[18:] not in listed
    assert store(folder).find(first) is store(folder).find(second) is None


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("create", "a/b"), "letters, digits"),
        (("create", "alice", "--scope", "write"), "the scopes are read, order, admin"),
        (("create", "alice", "--expires", "soon"), "give a date (2027-01-31) or a number of days (90)"),
        (("create", "alice", "--expires", "2020-01-01"), "not in the future"),
        (("revoke", "nobody"), "no usable key 'nobody'"),
    ],
)
def test_wrong_arguments_are_one_sentence(
    refused: Callable[..., str], arguments: tuple[str, ...], sentence: str
) -> None:
    assert sentence in refused("keys", *arguments)


def test_an_end_is_shown(run: Callable[..., str]) -> None:
    run("keys", "create", "alice", "--expires", "2999-12-31")
    assert "until 3000-01-01 00:00 UTC" in run("keys", "list")
