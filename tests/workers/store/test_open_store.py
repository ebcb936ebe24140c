"""Which store the settings name."""

import os
from pathlib import Path

import pytest
from pydantic import ValidationError

from core.errors import StoreUnavailable
from core.settings import Settings
from workers.store.folder import FolderStore
from workers.store.object_storage import ObjectStorage
from workers.store.open_store import open_store


def test_without_a_setting_the_home_folder_is_the_store(tmp_path: Path) -> None:
    file = tmp_path / "t"
    file.touch()
    settings = Settings(home=tmp_path / "home")
    assert open_store(settings).put(file, "work/a/t") == tmp_path / "home" / "work" / "a" / "t"
    assert isinstance(open_store(settings.but(store=str(tmp_path))), FolderStore)


def test_one_bucket_has_one_store_while_the_keys_stay_the_same(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path / "home", store="s3://bucket/prefix")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "secret")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "first")
    first = open_store(settings)
    assert isinstance(first, ObjectStorage)
    assert open_store(settings) is first
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "second")
    assert open_store(settings) is not first


def test_a_forked_process_has_a_store_of_its_own(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(home=tmp_path / "home", store="s3://bucket/prefix")
    first, own = open_store(settings), os.getpid()
    monkeypatch.setattr(os, "getpid", lambda: own + 1)
    assert open_store(settings) is not first


@pytest.mark.parametrize(
    "store", ["gs://bucket", "https://host/bucket", "s3://", "s3:///prefix", "s3://key:secret@bucket", "s3://b?key=s"]
)
def test_other_addresses_are_refused(store: str) -> None:
    with pytest.raises(ValidationError, match="neither a folder nor s3://bucket/prefix"):
        Settings(store=store)


def test_keys_that_are_incomplete_are_named_without_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "only-half")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY", raising=False)
    with pytest.raises(StoreUnavailable, match="the AWS_ variables are incomplete") as caught:
        open_store(Settings(home=tmp_path / "home", store="s3://bucket/other"))
    assert "only-half" not in str(caught.value)
