"""First bytes of vector files."""

import io

import pytest

from ingest.rules.refusal import Refused
from ingest.vector_sources import FORMATS, check_start

ENDINGS = (".kml", ".gpkg", ".geojson")


@pytest.mark.parametrize(
    ("ending", "start"),
    [
        (".kml", b"<?xml version='1.0'?><!-- <OGRVRTDataSource> --><k:kml xmlns:k='a'><Document>"),
        (".gpkg", b"SQLite format 3\0more"),
        (".geojson", b'\xef\xbb\xbf \n{"type":'),
    ],
)
def test_a_file_that_begins_as_its_ending_says_passes(ending: str, start: bytes) -> None:
    check_start(io.BytesIO(start), ending)


@pytest.mark.parametrize("start", [b"", b"<OGRVRTDataSource>", b"<!-- <kml> --><OGRVRTDataSource><kml>", b"\xff\xfe<"])
@pytest.mark.parametrize("ending", ENDINGS)
def test_any_other_is_refused_with_the_format_of_its_ending(ending: str, start: bytes) -> None:
    with pytest.raises(Refused, match=f"cannot be read as {FORMATS[ending]}"):
        check_start(io.BytesIO(start), ending)
