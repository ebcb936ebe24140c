"""The audit log: who ordered, fetched, shared, dismissed, and changed keys."""

import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from cli.main import DONE, run_command
from core.settings import Settings
from service.access.audit import AuditLog
from service.access.caller import Caller
from tests.service.access.keyed import Keyed, keyed
from tests.service.scene import order


def lines(home: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (home / "logs" / "audit.log").read_text().splitlines()]


@pytest.fixture(scope="module")
def audited(archive_folder: Path, redis_url: str, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Keyed]:
    archive = str(archive_folder / "archives" / "fields.nc")
    home = tmp_path_factory.mktemp("audited") / "home"
    with keyed(Settings(home=home, archive=archive, redis_url=redis_url, tile_size=16)) as found:
        yield found


def test_each_deed_leaves_a_line_with_who_did_it(audited: Keyed) -> None:
    job = audited.ask("forest", "POST", "/processes/crop/execution", json=order()).json()["jobID"]
    audited.ask("reader", "GET", "/files/crop1/crop.tif")
    audited.client.get(
        "/files/crop1/crop.tif", headers={"Authorization": f"Bearer {audited.keys['reader']}", "Range": "bytes=0-4"}
    )
    share = audited.ask("reader", "POST", "/jobs/crop1/share").json()
    audited.client.get(f"/files/crop1/crop.png?{share['query']}")
    audited.ask("forest", "POST", "/jobs/canopy1/retry")
    audited.ask("forest", "DELETE", f"/jobs/{job}")
    found = lines(audited.settings.home)
    assert [line["action"] for line in found] == [
        "order",
        "download",
        "download",
        "share",
        "download",
        "retry",
        "dismissal",
    ]
    assert [line["name"] for line in found] == [
        "forest",
        "reader",
        "reader",
        "reader",
        "share link",
        "forest",
        "forest",
    ]
    assert {line["party"] for line in found} == {"forest"}
    assert {line["address"] for line in found} == {"127.0.0.1"}
    first, plain, part, *_, last = found
    assert (first["product"], first["job"], first["status"]) == ("crop", job, 201)
    assert (plain["file"], part["range"], last["job"]) == ("crop.tif", "bytes=0-4", job)
    text = (audited.settings.home / "logs" / "audit.log").read_text()
    assert [name for name, key in audited.keys.items() if key[18:] in text] == []
    assert share["query"] not in text


def test_what_was_refused_or_only_looked_at_leaves_none(audited: Keyed) -> None:
    before = len(lines(audited.settings.home)) if (audited.settings.home / "logs" / "audit.log").exists() else 0
    for key, method, path in [
        ("farm", "GET", "/files/crop1/crop.tif"),
        ("wrong", "DELETE", "/jobs/crop1"),
        ("reader", "POST", "/processes/crop/execution"),
        ("forest", "GET", "/jobs"),
        ("forest", "HEAD", "/files/crop1/crop.tif"),
    ]:
        audited.ask(key, method, path)
    after = lines(audited.settings.home) if before else []
    assert len(after) == before


def test_changes_of_keys_leave_lines(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: Any) -> None:
    monkeypatch.setenv("LANDCAST_HOME", str(tmp_path))
    assert run_command(["keys", "create", "alice", "--scope", "read"]) == DONE
    key = capsys.readouterr().out.strip()
    assert run_command(["keys", "revoke", "alice"]) == DONE
    created, revoked = lines(tmp_path)
    assert (created["action"], created["name"], created["scopes"]) == ("key-created", "alice", "read")
    assert (revoked["action"], revoked["key"]) == ("key-revoked", created["key"])
    assert key[18:] not in (tmp_path / "logs" / "audit.log").read_text()


def test_lines_cannot_be_forged_and_only_the_owner_reads_them(tmp_path: Path) -> None:
    log = AuditLog(tmp_path)
    log.note("download", Caller(id="a", name="x\n{}", party="p"), file='a"\n{"action": "order"}')
    (line,) = lines(tmp_path)
    assert line["file"] == 'a"\n{"action": "order"}'
    assert stat.S_IMODE((tmp_path / "logs" / "audit.log").stat().st_mode) == 0o600


def test_a_line_that_cannot_be_written_is_an_error_in_the_log(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    (tmp_path / "logs").write_text("a file")
    AuditLog(tmp_path).note("order", Caller(name="alice"), job="j1")
    assert "audit line not written" in caplog.text
    assert '"job": "j1"' in caplog.text
