"""Streams of events against a real service: live, resumed, silent, too many, and at the end of the service."""

import threading
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import httpx
import pytest

from core.settings import Settings
from service.app import create_app, end_streams
from service.follow.streams import Streams
from tests.service import scene
from tests.service.conftest import Front
from tests.service.follow.sse import Message, messages
from tests.service.scene import problem_of
from tests.workers.conftest import wait_for
from workers.queue.ledger import open_ledger


def opened(stack: ExitStack, client: httpx.Client, job_id: str) -> Iterator[Message]:
    """Open a stream and read its first message; it stays open while what is returned is kept."""
    stream = messages(stack.enter_context(client.stream("GET", f"/jobs/{job_id}/events")))
    next(stream)
    return stream


@contextmanager
def quick(settings: Settings, **limits: float) -> Iterator[tuple[httpx.Client, Streams]]:
    """A service whose streams look at jobs often."""
    app = create_app(settings, reconcile=False)
    with scene.serving(app) as client:
        streams: Streams = app.state.streams
        streams.poll_s = 0.05
        for name, value in limits.items():
            setattr(streams, name, value)
        yield client, streams
        end_streams(app)


def test_an_ended_job_is_told_from_the_beginning_and_the_stream_ends(client: httpx.Client) -> None:
    with client.stream("GET", "/jobs/crop1/events") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        found = list(messages(answer))
    logged = [m for m in found if m.name == "log"]
    assert [m.id for m in logged] == [str(n) for n in range(1, 15)]
    assert [m.data for m in logged] == client.get("/jobs/crop1/log").json()["events"]
    assert (found[-1].name, found[-1].data["status"], found[-1].data["progress"]) == ("status", "successful", 100)


def test_a_stream_tells_what_happens_while_it_is_open_and_goes_on_elsewhere_after_a_break(own: Front) -> None:
    scene.half_done(own.settings, "crop", "live")
    ledger = open_ledger(own.settings)
    keys = [t.tile_key for t in ledger.tiles("live")]
    with quick(own.settings) as (first, _), quick(own.settings) as (other, _):
        with first.stream("GET", "/jobs/live/events") as answer:
            stream = messages(answer)
            begun = [next(stream) for _ in range(3)]
            assert [m.data.get("event", m.name) for m in begun] == ["accepted", "tile-started", "status"]
            assert begun[2].data["stage"] == "tiles"
            assert ledger.finish_tile("live", keys[0], "w", seconds=2.0, pixels=9)
            done = next(stream)
            assert (done.data["event"], done.data["tile"], done.id) == ("tile-done", keys[0], "3")
            assert next(stream).data["tilesDone"] == 1
        ledger.dismiss("live")
        with other.stream("GET", "/jobs/live/events", headers={"Last-Event-ID": done.id}) as answer:
            rest = list(messages(answer))
    assert [m.data.get("event", m.name) for m in rest] == ["dismissed", "status"]


def readers_of_streams() -> set[threading.Thread]:
    """Threads that read for streams, those of other services of this process among them."""
    return {t for t in threading.enumerate() if t.name.startswith("streams")}


def test_a_silent_stream_sends_comments(own: Front) -> None:
    scene.half_done(own.settings, "crop", "silent")
    with quick(own.settings, beat_s=0.1) as (client, _), client.stream("GET", "/jobs/silent/events") as answer:
        assert "comment" in [m.name for m, _ in zip(messages(answer), range(6), strict=False)]


def test_too_many_streams_are_refused_and_leave_room_when_they_end(own: Front) -> None:
    scene.half_done(own.settings, "crop", "busy")
    with quick(own.settings, most=2) as (client, streams):
        with ExitStack() as stack:
            kept = [opened(stack, client, "busy") for _ in range(2)]
            assert len(kept) == streams.open
            refused = client.get("/jobs/busy/events")
            assert "2 streams" in problem_of(refused, 503)["detail"]
            assert refused.headers["Retry-After"]
        wait_for(lambda: streams.open == 0)
        with client.stream("GET", "/jobs/busy/events") as answer:
            assert next(messages(answer)).data["event"] == "accepted"


def test_streams_take_one_thread_together_and_other_requests_are_answered(own: Front) -> None:
    scene.half_done(own.settings, "crop", "many")
    with quick(own.settings) as (client, streams), ExitStack() as stack:
        before, readers = threading.active_count(), readers_of_streams()
        kept = [opened(stack, client, "many") for _ in range(40)]
        assert len(kept) == streams.open
        assert len(readers_of_streams() - readers) == 1
        assert threading.active_count() < before + 20
        assert client.get("/jobs/many").status_code == 200


def test_a_stream_outlives_a_ledger_that_is_away(own: Front) -> None:
    scene.half_done(own.settings, "crop", "away")
    ledger = open_ledger(own.settings)
    with quick(own.settings) as (client, _), client.stream("GET", "/jobs/away/events") as answer:
        stream = messages(answer)
        for _ in range(3):
            next(stream)
        with ledger.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE tiles RENAME TO tiles_away")
        threading.Event().wait(0.3)
        with ledger.engine.begin() as connection:
            connection.exec_driver_sql("ALTER TABLE tiles_away RENAME TO tiles")
        ledger.dismiss("away")
        assert next(stream).data["event"] == "dismissed"


@pytest.mark.parametrize("limit", ["longest_s", "end"])
def test_a_stream_ends_after_its_longest_time_and_with_the_service(own: Front, limit: str) -> None:
    scene.half_done(own.settings, "crop", "ending")
    further = {"longest_s": 0.2} if limit == "longest_s" else {}
    with quick(own.settings, **further) as (client, streams), client.stream("GET", "/jobs/ending/events") as answer:
        stream = messages(answer)
        next(stream)
        if limit == "end":
            streams.end()
        assert len(list(stream)) <= 5
