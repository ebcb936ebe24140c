"""Layouts of other programs that are read, in words: the rows of docs/reference/your-files.md.

The readers know them by their names, dimensions and documents; tests/cli/test_files_page.py names a test of each row.
"""

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class FileLayout:
    """How one tool writes its files, and what is read of them. Texts are Markdown, cells of a table."""

    tool: str
    looks: str
    """How the files look."""
    taken: str
    """What is read."""
    left: str = ""
    """What is not, or what has to be given."""


CUBES = (
    FileLayout(
        tool="odc-stac",
        looks="NetCDF or Zarr, a variable for each band, `spatial_ref`",
        taken="`B04`, `red`, `rededge1`, `nir08`, ...; `SCL` or `scl`",
        left="the offset of baseline 04.00, unless the numbers show it",
    ),
    FileLayout(
        tool="stackstac",
        looks="one array `(time, band, y, x)`, many coordinates along `time` and `band`",
        taken="the coordinate `band`, or `common_name`; EPSG code from `epsg`",
    ),
    FileLayout(tool="cubo", looks="one array `(time, band, y, x)`", taken="the coordinate `band`; EPSG from `attrs`"),
    FileLayout(
        tool="sentle",
        looks="one Zarr array `(time, band, y, x)` of Sentinel-2, or of both satellites",
        taken="`B02` ... `B12`, `vv`, `vh`, `S2_cloud_classification`",
        left="`S2_snow_mask` is listed and not used",
    ),
    FileLayout(tool="openEO", looks="NetCDF with dimensions `t`, `y`, `x`", taken="`B02` ... `B12`, `SCL`, `VV`, `VH`"),
    FileLayout(
        tool="EarthNet, GreenEarthNet",
        looks="NetCDF, `s2_B04`, `s2_mask`, `lat`, `lon`",
        taken="`s2_B02` ...; `s2_dlmask` or `s2_mask`",
        left="weather of E-OBS, elevation",
    ),
    FileLayout(
        tool="xcube",
        looks="Zarr or NetCDF in degrees, dimensions `lat`, `lon`",
        taken="`B04` ..., `SCL`; pixels are resampled to UTM, which a note says",
    ),
    FileLayout(
        tool="WorldCereal",
        looks="NetCDF, `S2-L2A-B04`, `S1-SIGMA0-VV`, `agera5_temperature_mean`",
        taken="all of these; the radar's 16-bit numbers become dB",
    ),
    FileLayout(
        tool="Digital Earth Australia, Digital Earth Africa",
        looks="`nbart_red`, `oa_fmask`; `red`, `SCL`",
        taken="`nbart_...` and its masks; `swir_2` is B11 where there is a `swir_3`",
    ),
    FileLayout(
        tool="EOPF",
        looks="Zarr product with groups `measurements/reflectance/r10m`, `r20m`, ...",
        taken="one date; coarser bands are resampled bilinearly; scene classes",
        left="level 1C is read with a note",
    ),
    FileLayout(
        tool="HLS S30, HLS L30 as cubes",
        looks="`B04`, `B8A`, `Fmask`; the collection or title names S30 or L30",
        taken="both; of L30 B02 to B07 as their bands of Sentinel-2, without red edge",
    ),
)
RASTERS = (
    FileLayout(
        tool="Theia (MAJA)",
        looks="`SENTINEL2A_20210405-..._FRE_B4.tif`, `..._CLM_R1.tif`, `..._MG2_R1.tif`",
        taken="FRE (else SRE) / 10,000; CLM, else MG2",
    ),
    FileLayout(tool="FORCE", looks="`20210405_LEVEL2_SEN2A_BOA.tif`, `..._QAI.tif`", taken="BOA / 10,000; bits of QAI"),
    FileLayout(
        tool="HLS S30, HLS L30", looks="`HLS.S30.T32TPT.2021095T...B04.tif`, `Fmask`", taken="bands, bits of Fmask"
    ),
    FileLayout(
        tool="SAFE",
        looks="a product's folder, or a folder of them",
        taken="`IMG_DATA` of L2A, SCL, offset of the metadata",
    ),
    FileLayout(
        tool="Flat files of Collection 1",
        looks="`T32TPT_20180405T..._B04_10m.jp2` without their SAFE folder",
        taken="bands and SCL; the offset from the darkest pixels, where names do not tell the baseline",
        left="`--offset -1000` or `--offset 0`, where neither shows it",
    ),
    FileLayout(tool="sen2r", looks="`S2A2A_20210405_065__BOA_10.tif`", taken="bands by their order, SCL beside it"),
    FileLayout(
        tool="rslearn", looks="`windows/GROUP/NAME/layers/sentinel2/.../geotiff.tif`", taken="bands, dates of the items"
    ),
    FileLayout(
        tool="Earth Engine, one file a date",
        looks="`20210405T101031_..._T32TPT.tif` with described bands",
        taken="`B2` ... `B12`, `SCL`, `QA60`, `MSK_CLDPRB`",
    ),
    FileLayout(
        tool="Earth Engine, stack of dates",
        looks="one file, bands `20210405T..._B4` (`toBands`) or `B4_20210405`",
        taken="a date for each group of bands",
    ),
    FileLayout(
        tool="Sentinel Hub",
        looks="`HASH/response.tiff` with `request.json`",
        taken="bands and scale from the evalscript, the date from the request",
        left="an evalscript that computes its output: give `--band`",
    ),
    FileLayout(
        tool="EO Browser",
        looks="`2021-04-05-00:00_2021-04-05-23:59_Sentinel-2_L2A_B04_(Raw).tiff`",
        taken="raw bands",
        left="pictures of 8 bits",
    ),
    FileLayout(
        tool="STAC",
        looks="`catalog.json`, `collection.json`, an item, or a saved item collection",
        taken="assets by name, `eo:bands` or `bands`; scale, offset and nodata of `raster:bands`",
    ),
)
TABLES = (
    FileLayout(
        tool="Long tables",
        looks="a row for each series and date: `series_id,time,B04,B08,SCL`; `field,date,ndvi` in any case",
        taken="names of bands and masks as in cubes, CSV with `,`, `;` or tabs and decimal commas, Parquet",
    ),
    FileLayout(
        tool="Wide tables",
        looks="a row for each series, a column for each date: `NDVI_20210405`, `B04_2021-04-05`",
        taken="dates and bands of the columns' names",
    ),
    FileLayout(tool="GeoParquet", looks="a long table with a geometry", taken="the table, without the geometry"),
)
PLACES = (
    FileLayout(
        tool="Regions",
        looks="GeoJSON, GeoPackage, Shapefile (also zipped), GeoParquet, FlatGeobuf, KML, KMZ, WKT",
        taken="polygons of all layers, in any CRS that is stated",
        left="`--crs`, where none is",
    ),
    FileLayout(
        tool="Labels",
        looks="the same formats, with a column of classes",
        taken="polygons and points with a class",
        left="features without geometry or class, which a note counts",
    ),
    FileLayout(
        tool="Reference points",
        looks="the same formats, and CSV with `lon`, `lat`",
        taken="points with a label",
    ),
)
SECTIONS = {"Cubes": CUBES, "Folders of rasters and catalogues": RASTERS, "Tables": TABLES, "Places": PLACES}
"""Tables of the page, by their headings."""
