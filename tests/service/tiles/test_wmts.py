"""The capabilities of a WMTS follow OGC 07-057r7."""

from xml.etree.ElementTree import fromstring

import httpx
import pytest

SPACES = {"w": "http://www.opengis.net/wmts/1.0", "ows": "http://www.opengis.net/ows/1.1"}


def test_each_layer_of_a_job_is_a_layer_of_its_wmts(client: httpx.Client) -> None:
    root = fromstring(client.get("/jobs/canopy1/wmts").content)
    assert root.get("version") == "1.0.0"
    names = [e.text for e in root.findall("w:Contents/w:Layer/ows:Identifier", SPACES)]
    assert root.findtext("ows:ServiceProvider/ows:ProviderName", "", SPACES) == "landcast"
    assert names == [x["name"] for x in client.get("/jobs/canopy1/layers").json()["layers"]]


def test_zoom_levels_halve_the_scale_and_double_the_tiles(client: httpx.Client) -> None:
    root = fromstring(client.get("/jobs/canopy1/wmts").content)
    levels = root.findall("w:Contents/w:TileMatrixSet/w:TileMatrix", SPACES)
    scales = [float(x.findtext("w:ScaleDenominator", "", SPACES)) for x in levels]
    assert scales[0] == pytest.approx(559082264.0287178, rel=1e-12)  # of GoogleMapsCompatible, OGC 07-057r7 annex E.4
    assert scales[:-1] == pytest.approx([2 * x for x in scales[1:]])
    assert [int(x.findtext("w:MatrixWidth", "", SPACES)) for x in levels] == [2**z for z in range(len(levels))]
