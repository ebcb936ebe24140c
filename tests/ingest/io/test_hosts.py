"""Which addresses may be read, and how often a host is requested."""

from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from types import SimpleNamespace

import pytest

from core.errors import UntrustedAddress
from ingest.io.hosts import Hosts, Limiter, allowed_hosts, limiter, parse_retry_after, retried

HOSTS = Hosts(
    name="test",
    allowed=("data.example.com", ".blob.example.net", "odd.example.com:8443", "s3://eodata", "127.0.0.1:81"),
)


class Busy(Exception):
    def __init__(self, retry_after: float | None = None) -> None:
        super().__init__("busy")
        self.retry_after = retry_after


@pytest.mark.parametrize(
    "url",
    [
        "https://data.example.com/a.tif",
        "https://DATA.example.com:443/a.tif?token=x",
        "https://a.blob.example.net/c/a.tif",
        "https://odd.example.com:8443/a.tif",
        "s3://eodata/Sentinel-2/a.jp2",
        "http://127.0.0.1:81/a.tif",
    ],
)
def test_a_listed_address_is_returned_as_it_is(url: str) -> None:
    assert HOSTS.check(url) == url


@pytest.mark.parametrize(
    "url",
    [
        "http://data.example.com/a.tif",
        "ftp://data.example.com/a.tif",
        "file:///etc/passwd",
        "/etc/passwd",
        "/vsicurl/https://data.example.com/a.tif",
        "/vsizip/vsicurl/https://data.example.com/a.zip",
        "a.tif",
        "",
        "https://",
        "https:///data.example.com/a.tif",
        "https://user:secret@data.example.com/a.tif",
        "https://data.example.com@evil.example.org/a.tif",
        "https://evil.example.org\\@data.example.com/a.tif",
        "https://data.example.com\n.evil.example.org/a.tif",
        "https://data.example.com.evil.example.org/a.tif",
        "https://evildata.example.com/a.tif",
        "https://evilblob.example.net/a.tif",
        "https://blob.example.net/a.tif",
        "https://data.example.com:22/a.tif",
        "https://data.example.com:x/a.tif",
        "https://odd.example.com/a.tif",
        "http://127.0.0.1:6379/",
        "http://127.0.0.1/a.tif",
        "http://localhost:81/a.tif",
        "http://[::1]:81/a.tif",
        "http://2130706433:81/a.tif",
        "https://169.254.169.254/latest/meta-data",
        "http://169.254.169.254/latest/meta-data",
        "s3://other/a.jp2",
        "s3://eodata@other/a.jp2",
        "https://[::1/a.tif",
    ],
)
def test_any_other_address_is_refused(url: str) -> None:
    with pytest.raises(UntrustedAddress):
        HOSTS.check(url)


def test_a_refusal_shows_neither_a_password_nor_a_signature() -> None:
    with pytest.raises(UntrustedAddress) as stated:
        HOSTS.check("https://user:secret@other.example.com/a.tif?sig=hidden")
    assert "other.example.com/a.tif" in str(stated.value)
    assert "secret" not in str(stated.value)
    assert "hidden" not in str(stated.value)


def test_loopback_without_a_port_means_every_port_of_it() -> None:
    assert Hosts(name="t", allowed=("127.0.0.1",)).check("http://127.0.0.1:8080/a")


def test_an_archive_may_be_read_from_its_own_host_and_further_ones() -> None:
    assert allowed_hosts("https://stac.example.com/v1", "a.org .b.org") == ("stac.example.com", "a.org", ".b.org")
    assert allowed_hosts("s3://bucket/folder") == ("s3://bucket",)
    assert allowed_hosts("http://127.0.0.1:8000/v1") == ("127.0.0.1:8000",)
    assert allowed_hosts("https://user:secret@stac.example.com") == ()


def test_requests_to_one_host_are_spaced_evenly_and_wait_while_it_is_busy() -> None:
    now, slept = [100.0], []

    def sleep(seconds: float) -> None:
        slept.append(round(seconds, 6))
        now[0] += seconds

    one = Limiter(per_second=4, clock=lambda: now[0], sleep=sleep)
    for _ in range(3):
        one.wait()
    assert slept == [0.25, 0.25]
    one.pause(3)
    one.wait()
    assert slept[-1] == 3


def test_a_host_has_one_limiter() -> None:
    assert limiter("one.example.com", 5) is limiter("one.example.com", 2)
    assert limiter("one.example.com", 5) is not limiter("two.example.com", 5)


def test_a_call_is_repeated_with_growing_pauses_until_it_succeeds() -> None:
    slept: list[float] = []

    def call(attempt: int) -> str:
        if attempt < 3:
            raise Busy
        return "done"

    assert retried(call, tries=4, retry_on=(Busy,), sleep=slept.append) == "done"
    assert [0.25 <= slept[0] <= 0.5, 0.5 <= slept[1] <= 1, 1 <= slept[2] <= 2] == [True] * 3


def test_the_pause_is_the_one_that_the_host_requests() -> None:
    slept: list[float] = []

    def call(attempt: int) -> int:
        if attempt == 0:
            raise Busy(retry_after=7.0)
        return attempt

    assert retried(call, tries=2, retry_on=(Busy,), sleep=slept.append) == 1
    assert slept == [7.0]


def test_a_response_carries_the_pause_as_well() -> None:
    class Refused(Exception):
        response = SimpleNamespace(headers={"Retry-After": "3"})

    def call(attempt: int) -> int:
        if attempt == 0:
            raise Refused
        return attempt

    slept: list[float] = []
    assert retried(call, tries=2, retry_on=(Refused,), sleep=slept.append) == 1
    assert slept == [3.0]


@pytest.mark.parametrize(("error", "calls"), [(Busy(), 3), (Busy(3600), 1), (KeyError("x"), 1)])
def test_the_last_error_is_raised_and_a_hopeless_one_at_once(error: Exception, calls: int) -> None:
    made: list[int] = []

    def call(attempt: int) -> None:
        made.append(attempt)
        raise error

    with pytest.raises(type(error)) as raised:
        retried(call, tries=3, retry_on=(Busy,), sleep=lambda _: None)
    assert raised.value is error
    assert made == list(range(calls))


def test_retry_after_is_read_as_seconds_or_as_a_date() -> None:
    assert parse_retry_after("2.5") == 2.5
    assert parse_retry_after("-1") == 0
    soon = parse_retry_after(format_datetime(datetime.now(UTC) + timedelta(seconds=30), usegmt=True))
    assert soon is not None
    assert 25 < soon <= 30
    assert parse_retry_after(None) is None
    assert parse_retry_after("later") is None
