from pathlib import Path

import pytest

from core.errors import InvalidOption
from evaluation.map_accuracy.class_map import count_classes, open_class_map
from evaluation.map_accuracy.virtual_map import check_virtual
from tests.ingest.remote_files import serve

SIZE = 'rasterXSize="4" rasterYSize="4"'


def quiet(_share: float) -> None:
    """Take no note of the progress."""


def virtual(folder: Path, source: str, *, relative: int = 0, kind: str = "", tag: str = "SourceFilename") -> Path:
    path = folder / "a.vrt"
    band = f'<VRTRasterBand dataType="Byte" band="1"{kind}><SimpleSource>'
    named = f'<{tag} relativeToVRT="{relative}">{source}</{tag}><SourceBand>1</SourceBand>'
    path.write_text(f"<VRTDataset {SIZE}>{band}{named}</SimpleSource></VRTRasterBand></VRTDataset>")
    return path


def wms(url: str) -> str:
    """Return a file that makes GDAL fetch tiles from a server."""
    return (
        f'<GDAL_WMS><Service name="TMS"><ServerUrl>{url}/${{z}}/${{x}}/${{y}}.png</ServerUrl></Service><DataWindow>'
        "<UpperLeftX>0</UpperLeftX><UpperLeftY>0</UpperLeftY><LowerRightX>40</LowerRightX><LowerRightY>-40</LowerRightY>"
        "<SizeX>4</SizeX><SizeY>4</SizeY></DataWindow><Projection>EPSG:32632</Projection><BandsCount>1</BandsCount>"
        "</GDAL_WMS>"
    )


@pytest.mark.parametrize("relative", [0, 1])
def test_a_mosaic_of_geotiffs_is_taken(drawn_map: Path, relative: int) -> None:
    source = drawn_map.name if relative else str(drawn_map)
    check_virtual(virtual(drawn_map.parent, source, relative=relative))


def test_no_server_is_reached_through_a_source_of_a_virtual_raster(drawn_map: Path, tmp_path: Path) -> None:
    with serve(drawn_map.parent) as server:
        (tmp_path / "inner.tif").write_text(wms(server.url))
        escaped = wms(server.url).replace("<", "&lt;").replace(">", "&gt;")
        for source in (str(tmp_path / "inner.tif"), escaped, f"WMS:{server.url}?a=b", f"/vsicurl/{server.url}/a.tif"):
            for tag in ("SourceFilename", "SourceDataset", "DEMPath"):
                with pytest.raises(InvalidOption, match="is no GeoTIFF or ERDAS Imagine file"):
                    count_classes(open_class_map(virtual(tmp_path, source, tag=tag)), quiet)
    assert server.faults.requested == []


@pytest.mark.parametrize("kind", ["VRTRawRasterBand", "VRTDerivedRasterBand"])
def test_bands_of_raw_bytes_or_of_code_are_refused(drawn_map: Path, kind: str) -> None:
    path = virtual(drawn_map.parent, str(drawn_map), kind=f' subClass="{kind}"')
    with pytest.raises(InvalidOption, match=f"of the kind {kind}"):
        check_virtual(path)


@pytest.mark.parametrize("text", ["", "II*\0", "<GDAL_WMS/>", "<VRTDataset>", "<!DOCTYPE a><VRTDataset/>", "a" * 99])
def test_what_is_no_virtual_raster_is_refused(tmp_path: Path, text: str) -> None:
    (tmp_path / "a.vrt").write_text(text)
    with pytest.raises(InvalidOption, match=r"cannot be read as a virtual raster|no document type"):
        check_virtual(tmp_path / "a.vrt")
