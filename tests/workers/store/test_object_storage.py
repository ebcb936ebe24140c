"""Object storage as a store: what is in the bucket, what is not said, and what happens when it is away."""

import json
import logging
import time
from pathlib import Path

import pytest

from core.errors import StoreUnavailable
from core.settings import Settings
from tests.s3_server import KEY, SECRET, URL, S3Server
from tests.workers.store.test_store import contents, made, nothing
from workers.store import object_storage
from workers.store.object_storage import ObjectStorage
from workers.store.open_store import open_store


@pytest.fixture
def bucket(s3: S3Server, tmp_path: Path) -> ObjectStorage:
    found = open_store(Settings(home=tmp_path / "home", store=URL))
    assert isinstance(found, ObjectStorage)
    return found


def versions(s3: S3Server) -> set[str]:
    return {key.split("/")[2] for key in s3.keys("jobs/a/")} - {"current"}


def test_a_reader_that_began_with_the_old_result_ends_with_it(
    bucket: ObjectStorage, s3: S3Server, tmp_path: Path
) -> None:
    bucket.put_result(made(tmp_path / "1", map=b"first"), "jobs/a", nothing)
    pieces = bucket.files("jobs/a")["map.txt"]
    bucket.put_result(made(tmp_path / "2", map=b"second"), "jobs/a", nothing)
    assert b"".join(pieces.pieces(0, 5)) == b"first"
    bucket.put_result(made(tmp_path / "3", map=b"third"), "jobs/a", nothing)
    assert len(versions(s3)) == 2
    with pytest.raises(StoreUnavailable, match="removed while it was read"):
        list(pieces.pieces(0, 5))


def test_files_appear_only_when_all_of_them_are_there(bucket: ObjectStorage, s3: S3Server, tmp_path: Path) -> None:
    seen: list[dict[str, bytes]] = []
    bucket.put_result(made(tmp_path / "1", a=b"1", b=b"2"), "jobs/a", lambda: seen.append(contents(bucket)))
    assert seen == [{}], "all files are uploaded, and no reader sees one"
    assert json.loads(s3.content("jobs/a/current"))["files"][0]["size"] == 1


def test_a_young_version_that_is_not_named_is_left_to_the_worker_that_uploads_it(
    bucket: ObjectStorage, s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    s3.write("jobs/a/other/map.txt", b"half of a result")
    bucket.put_result(made(tmp_path / "1", map=b"1"), "jobs/a", nothing)
    assert "other" in versions(s3)
    later = time.time() + 2 * object_storage.STALE.total_seconds()
    monkeypatch.setattr(time, "time", lambda: later)
    bucket.put_result(made(tmp_path / "2", map=b"2"), "jobs/a", nothing)
    assert "other" not in versions(s3)
    assert contents(bucket) == {"map.txt": b"2"}


def test_a_copy_in_the_scratch_folder_is_used_again(bucket: ObjectStorage, tmp_path: Path) -> None:
    file = tmp_path / "scratch" / "t.tif"
    file.parent.mkdir()
    file.write_bytes(b"x")
    here = bucket.put(file, "cache/tiles/t.tif")
    assert bucket.fetch("cache/tiles/t.tif", tmp_path / "scratch") == here
    assert [p.name for p in (tmp_path / "scratch").iterdir()] == [here.name]


def test_leftovers_are_listed_now_and_then(bucket: ObjectStorage, s3: S3Server) -> None:
    s3.write("work/a/t.tif", b"x")
    assert bucket.leftovers() == ["a"]
    assert bucket.leftovers() == []


@pytest.mark.parametrize(
    ("url", "reason"),
    [("s3://no-such-bucket/p", "it does not answer as it should"), ("s3://no-such-bucket", "it does not answer")],
)
def test_a_bucket_that_is_not_there_is_not_available(s3: S3Server, tmp_path: Path, url: str, reason: str) -> None:
    store, file = open_store(Settings(home=tmp_path / "home", store=url)), tmp_path / "t"
    file.write_bytes(b"x")
    with pytest.raises(StoreUnavailable, match=reason):
        store.check()
    with pytest.raises(StoreUnavailable, match="there is no such bucket"):
        store.put(file, "work/a/t")
    assert file.exists()


def test_keys_and_addresses_appear_in_no_error_and_no_log(
    s3: S3Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setattr(object_storage, "TRIES", 1)
    store, file = open_store(Settings(home=tmp_path / "home", store=URL)), tmp_path / "t"
    file.write_bytes(b"x")
    with caplog.at_level(logging.DEBUG):
        for call in (store.check, lambda: store.put(file, "k"), lambda: store.files("jobs/a"), store.leftovers):
            with pytest.raises(StoreUnavailable) as caught:
                call()
            text = f"{caught.value} {caught.value!r} {caught.value.__cause__}"
            assert not [word for word in (KEY, SECRET, "127.0.0.1", "Signature") if word in text]
    assert not [word for word in (KEY, SECRET) if word in caplog.text + repr(store)]
