"""Links that are signed late and signed anew."""

from collections.abc import Iterator
from pathlib import Path
from threading import Thread

import pytest
from pydantic import SecretStr

from core.errors import ArchiveUnavailable
from ingest.io.signing import PlanetarySigner, Signer
from tests.ingest.stac.server import Answer, StacServer, serve

HREF = "https://sentinel2l2a01.blob.core.windows.net/sentinel2-l2/32/T/MT/B04.tif"
OTHER = "https://sentinel1euwestrtc.blob.core.windows.net/sentinel1-grd-rtc/vv.tif"


@pytest.fixture
def server(tmp_path: Path) -> Iterator[StacServer]:
    with serve(tmp_path, []) as running:
        yield running


def signer_of(server: StacServer, *, key: SecretStr | None = None, tries: int = 2) -> PlanetarySigner:
    return PlanetarySigner(url=f"{server.url}/token", key=key, tries=tries, per_second=1000)


def test_a_link_is_signed_with_one_token_for_its_container(server: StacServer) -> None:
    signer: Signer = signer_of(server)
    assert signer.sign(HREF) == f"{HREF}?sig=s1"
    assert signer.sign(HREF.replace("B04", "B08")).endswith("B08.tif?sig=s1")
    assert signer.sign(OTHER) == f"{OTHER}?sig=s2"
    assert server.paths == ["/token/sentinel2l2a01/sentinel2-l2", "/token/sentinel1euwestrtc/sentinel1-grd-rtc"]


@pytest.mark.parametrize(
    "href",
    [
        "https://data.example.com/a.tif",
        "https://sentinel2l2a01.blob.core.windows.net.evil.org/c/a.tif",
        "http://sentinel2l2a01.blob.core.windows.net/c/a.tif",
        "https://.blob.core.windows.net/c/a.tif",
        "/local/a.tif",
        f"{HREF}?sig=already",
    ],
)
def test_other_links_are_left_as_they_are(server: StacServer, href: str) -> None:
    assert signer_of(server).sign(href) == href
    assert server.tokens == 0


def test_a_refused_link_is_signed_anew(server: StacServer) -> None:
    signer = signer_of(server)
    signer.sign(HREF)
    signer.forget(HREF)
    assert signer.sign(HREF) == f"{HREF}?sig=s2"
    signer.forget(OTHER)
    assert signer.sign(HREF) == f"{HREF}?sig=s2"


def test_a_token_that_is_about_to_end_is_not_used(server: StacServer) -> None:
    server.token_ttl_s = 100
    signer = signer_of(server)
    assert [signer.sign(HREF), signer.sign(HREF)] == [f"{HREF}?sig=s1", f"{HREF}?sig=s2"]


def test_threads_that_need_the_same_token_send_one_request(server: StacServer) -> None:
    signer = signer_of(server)
    threads = [Thread(target=signer.sign, args=(HREF,)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert server.tokens == 1


def test_a_busy_signer_is_tried_again_and_then_unavailable(server: StacServer) -> None:
    server.upset.append(Answer(429, {"Retry-After": "0"}))
    assert signer_of(server).sign(HREF).endswith("sig=s1")
    server.upset.extend([Answer(503, {"Retry-After": "0"})] * 2)
    with pytest.raises(ArchiveUnavailable, match="HTTP 503"):
        signer_of(server).sign(HREF)


def test_a_refusal_names_the_key_that_is_missing(server: StacServer) -> None:
    server.upset.extend([Answer(401), Answer(401), Answer(302, {"Location": "http://169.254.169.254/"})])
    with pytest.raises(ArchiveUnavailable, match="401; LANDCAST_PLANETARY_COMPUTER_KEY is not set"):
        signer_of(server).sign(HREF)
    with pytest.raises(ArchiveUnavailable, match=r"401\.$"):
        signer_of(server, key=SecretStr("key")).sign(HREF)
    with pytest.raises(ArchiveUnavailable, match="302"):
        signer_of(server).sign(HREF)


def test_an_answer_without_a_token_is_an_error(server: StacServer) -> None:
    server.upset.append(Answer(200, body="{}"))
    with pytest.raises(ArchiveUnavailable, match="no token"):
        signer_of(server, tries=1).sign(HREF)
