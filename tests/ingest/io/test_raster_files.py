"""Raster files on disk and on a web server: opened, tried again, and failures told apart."""

import logging
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from core.errors import ReadFailed, UntrustedAddress
from core.grid import Window
from ingest.io.hosts import Hosts
from ingest.io.raster_files import LOCAL, Access, S3Options, _s3_options, environment, use_file
from ingest.simulate.rasters import write_raster
from tests.ingest.remote_files import FolderServer, serve
from tests.ingest.stac.folders import PIXELS, WINDOW


def write(path: Path, pixels: NDArray[np.generic], window: Window = WINDOW, nodata: float | None = 0) -> Path:
    write_raster(path, window, pixels[None], ("x",), nodata=nodata)
    return path


@pytest.fixture
def red(tmp_path: Path) -> Path:
    return write(tmp_path / "red.tif", PIXELS)


@pytest.fixture
def server(tmp_path: Path, red: Path) -> Iterator[FolderServer]:
    with serve(tmp_path) as running:
        yield running


def remote_access(server: FolderServer, **options: object) -> Access:
    hosts = Hosts(name="loopback", allowed=(server.url.removeprefix("http://"),))
    return Access(hosts=hosts, tries=3, per_second=1000, **options)  # type: ignore[arg-type]


class Tokens:
    """A signer whose tokens go stale."""

    def __init__(self) -> None:
        self.token, self.forgotten = "sig=STALE", 0

    def sign(self, href: str) -> str:
        return f"{href}?{self.token}"

    def forget(self, href: str) -> None:
        self.forgotten += 1
        self.token = "sig=FRESH/SECRET"


def numbers_of(href: object, access: Access = LOCAL) -> NDArray[np.generic]:
    """Return (Y, X) as stored."""
    with environment(access.s3):
        return use_file("one", str(href), access, lambda raster: np.asarray(raster.read(1)))


def test_an_archives_vrt_is_no_raster(tmp_path: Path, red: Path) -> None:
    import rasterio.shutil

    rasterio.shutil.copy(red, tmp_path / "red.vrt", driver="VRT")
    with pytest.raises(ReadFailed, match=r"red\.vrt"):
        numbers_of(tmp_path / "red.vrt")
    (tmp_path / "red.vrt").rename(tmp_path / "vrt.tif")
    with pytest.raises(ReadFailed):
        numbers_of(tmp_path / "vrt.tif")


@pytest.mark.parametrize(
    "href", ["/vsicurl/http://127.0.0.1:9/a.tif", "https://example.com/a.tif", "s3://bucket/a.tif"]
)
def test_an_archive_on_disk_reads_the_disk_alone(href: str) -> None:
    with pytest.raises(ReadFailed, match="not on this machine"):
        numbers_of(href)


def test_a_file_on_a_web_server_reads_like_one_on_disk(server: FolderServer, red: Path) -> None:
    remote = numbers_of(f"{server.url}/red.tif", remote_access(server))
    np.testing.assert_array_equal(remote, numbers_of(red))


def test_a_host_that_is_not_listed_gets_no_request(server: FolderServer) -> None:
    access = Access(hosts=Hosts(name="other", allowed=("example.com",)))
    with pytest.raises(UntrustedAddress):
        numbers_of(f"{server.url}/red.tif", access)
    assert server.faults.requested == []


@pytest.mark.parametrize("status", [429, 500, 503])
def test_a_busy_server_is_tried_again(server: FolderServer, status: int) -> None:
    server.faults.statuses = [status, status]
    values = numbers_of(f"{server.url}/red.tif", remote_access(server))
    assert (values == PIXELS).all()


def test_the_pause_that_a_server_requests_is_kept(server: FolderServer) -> None:
    import time

    server.faults.statuses, server.faults.headers = [429, 429], {"Retry-After": "1"}
    began = time.monotonic()
    numbers_of(f"{server.url}/red.tif", remote_access(server))
    assert time.monotonic() - began >= 1


def test_a_server_that_stays_busy_is_a_failed_read_that_shows_no_address(server: FolderServer) -> None:
    server.faults.statuses = [503] * 40
    with pytest.raises(ReadFailed, match=r"red\.tif was answered with HTTP 503 \(tried 3 times\)") as failure:
        numbers_of(f"{server.url}/red.tif", remote_access(server))
    assert "127.0.0.1" not in str(failure.value)


def test_a_missing_file_is_not_requested_again(server: FolderServer) -> None:
    with pytest.raises(ReadFailed, match=r"gone\.tif does not exist \(HTTP 404\)"):
        numbers_of(f"{server.url}/gone.tif", remote_access(server))
    assert len(server.faults.requested) <= 2


def test_bytes_truncated_on_the_way_are_fetched_anew(server: FolderServer, tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(1, 9000, (400, 400)).astype(np.uint16)
    where = Window(crs=WINDOW.crs, transform=WINDOW.transform, shape_yx=(400, 400))
    write(tmp_path / "noise.tif", noise, where)
    source = f"{server.url}/noise.tif"
    server.faults.share = 0.5
    with pytest.raises(ReadFailed, match="tried 3 times"):
        numbers_of(source, remote_access(server))
    server.faults.share = 1.0
    values = numbers_of(source, remote_access(server))
    np.testing.assert_array_equal(values, noise)


def test_a_stale_signature_is_renewed(server: FolderServer) -> None:
    tokens = Tokens()
    server.faults.secret = "sig=FRESH/SECRET"
    access = remote_access(server, signer=tokens)
    assert (numbers_of(f"{server.url}/red.tif", access) == PIXELS).all()
    assert tokens.forgotten == 1


def test_a_signature_is_never_shown(server: FolderServer, caplog: pytest.LogCaptureFixture) -> None:
    tokens = Tokens()
    tokens.token = "sig=FRESH/SECRET"
    server.faults.share = 0.7
    noise = np.random.default_rng(0).integers(1, 9000, (400, 400)).astype(np.uint16)
    where = Window(crs=WINDOW.crs, transform=WINDOW.transform, shape_yx=(400, 400))
    write(server.folder / "noise.tif", noise, where)
    with caplog.at_level(logging.DEBUG, "ingest"), pytest.raises(ReadFailed) as failure:
        numbers_of(f"{server.url}/noise.tif", remote_access(server, signer=tokens))
    assert "SECRET" not in str(failure.value)
    assert failure.value.__cause__ is None
    assert not any("SECRET" in r.getMessage() for r in caplog.records)


def test_keys_do_not_show_in_logs() -> None:
    assert "hush" not in repr(Access(s3=S3Options(access_key="me-hush", secret_key="hush")))


def test_a_text_file_is_no_raster_and_its_folder_is_not_named(tmp_path: Path) -> None:
    (tmp_path / "a.tif").write_text("text")
    with pytest.raises(ReadFailed, match=r"a\.tif") as failure:
        numbers_of(tmp_path / "a.tif")
    assert str(tmp_path) not in str(failure.value)


def test_unsigned_reads_and_another_endpoint_are_stated_to_gdal() -> None:
    with environment(S3Options()) as env:
        assert env.options["GDAL_DISABLE_READDIR_ON_OPEN"] == "EMPTY_DIR"
    plain = _s3_options(S3Options())
    assert (plain["AWS_NO_SIGN_REQUEST"], "AWS_SECRET_ACCESS_KEY" in plain) == ("YES", False)
    signed = _s3_options(S3Options(endpoint="http://127.0.0.1:9000", access_key="a", secret_key="b"))
    assert (signed["AWS_S3_ENDPOINT"], signed["AWS_HTTPS"], signed["AWS_SECRET_ACCESS_KEY"]) == (
        "127.0.0.1:9000",
        "NO",
        "b",
    )
