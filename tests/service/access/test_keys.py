"""Keys: what is kept of them, when they end, and which texts are none."""

import hashlib
from pathlib import Path

import pytest
from sqlalchemy import Engine, text, update

from core.errors import InvalidOption, UnknownKey
from service.access import keys as module
from service.access.caller import Scope
from service.access.keys import KEY, KeyStore, end_of
from service.access.tables import access_keys

BOTH = frozenset({Scope.READ, Scope.ORDER})


@pytest.fixture
def store(engine: Engine) -> KeyStore:
    return KeyStore(engine)


def test_a_key_is_recognised_and_its_secret_is_kept_nowhere(store: KeyStore, engine: Engine, tmp_path: Path) -> None:
    made, key = store.create("alice", scopes=BOTH, party="forest")
    found = store.find(key)
    assert found == made
    assert found is not None
    assert (found.caller().party, found.caller().scopes) == ("forest", BOTH)
    secret = key.rsplit("_", 1)[-1] if "_" not in key[18:] else key[18:]
    assert len(secret) == 43
    with engine.begin() as connection:
        connection.execute(text("SELECT 1"))
        assert (
            connection.exec_driver_sql("SELECT digest FROM access_keys").scalar_one()
            == hashlib.sha256(secret.encode()).hexdigest()
        )
    engine.dispose()
    assert [p for p in tmp_path.rglob("*") if p.is_file() and secret.encode() in p.read_bytes()] == []


def test_no_two_keys_are_alike(store: KeyStore) -> None:
    made = [store.create(f"k{n}", scopes=BOTH, party="p")[1] for n in range(20)]
    assert len({key[18:] for key in made}) == 20
    assert all(KEY.fullmatch(key) for key in made)


def test_a_changed_a_cut_and_a_foreign_key_are_none(store: KeyStore) -> None:
    _, key = store.create("alice", scopes=BOTH, party="forest")
    _, other = store.create("bob", scopes=BOTH, party="farm")
    last = "A" if key[-1] != "A" else "B"
    mixed = other[:18] + key[18:]
    for wrong in ("", key[:-1], key + "A", key[:-1] + last, mixed, key.upper(), f" {key}", f"{key}\n", key[18:]):
        assert store.find(wrong) is None
    assert store.find("landcast_ffffffff_" + "A" * 43) is None


def test_secrets_are_compared_in_constant_time_also_where_there_is_no_key(
    store: KeyStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    _, key = store.create("alice", scopes=BOTH, party="forest")
    compared: list[tuple[str, str]] = []
    real = module.hmac.compare_digest
    monkeypatch.setattr(module.hmac, "compare_digest", lambda a, b: compared.append((a, b)) or real(a, b))
    assert store.find(key) is not None
    assert store.find("landcast_ffffffff_" + "A" * 43) is None
    assert [len(a) == len(b) == 64 for a, b in compared] == [True, True]


def test_a_revoked_key_is_useless_at_once_and_its_name_is_free(store: KeyStore) -> None:
    made, key = store.create("alice", scopes=BOTH, party="forest")
    assert store.has_usable()
    (revoked,) = store.revoke("alice")
    assert (revoked.id, revoked.revoked is not None) == (made.id, True)
    assert store.find(key) is None
    assert not store.is_usable(made.id)
    assert not store.has_usable()
    with pytest.raises(UnknownKey, match="no usable key 'alice'"):
        store.revoke("alice")
    again, _ = store.create("alice", scopes=BOTH, party="forest")
    assert store.revoke(again.id)[0].id == again.id
    assert [k.name for k in store.all()] == ["alice", "alice"]


def test_an_expired_key_is_useless(store: KeyStore, engine: Engine) -> None:
    made, key = store.create("alice", scopes=BOTH, party="forest", expires="1")
    assert made.expires is not None
    assert 86_000 < made.expires - made.created <= 86_401
    assert store.find(key) is not None
    with engine.begin() as connection:
        connection.execute(update(access_keys).values(expires=made.created - 1))
    assert store.find(key) is None
    assert not store.has_usable()


def test_the_last_day_of_a_key_is_a_date_or_a_number_of_days() -> None:
    assert end_of("1970-01-02", 0.0) == 2 * 86_400
    assert end_of("90", 10.0) == end_of("90d", 10.0) == 90 * 86_400 + 10
    for wrong in ("soon", "", "2027-13-01", "-5", "0", "1969-12-31", "123456"):
        with pytest.raises(InvalidOption, match="expires"):
            end_of(wrong, 0.0)


def test_two_usable_keys_of_a_name_and_odd_names_are_refused(store: KeyStore) -> None:
    store.create("alice", scopes=BOTH, party="forest")
    with pytest.raises(InvalidOption, match="in use"):
        store.create("alice", scopes=BOTH, party="farm")
    for wrong in ("", " x", "a\nb", "x" * 65, 'a"b'):
        with pytest.raises(InvalidOption, match="letters"):
            store.create(wrong, scopes=BOTH, party="farm")
    with pytest.raises(InvalidOption, match="party"):
        store.create("bob", scopes=BOTH, party="a\tb")
