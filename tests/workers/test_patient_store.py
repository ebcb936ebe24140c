"""Workers wait for a store that is away."""

from pathlib import Path

import pytest

from core.errors import StoreUnavailable
from core.settings import Settings
from workers.patient_store import PatientStore, patient_store
from workers.queue import patience
from workers.store.folder import FolderStore
from workers.store.store import Store


class Flaky:
    """A store each of whose methods fails once, then works."""

    def __init__(self, store: Store) -> None:
        self._store, self.failed = store, set[str]()

    def __getattr__(self, name: str) -> object:
        def call(*given: object) -> object:
            if name not in self.failed:
                self.failed.add(name)
                raise StoreUnavailable("it does not answer")
            return getattr(self._store, name)(*given)

        return call


def test_every_call_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(patience, "FIRST_S", 0.001)
    flaky = Flaky(FolderStore(tmp_path / "store"))
    store = PatientStore(flaky)  # type: ignore[arg-type]
    store.check()
    for name in ("a", "b"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "t.tif").write_bytes(b"x")
    assert store.fetch("work/j/t.tif", tmp_path) is None
    assert store.put(tmp_path / "a" / "t.tif", "work/j/t.tif").read_bytes() == b"x"
    assert store.leftovers() == ["j"]
    store.put_result(tmp_path / "b", "jobs/j", lambda: None)
    assert list(store.files("jobs/j")) == ["t.tif"]
    store.remove("jobs/j")
    assert store.files("jobs/j") == {}
    assert flaky.failed == {"check", "fetch", "put", "leftovers", "put_result", "files", "remove"}


def test_it_is_the_store_of_the_settings(tmp_path: Path) -> None:
    (tmp_path / "t").touch()
    assert patient_store(Settings(home=tmp_path)).fetch("t", tmp_path) == tmp_path / "t"
