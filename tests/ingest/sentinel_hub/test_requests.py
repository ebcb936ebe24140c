"""Requests to Sentinel Hub against a stand-in on this machine: cost, faults, tokens and secrets."""

import logging
import os
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import SecretStr

from core.bands import OPTICAL_NAMES, RADAR_NAMES
from core.errors import ArchiveUnavailable, OverBudget, ReadFailed
from core.settings import Settings
from ingest.archive import TOA_BANDS
from ingest.sentinel_hub.archive import open_sentinel_hub, pixel_requests
from ingest.sentinel_hub.requests import retry_after
from tests.ingest.sentinel_hub.scenes import JUNE, SCENES, WINDOW, Sleeps, opened, scene_of, served
from tests.ingest.sentinel_hub.server import CLIENT_ID, CLIENT_SECRET, Fault, SentinelHubServer, settings_for


@pytest.fixture
def server() -> Iterator[SentinelHubServer]:
    with served(SCENES) as one:
        yield one


# Cost


def test_a_tile_costs_what_the_service_documents() -> None:
    (question,) = pixel_requests("s2", OPTICAL_NAMES)
    assert question.units((512, 512)) == pytest.approx(11 / 3)
    assert pixel_requests("s1", RADAR_NAMES)[0].units((512, 512)) == pytest.approx(8 / 3)
    assert question.units((2, 2)) == pytest.approx(0.11 / 3)
    assert pixel_requests("s2", ())[0].units((1, 1)) == 0.005


def test_the_estimate_is_what_is_charged(server: SentinelHubServer) -> None:
    archive = opened(server)
    scenes = archive.search(WINDOW, JUNE)
    bands = ("B04", "B08", "B11", *RADAR_NAMES, *TOA_BANDS)
    estimate = archive.cost(scenes, WINDOW, bands)
    for scene in scenes:
        archive.read(scene, WINDOW, bands)
    assert estimate == pytest.approx(server.units)
    assert archive.units_spent == pytest.approx(server.units)


def test_the_estimate_is_counted_if_the_service_states_no_cost() -> None:
    with served(SCENES, says_units=False) as server:
        archive = opened(server)
        archive.read(scene_of(archive, "s2"), WINDOW, ("B04",))
        assert archive.units_spent == pytest.approx(server.units)


def test_the_budget_holds_for_all_archives_of_an_account_and_is_checked_before_a_request(
    server: SentinelHubServer,
) -> None:
    archive = opened(server)
    scene = scene_of(archive, "s2")
    once = archive.cost([scene], WINDOW, ("B04",))
    archive.read(scene, WINDOW, ("B04",))
    again = opened(server, sentinelhub_budget=1.5 * once)
    with pytest.raises(OverBudget, match="LANDCAST_SENTINELHUB_BUDGET"):
        again.read(scene, WINDOW, ("B04",))
    assert len(server.requests["process"]) == 1


def test_threads_do_not_overspend(server: SentinelHubServer) -> None:
    archive = opened(server)
    scene = scene_of(archive, "s2")
    archive = opened(server, sentinelhub_budget=3.2 * archive.cost([scene], WINDOW, ("B04",)))

    def is_read(_: int) -> bool:
        try:
            archive.read(scene, WINDOW, ("B04",))
        except OverBudget:
            return False
        return True

    with ThreadPoolExecutor(8) as pool:
        assert sum(pool.map(is_read, range(12))) == 3
    assert len(server.requests["process"]) == 3


def test_what_fails_costs_nothing(server: SentinelHubServer) -> None:
    archive = opened(server)
    scene = scene_of(archive, "s2")
    server.faults.append(Fault(path="process", status=400, body={"error": {"message": "no"}}))
    with pytest.raises(ReadFailed):
        archive.read(scene, WINDOW, ("B04",))
    assert archive.units_spent == 0


# Faults


@pytest.mark.parametrize(
    ("stated", "seconds"), [("1500", 1.5), ("2", 2.0), ("61000", 61.0), ("60", 60.0), ("250", 0.25)]
)
def test_a_requested_pause_is_honoured_in_milliseconds_and_in_seconds(stated: str, seconds: float) -> None:
    assert retry_after({"retry-AFTER": stated}) == pytest.approx(seconds)


def test_a_throttled_read_waits_as_long_as_requested_and_succeeds(server: SentinelHubServer) -> None:
    archive = opened(server)
    scene = scene_of(archive, "s2")
    server.faults.append(Fault(path="process", status=429, headers={"Retry-After": "400"}, body={}, times=2))
    start = time.monotonic()
    archive.read(scene, WINDOW, ("B04",))
    assert time.monotonic() - start > 0.75
    assert len(server.requests["process"]) == 3


def test_a_throttled_search_is_tried_again(server: SentinelHubServer) -> None:
    server.faults.append(Fault(path="search", status=429, headers={"Retry-After": "100"}, body={}))
    assert len(opened(server).search(WINDOW, JUNE)) == 4


@pytest.mark.parametrize("path", ["search", "process", "token"])
def test_errors_of_the_service_are_tried_again(server: SentinelHubServer, path: Any) -> None:
    archive = opened(server)
    server.faults.append(Fault(path=path, status=503, body={}, times=2))
    archive.read(scene_of(archive, "s2"), WINDOW, ("B04",))
    assert len(server.requests[path]) >= 3


def test_a_throttled_token_is_tried_again(server: SentinelHubServer) -> None:
    body = {"error": "too_many_requests"}
    server.faults.append(Fault(path="token", status=429, headers={"Retry-After": "100"}, body=body))
    assert len(opened(server).search(WINDOW, JUNE)) == 4


def test_a_service_that_hangs_is_given_up(server: SentinelHubServer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("ingest.sentinel_hub.requests.TIMEOUT_SECONDS", 0.2)
    for path in ("token", "search"):
        server.faults = [Fault(path=path, seconds=0.5, times=2)]  # type: ignore[arg-type]
        with pytest.raises(ArchiveUnavailable, match=r"cannot be reached \(ReadTimeout\)"):
            opened(server, tries=2).search(WINDOW, JUNE)


def test_tries_come_to_an_end(server: SentinelHubServer) -> None:
    archive = opened(server)
    scene = scene_of(archive, "s2")
    server.faults += [Fault(path="process", status=500, body={"error": {"message": "out of order"}}, times=9)]
    with pytest.raises(ReadFailed, match="answered 500: out of order"):
        archive.read(scene, WINDOW, ("B04",))
    assert len(server.requests["process"]) == 3
    server.faults += [Fault(path="search", status=502, times=9)]
    with pytest.raises(ArchiveUnavailable, match=r"'cdse' .* answered 502"):
        archive.search(WINDOW, JUNE)


def test_a_service_that_is_not_there_is_named(tmp_path: Path, server: SentinelHubServer) -> None:
    stated = settings_for(server, tmp_path, sentinelhub_url="http://127.0.0.1:9", tries=2)
    with pytest.raises(ArchiveUnavailable, match="cannot be reached"):
        open_sentinel_hub("cdse", stated, sleep=Sleeps()).search(WINDOW, JUNE)


def test_a_request_that_is_wrong_is_not_sent_again(server: SentinelHubServer) -> None:
    archive = opened(server)
    scene = scene_of(archive, "s2")
    server.faults.append(Fault(path="process", status=400, body={"error": {"message": "bad band"}}, times=9))
    with pytest.raises(ReadFailed, match="bad band"):
        archive.read(scene, WINDOW, ("B04",))
    assert len(server.requests["process"]) == 1


def test_an_account_without_units_left_is_unavailable(server: SentinelHubServer) -> None:
    archive = opened(server)
    scene = scene_of(archive, "s2")
    server.faults.append(Fault(path="process", status=403, body={"error": {"message": "Insufficient units"}}))
    with pytest.raises(ArchiveUnavailable, match="Insufficient units; the account"):
        archive.read(scene, WINDOW, ("B04",))


@pytest.mark.parametrize("keep", [0.0, 0.2, 0.4])
@pytest.mark.parametrize(("sensor", "bands"), [("s2", ("B04", "B08")), ("s2", ()), ("s1", RADAR_NAMES)])
def test_an_answer_that_is_cut_off_is_a_failed_read(
    server: SentinelHubServer, keep: float, sensor: str, bands: tuple[str, ...]
) -> None:
    rng = np.random.default_rng(5)
    server.pixels = lambda x, y, scene, band: rng.uniform(0, 1, (len(y), len(x)))
    archive = opened(server)
    scene = scene_of(archive, sensor)
    server.faults.append(Fault(path="process", keep=keep))
    with pytest.raises(ReadFailed, match="cut off or damaged"):
        archive.read(scene, WINDOW, bands)


def test_a_list_without_context_is_an_unavailable_archive(server: SentinelHubServer) -> None:
    server.faults.append(Fault(path="search", status=200, body={"features": []}))
    with pytest.raises(ArchiveUnavailable, match="cannot be read"):
        opened(server).search(WINDOW, JUNE)


def test_items_that_are_none_make_an_unavailable_archive(server: SentinelHubServer) -> None:
    server.faults.append(Fault(path="search", status=200, body={"features": [{"id": "a"}], "context": {}}))
    with pytest.raises(ArchiveUnavailable, match="cannot be read"):
        opened(server).search(WINDOW, JUNE)


# Tokens and secrets


def test_one_token_serves_all_threads(server: SentinelHubServer) -> None:
    archive = opened(server)
    scene = scene_of(archive, "s2")
    with ThreadPoolExecutor(6) as pool:
        list(pool.map(lambda _: archive.read(scene, WINDOW, ("B04",)), range(6)))
    assert len(server.requests["token"]) == 1


def test_a_token_about_to_expire_is_replaced() -> None:
    with served(SCENES, token_seconds=100) as server:  # the client renews two minutes before the end
        archive = opened(server)
        archive.search(WINDOW, JUNE)
        archive.search(WINDOW, JUNE)
        assert len(server.requests["token"]) >= 3


def test_a_token_that_is_no_longer_accepted_is_replaced(server: SentinelHubServer) -> None:
    archive = opened(server)
    scene = scene_of(archive, "s2")
    server.revoke_tokens()
    assert archive.read(scene, WINDOW, ("B04",)).values
    assert len(server.requests["token"]) == 2


def test_wrong_credentials_are_a_clear_sentence(server: SentinelHubServer) -> None:
    archive = opened(server, sentinelhub_client_secret=SecretStr("wrong-secret"))
    with pytest.raises(ArchiveUnavailable, match="refused the credentials; check LANDCAST_SENTINELHUB_CLIENT_ID"):
        archive.search(WINDOW, JUNE)
    assert len(server.requests["token"]) == 1


def test_a_service_that_takes_no_token_has_refused_the_credentials(server: SentinelHubServer) -> None:
    server.faults.append(Fault(path="search", status=401, body={"error": {"message": "no"}}, times=9))
    with pytest.raises(ArchiveUnavailable, match="refused the credentials"):
        opened(server).search(WINDOW, JUNE)


def test_secrets_are_in_no_log_no_error_and_no_repr(
    server: SentinelHubServer, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    archive = opened(server)
    echo = {"error": {"message": f"client {CLIENT_ID} with {CLIENT_SECRET} has sent nonsense"}}
    scene = scene_of(archive, "s2")
    server.faults.append(Fault(path="process", status=400, body=echo))
    with pytest.raises(ReadFailed) as caught:
        archive.read(scene, WINDOW, ("B04",))
    shown = [str(caught.value), repr(archive._service.account), repr(archive), caplog.text]
    assert not [s for s in shown if CLIENT_SECRET in s or "signature" in s]


def test_no_file_and_no_variable_of_the_client_is_read(
    server: SentinelHubServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "sentinelhub").mkdir()
    (tmp_path / "sentinelhub" / "config.toml").write_text("this is not TOML")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("SH_CLIENT_ID", "somebody-else")
    assert opened(server).search(WINDOW, JUNE)
    assert server.requests["token"][0]["client_id"] == CLIENT_ID


# The real service


@pytest.mark.live
@pytest.mark.skipif(not os.environ.get("LANDCAST_LIVE"), reason="asks the real service; set LANDCAST_LIVE=1")
def test_the_real_service_answers_as_the_stand_in_does(tmp_path: Path) -> None:
    names = ("SH_CLIENT_ID", "SH_CLIENT_SECRET")
    if not all(os.environ.get(n) for n in names):
        pytest.skip(f"needs {' and '.join(names)}")
    stated = Settings(
        home=tmp_path,
        sentinelhub_client_id=os.environ["SH_CLIENT_ID"],
        sentinelhub_client_secret=SecretStr(os.environ["SH_CLIENT_SECRET"]),
        sentinelhub_budget=1.0,
    )
    archive = open_sentinel_hub("cdse", stated)
    scenes = archive.search(WINDOW, JUNE)
    assert {s.sensor for s in scenes} == {"s2", "s1"}
    for scene in (next(s for s in scenes if s.sensor == kind) for kind in ("s2", "s1")):
        estimate, before = archive.cost([scene], WINDOW, archive.bands), archive.units_spent
        reading = archive.read(scene, WINDOW, archive.bands)
        assert all(v.shape == WINDOW.shape_yx for v in reading.values.values())
        assert archive.units_spent - before == pytest.approx(estimate, rel=0.2)
