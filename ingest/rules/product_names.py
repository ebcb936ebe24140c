"""Products by the names of their files: their numbers, order of bands, and files that hold no band. Opens no file.

docs/reference/your-files.md is made from PRODUCTS.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from ingest.rules.band_names import plain


@dataclass(frozen=True, kw_only=True)
class Product:
    """Files that one program names in one way."""

    title: str
    pattern: re.Pattern[str]
    """Found in the name of a file without its ending, or in its folders, joined by `/`."""
    example: str
    has_offset: bool | None = None
    """Whether its numbers carry the offset of baseline 04.00; None = that depends on the file."""
    fills: tuple[float, ...] = ()
    """Stored numbers that mean no data, beside those that the file states; empty = 0."""
    order: tuple[str, ...] = ()
    """Bands of a file whose bands have no names."""
    whole_scale: float | None = None
    """What one means in unsigned whole numbers, if not 1/10000: 1/65535 stretched over their range."""
    spare: re.Pattern[str] | None = None
    """Files that are read only where the scene has no better ones."""


FORCE_ORDER = ("BLUE", "GREEN", "RED", "REDEDGE1", "REDEDGE2", "REDEDGE3", "BROADNIR", "NIR", "SWIR1", "SWIR2")
SEN2R_FINE = ("B01", "B02", "B03", "B04", "B05", "B06", "B07", "B08", "B09", "B11", "B12")
SEN2R_COARSE = tuple("B8A" if b == "B08" else b for b in SEN2R_FINE)

PRODUCTS: Sequence[Product] = (
    Product(
        title="ESA (SAFE folder)",
        pattern=re.compile(r"S2[A-D]_MSIL2A_\d{8}T\d{6}_N\d{4}_[^/]*(?:/|$)"),
        example="S2A_MSIL2A_20180611T105031_N0500_R051_T31TCJ_20230810T001122.SAFE/.../T31TCJ_20180611T105031_B04_10m.jp2",
    ),
    Product(
        title="ESA (single files)",
        pattern=re.compile(r"(?:^|/)(?:L2A_)?T\d\d[A-Z]{3}_\d{8}T\d{6}_[A-Z0-9]{3}(?:_\d\dm)?$"),
        example="T31TCJ_20180611T105031_B04_10m.jp2",
    ),
    Product(
        title="Theia (MAJA)",
        pattern=re.compile(r"SENTINEL2[A-D]_\d{8}-\d{6}-\d{3}_L2A_T\d\d[A-Z]{3}_"),
        example="SENTINEL2A_20180611-105031-463_L2A_T31TCJ_D_V1-7_FRE_B4.tif",
        has_offset=False,
        fills=(-10000.0,),
        spare=re.compile(r"_SRE_"),
    ),
    Product(
        title="FORCE",
        pattern=re.compile(r"\d{8}_LEVEL2_SEN2[A-DL]_(?:BOA|IMP|QAI|[A-Z]{3})$"),
        example="20180611_LEVEL2_SEN2A_BOA.tif",
        has_offset=False,
        fills=(-9999.0,),
        order=FORCE_ORDER,
    ),
    Product(
        title="HLS",
        pattern=re.compile(r"HLS\.[SL]30\.T\d\d[A-Z]{3}\.\d{7}T\d{6}\.v"),
        example="HLS.S30.T31TCJ.2018162T105031.v2.0.B04.tif",
        has_offset=False,
        fills=(-9999.0,),
    ),
    Product(
        title="sen2r",
        pattern=re.compile(r"S2[A-D]2A_\d{8}_\d{3}_[^_/]*_BOA_[126]0$"),
        example="S2A2A_20180611_051__BOA_10.tif",
        order=SEN2R_FINE,
    ),
    Product(
        title="EO Browser",
        pattern=re.compile(r"\d{4}-\d\d-\d\d-\d\d[:_]\d\d_\d{4}-\d\d-\d\d-\d\d[:_]\d\d_Sentinel-2_L2A_.*\(Raw\)"),
        example="2018-06-11-00:00_2018-06-11-23:59_Sentinel-2_L2A_B04_(Raw).tiff",
        has_offset=False,
        whole_scale=65535.0,
    ),
)

TOP_OF_ATMOSPHERE = re.compile(r"(?:^|[^a-z\d])(?:toa|l1c|level-?1c|s2[a-d]?1c|msil1c)(?![a-z\d])", re.IGNORECASE)
"""Words of names of Level-1C, whose reflectance is not that of the ground."""

SPARE_FILES = re.compile(
    r"(?:^|/)MSK_|(?:^|[_./-])(?:PVI|TCI|AOT|WVP|PRB|R?GB\d\w*)(?:[_.-]\d\dm)?$|_(?:ATB|IAB|EDG|SAT|DFP|USE|QKL)_?(?:R\d|ALL|XS)?$"
    r"|_LEVEL2_\w{5}_(?:OVV|CLD|DST|HOT|VZN|AOD|WVP)$"
)
"""Files of products that hold neither bands nor the mask: of ESA, Theia and FORCE."""
OTHER_NAMES = frozenset(
    {
        "b01",
        "b1",
        "b09",
        "b9",
        "coastal",
        "coastal_aerosol",
        "nir09",
        "water_vapor",
        "water_vapour",
        "wvp",
        "aot",
        "aod",
        "tci",
        "tci_r",
        "tci_g",
        "tci_b",
        "pvi",
        "visual",
        "thumbnail",
        "preview",
        "rendered_preview",
        "overview",
        "alpha",
        "snw",
        "snwprb",
        "msk_snwprb",
        "msk_classi_opaque",
        "msk_classi_cirrus",
        "msk_classi_snow_ice",
        "qa10",
        "qa20",
        "datamask",
        "sza",
        "saa",
        "vza",
        "vaa",
        "edge",
        "atb",
        "iab",
        "sat",
        "edg",
    }
)
"""Bands of Sentinel-2 products that are not read, lower case: no word is said of them."""
ONLY_LEVEL_1C = frozenset({"b10", "cirrus"})
"""Bands that no surface reflectance of Sentinel-2 has: its file is Level-1C, or Landsat."""


def find_product(path: str) -> Product | None:
    """Return the product that a file belongs to by its folders and name, without its ending; None = not known."""
    return next((p for p in PRODUCTS if p.pattern.search(path)), None)


def is_top_of_atmosphere(path: str) -> bool:
    """Tell whether a name says that its numbers are top-of-atmosphere reflectance."""
    return bool(TOP_OF_ATMOSPHERE.search(path))


def is_spare_file(path: str) -> bool:
    """Tell whether a file, without its ending, is one of a product that holds neither bands nor its mask."""
    return bool(SPARE_FILES.search(path))


def is_other_name(name: str) -> bool:
    """Tell whether a name is that of a band of Sentinel-2 products that is not read."""
    return name.lower() in OTHER_NAMES or plain(name) in OTHER_NAMES


def band_order(product: Product | None, *, count: int, resolution_m: float) -> tuple[str, ...]:
    """Return the bands of a file whose bands have no names; empty = not known.

    Args:
        product: that it belongs to.
        count: its number of bands.
        resolution_m: edge of its pixels. sen2r takes B8A in place of B08 from 20 m on.
    """
    if product is None or len(product.order) != count:
        return ()
    return SEN2R_COARSE if product.order is SEN2R_FINE and resolution_m >= 20 else product.order
