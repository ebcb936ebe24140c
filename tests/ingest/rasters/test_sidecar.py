"""Files beside rasters: requests of Sentinel Hub, windows of rslearn, metadata of ESA."""

import json
from pathlib import Path

import pytest

from ingest.rasters.sidecar import Sidecar, find_sidecar, product_offset
from tests.ingest.rasters.layouts import request

SIMPLE = "function evaluatePixel(s) { return [s.B04, 10000 * s.B08, s.SCL]; }"


def ask(folder: Path, document: object) -> Sidecar:
    (folder / "request.json").write_text(document if isinstance(document, str) else json.dumps(document))
    found = find_sidecar(folder / "response.tiff")
    assert found is not None
    return found


def test_a_request_states_date_and_order_of_bands(tmp_path: Path) -> None:
    found = ask(tmp_path, request(SIMPLE, "2018-06-11"))
    assert (str(found.when)[:10], found.bands) == ("2018-06-11", ("B04", "B08", "SCL"))
    assert (found.reason, found.has_offset) == ("", False)


def test_the_request_of_sentinelhub_is_read(tmp_path: Path) -> None:
    from sentinelhub import CRS, BBox, DataCollection, MimeType, SentinelHubRequest, SHConfig
    from sentinelhub.download.models import DownloadResponse

    made = SentinelHubRequest(
        evalscript=SIMPLE,
        input_data=[
            SentinelHubRequest.input_data(DataCollection.SENTINEL2_L2A, time_interval=("2018-06-11", "2018-06-11"))
        ],
        responses=[SentinelHubRequest.output_response("default", MimeType.TIFF)],
        bbox=BBox((500_000, 4_900_000, 500_300, 4_900_240), CRS("32631")),
        size=(30, 24),
        data_folder=str(tmp_path),
        config=SHConfig(),
    )
    download = made.download_list[0]
    download.raise_if_invalid()
    DownloadResponse(request=download, content=b"", status_code=200).to_local()
    (answer,) = tmp_path.glob("*/response.tiff")
    found = find_sidecar(answer)
    assert found is not None
    assert (str(found.when)[:10], found.bands, found.reason) == ("2018-06-11", ("B04", "B08", "SCL"), "")


@pytest.mark.parametrize(
    ("document", "reason"),
    [
        (request(SIMPLE, "2018-06-01", "2018-06-30"), "--date-from"),
        (request("function evaluatePixel(s) { return [2.5 * s.B04]; }", "2018-06-11"), "computes '2.5"),
        (request("function evaluatePixel(s) { return colorBlend(s.B04); }", "2018-06-11"), "one list of bands"),
        (request(SIMPLE, "2018-06-11", kind="sentinel-2-l1c"), "sentinel-2-l1c"),
        (request(SIMPLE, "2018-06-11", kind="landsat-ot-l2"), "landsat"),
        ({"request": {}}, "does not state"),
        ("no json", "does not state"),
    ],
)
def test_a_request_that_does_not_tell_is_a_reason(tmp_path: Path, document: object, reason: str) -> None:
    assert reason in ask(tmp_path, document).reason


def test_numbers_that_were_not_harmonised_are_judged(tmp_path: Path) -> None:
    document = request(SIMPLE, "2018-06-11")
    document["request"]["payload"]["input"]["data"][0]["processing"] = {"harmonizeValues": False}
    assert ask(tmp_path, document).has_offset is None


def window(folder: Path, days: list[list[str]]) -> None:
    groups = [[{"name": "x", "geometry": {"time_range": [f"{d}T10:00:00+00:00"] * 2}} for d in g] for g in days]
    (folder / "items.json").write_text(json.dumps([{"layer_name": "sentinel2", "serialized_item_groups": groups}]))


def test_a_window_of_rslearn_states_the_date_of_each_group(tmp_path: Path) -> None:
    window(tmp_path, [["2018-06-11"], ["2018-06-16", "2018-06-16"], ["2018-06-11", "2018-06-21"]])
    found = [find_sidecar(tmp_path / "layers" / n / "B04" / "geotiff.tif") for n in ("sentinel2", "sentinel2.1")]
    assert [str(f.when)[:10] for f in found if f] == ["2018-06-11", "2018-06-16"]
    mixed = find_sidecar(tmp_path / "layers" / "sentinel2.2" / "B04" / "geotiff.tif")
    assert mixed is not None
    assert "several days" in mixed.reason
    assert find_sidecar(tmp_path / "layers" / "sentinel2.7" / "B04" / "geotiff.tif") is None
    assert find_sidecar(tmp_path / "B04.tif") is None


def test_the_metadata_of_a_product_are_found_above_a_file_and_not_above_the_archive(tmp_path: Path) -> None:
    deep = tmp_path / "a" / "b" / "c"
    deep.mkdir(parents=True)
    (tmp_path / "MTD_MSIL2A.xml").write_text('<BOA_ADD_OFFSET band_id="0">-1000</BOA_ADD_OFFSET>')
    assert product_offset(deep, tmp_path) == -1000
    assert product_offset(deep, tmp_path / "a") is None
