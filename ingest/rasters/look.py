"""One raster opened: where it lies, which bands and masks it holds, of which dates, and how they are stored."""

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rasterio.errors import RasterioError
from rasterio.io import DatasetReader

from core.bands import NDVI, OPTICAL_NAMES, RADAR_NAMES
from core.errors import InvalidOption
from core.grid import Window
from core.source import ReadAs
from ingest.rasters.item import BandSource
from ingest.rasters.names import Meaning, NamedFile, Vocabulary, described_date, hints_of
from ingest.rasters.place import NoPlace, Place, find_place
from ingest.rasters.sample import choose_spread, read_spread
from ingest.rasters.sidecar import Sidecar
from ingest.rules.band_names import READ, Family, find_family, foreign
from ingest.rules.file_dates import find_stamp
from ingest.rules.mask_codes import SCL_CLASSES
from ingest.rules.masks import RULES, FoundMask, find_mask
from ingest.rules.numbers import MAX_REFLECTANCE, Coding, find_coding
from ingest.rules.product_names import band_order, is_other_name

Opener = Callable[[str], AbstractContextManager[DatasetReader]]
"""Opens a raster by its href; used in several threads."""

TAGS = (
    "ACQUISITION_DATE",
    "ACQUISITIONDATETIME",
    "SENSING_TIME",
    "SENSING_START",
    "DATETIME",
    "DATE",
    "TIFFTAG_DATETIME",
)
"""Names of tags that may hold the date of the recording, read only if the user says that dates stand in tags."""
PICTURE = "its 8-bit numbers are those of a picture, not reflectance; export the bands as 16-bit numbers or floats"
NDVI_BYTES = (
    "it holds NDVI as 8-bit numbers and states no scale; write its scale and offset into the file, such as "
    "gdal_edit.py -scale 0.008 -offset -1 for 0 to 250, or export it as floats from -1 to 1"
)
EMPTY_FLOATS = 1.6
"""Median of reflectance above which floats are neither 0..1 nor 0..10000."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """One band or mask of one date in a raster."""

    file: NamedFile
    when: datetime
    key: str
    """The same for all layers of one scene."""
    name: str
    """In the input."""
    band: str
    """Our name; empty = a mask."""
    source: BandSource
    window: Window
    file_crs: str
    warped: str
    is_offset_stated: bool
    """True = the file itself states what is added to scaled numbers."""
    is_float: bool
    """True = floats that state no scale."""


@dataclass(frozen=True, kw_only=True)
class Looked:
    """What was found in one file."""

    file: NamedFile
    layers: tuple[Layer, ...] = ()
    reason: str = ""
    """Why it is left out; empty = it is not."""
    ignored: tuple[str, ...] = ()
    """Names of bands that mean nothing."""


SCENE_CLASSES = FoundMask(name="SCL", rule=next(r for r in RULES if r.kind == "SCL"))


class _LeftOut(Exception):
    """A file cannot be read; the text says why."""


def look(file: NamedFile, opener: Opener, *, sidecar: Sidecar | None, read_as: ReadAs) -> Looked:
    """Open a raster and describe it; one that cannot be read is left out with the reason."""
    if sidecar is not None and sidecar.reason and not (read_as.date_from and read_as.bands):
        return Looked(file=file, reason=sidecar.reason)
    try:
        with opener(file.href) as raster:
            return _describe(file, raster, sidecar, read_as)
    except (_LeftOut, NoPlace) as error:
        return Looked(file=file, reason=str(error))
    except (RasterioError, OSError) as error:
        return Looked(file=file, reason=f"it is damaged or no raster ({type(error).__name__})")


def _describe(file: NamedFile, raster: DatasetReader, sidecar: Sidecar | None, read_as: ReadAs) -> Looked:
    texts = [str(t or "") for t in raster.descriptions]
    family = file.family
    if family is Family.SENTINEL_2:
        family = find_family(*texts, names=[w for t in texts for w in hints_of(t)])
    if family not in READ:
        raise _LeftOut(foreign(family))
    place = find_place(raster, read_as.crs)
    vocabulary = Vocabulary(
        family=family, company=tuple(t for t in texts if t), read_as=read_as, is_hls="HLS" in file.path.upper()
    )
    named, ignored = _named(file, raster, texts, vocabulary, sidecar)
    when = file.when or (sidecar.when if sidecar else None) or _tagged(raster, read_as)
    layers = []
    for index, meaning in named.items():
        stamp = described_date(texts[index - 1]) if raster.count > 1 and not read_as.date_from else None
        moment = stamp.when if stamp else when
        if moment is None:
            raise _LeftOut("no date")
        layers.append(_layer(file, raster, index, meaning, moment, place, sidecar))
    _check_once(layers)
    return Looked(file=file, layers=tuple(layers), ignored=tuple(ignored))


def _named(
    file: NamedFile, raster: DatasetReader, texts: Sequence[str], vocabulary: Vocabulary, sidecar: Sidecar | None
) -> tuple[dict[int, Meaning], list[str]]:
    """Return what each band of a raster is, and the names that mean nothing."""
    by_number = {int(v): ours for ours, v in vocabulary.read_as.bands.items() if v.isdigit()}
    found = {n: Meaning(name=str(n), band=b, rank=3) for n, b in by_number.items() if n <= raster.count}
    found |= _mask_by_number(raster, vocabulary.read_as)
    if raster.count == 1 and not found:
        one = _of_one(file, texts[0], vocabulary)
        return ({1: one} if one else {}), [texts[0]] if texts[0] and not one and not is_other_name(texts[0]) else []
    names = list(sidecar.bands if sidecar else ()) or list(texts)
    if not found and not any(_described(n, vocabulary) for n in names):
        names = list(_listed(file, raster, texts))
    if len(names) != raster.count:
        raise _LeftOut(f"it has {raster.count} bands, and {len(names)} are stated ({', '.join(names)})")
    company = tuple(dict.fromkeys((*vocabulary.company, *names)))
    wide = replace(vocabulary, company=company)
    ignored = []
    for index, name in enumerate(names, start=1):
        meaning = _described(name, wide)
        if meaning is not None and index not in found and meaning.band not in by_number.values():
            found[index] = meaning
        elif meaning is None and index not in found and not is_other_name(_last(name)):
            ignored.append(name or f"band {index}")
    return found, ignored


def _mask_by_number(raster: DatasetReader, read_as: ReadAs) -> dict[int, Meaning]:
    """Return the mask that the user states by the number of its band: scene classes, or what is said of its codes.

    Raises:
        _LeftOut: its numbers are no scene classes, and nothing is said of them.
    """
    name, _, word = read_as.mask.partition("=")
    if not name.isdigit() or not 1 <= int(name) <= raster.count:
        return {}
    index = int(name)
    if word:
        try:
            found = find_mask([name], stated=read_as.mask)
        except ValueError as error:
            raise InvalidOption("--mask", read_as.mask, str(error)) from None
    else:
        numbers = np.unique(_sample(raster, index))
        if numbers.max() <= 1 or not set(numbers.tolist()) <= set(range(SCL_CLASSES)):
            shown = ", ".join(f"{v:g}" for v in numbers[:5])
            raise _LeftOut(
                f"the numbers of its band {name} ({shown}) are no scene classes of Sen2Cor; give --mask {name}=clear "
                f"if 1 is clear, or --mask {name}=cloud if 0 is"
            )
        found = replace(SCENE_CLASSES, name=name)
    return {index: Meaning(name=name, mask=found, rank=3)}


def _of_one(file: NamedFile, text: str, vocabulary: Vocabulary) -> Meaning | None:
    """Return the band of a raster with one band: by its name, or else by its description."""
    if len(file.codes) > 1:
        names = ", ".join(m.name for m in file.codes)
        raise _LeftOut(f"its name lists several bands ({names}), and it holds one")
    return file.best or _described(text, vocabulary)


def _described(text: str, vocabulary: Vocabulary) -> Meaning | None:
    """Return the band or mask that a description names: `B04`, `red`, `B08 (nir)`, `B4_2018-06-11`."""
    whole = vocabulary.meaning(text) if text else None
    return whole or max(vocabulary.meanings(text), key=lambda m: (m.rank, -m.words.start), default=None)


def _listed(file: NamedFile, raster: DatasetReader, texts: Sequence[str]) -> Sequence[str]:
    """Return the names of bands whose descriptions mean nothing: in the file's name or folder, or by its product."""
    if len(file.codes) == raster.count:
        return [m.name for m in file.codes]
    order = band_order(file.product, count=raster.count, resolution_m=abs(raster.transform.a))
    if order:
        return order
    one = file.best
    if one is not None and len(file.codes) <= 1:
        return [one.name, *[""] * (raster.count - 1)]
    stated = ", ".join(t for t in texts if t)
    what = f"name no band of Sentinel-2 ({stated})" if stated else "have no names"
    raise _LeftOut(
        f"its {raster.count} bands {what}; give them by name or number, such as --band red=3 --band nir=4, and a mask "
        "by --mask 5"
    )


def _last(text: str) -> str:
    """Return a description without the date and image before the band's name: `20180611T..._T31TCJ_B9` is `B9`."""
    return text.rsplit("_", 1)[-1] if find_stamp(text) else text


def _tagged(raster: DatasetReader, read_as: ReadAs) -> datetime | None:
    if read_as.date_from != "tags":
        return None
    tags = {k.upper(): str(v) for k, v in raster.tags().items()}
    stamp = find_stamp(*(tags[t].replace(":", "-", 2) for t in TAGS if t in tags))
    return stamp.when if stamp else None


def _check_once(layers: Sequence[Layer]) -> None:
    """Check that a band stands once for each date.

    Raises:
        _LeftOut: it does not.
    """
    counts = Counter((la.band or la.name, la.when) for la in layers)
    twice = next((name for (name, _), count in counts.items() if count > 1), "")
    if twice:
        number = max(counts.values())
        raise _LeftOut(f"it holds {twice} {number} times, and the names of its bands do not tell their dates")


def _layer(
    file: NamedFile,
    raster: DatasetReader,
    index: int,
    meaning: Meaning,
    when: datetime,
    place: Place,
    sidecar: Sidecar | None,
) -> Layer:
    coding, is_stated = (Coding(), True) if meaning.mask else _coding(file, raster, index, meaning.band)
    kind: FoundMask | None = meaning.mask
    return Layer(
        file=file,
        when=when,
        key=file.key or when.strftime("%Y%m%d"),
        name=meaning.name,
        band=meaning.band,
        source=BandSource(href=file.href, index=index, coding=coding, name=meaning.name, mask=kind),
        window=place.window,
        file_crs=place.file_crs,
        warped=place.warped,
        is_offset_stated=is_stated or bool(sidecar and sidecar.has_offset is False),
        is_float=raster.dtypes[index - 1].startswith("float") and raster.scales[index - 1] == 1.0,
    )


def _coding(file: NamedFile, raster: DatasetReader, index: int, band: str) -> tuple[Coding, bool]:
    """Find how a band is stored, and whether what is added to it is stated."""
    scale, offset, nodata = raster.scales[index - 1], raster.offsets[index - 1], raster.nodatavals[index - 1]
    attrs: dict[str, Any] = {} if (scale, offset) == (1.0, 0.0) else {"scale_factor": scale, "add_offset": offset}
    product = file.product
    fills = list(product.fills) if product else []
    fills += [nodata] if nodata is not None else [0.0] if not fills and band in OPTICAL_NAMES else []
    if fills:
        attrs["_FillValue"] = fills
    is_plain = raster.dtypes[index - 1].startswith(("int", "uint")) and band not in RADAR_NAMES
    sample = np.zeros(0, raster.dtypes[index - 1]) if is_plain else _sample(raster, index)
    if (
        raster.dtypes[index - 1] == "uint16"
        and product is not None
        and product.whole_scale
        and not attrs.get("scale_factor")
    ):
        attrs |= {"scale_factor": 1 / product.whole_scale, "add_offset": 0.0}
    elif raster.dtypes[index - 1] == "uint8" and band in (*OPTICAL_NAMES, NDVI.name) and "scale_factor" not in attrs:
        raise _LeftOut(NDVI_BYTES if band == NDVI.name else PICTURE)
    coding = find_coding(band, attrs, sample, where=f"{file.name}:{index}")
    _check_floats(band, sample, coding)
    return coding, bool(offset) or bool(product and product.has_offset is False)


def _sample(raster: DatasetReader, index: int) -> NDArray[Any]:
    return read_spread(raster, index, choose_spread(raster, index))


def _check_floats(band: str, sample: NDArray[Any], coding: Coding) -> None:
    """Check that floats are reflectance.

    Raises:
        _LeftOut: they are not.
    """
    if band not in OPTICAL_NAMES or sample.dtype.kind != "f":
        return
    numbers = sample[np.isfinite(sample) & ~np.isin(sample, coding.fills) & (sample > 0)]
    middle = float(np.median(numbers)) if numbers.size else 0.0
    if middle * coding.scale > min(EMPTY_FLOATS, MAX_REFLECTANCE) or (coding.scale < 1 and 2 < middle < 110):
        raise _LeftOut(f"its numbers (median {middle:.4g}) are neither reflectance, 0..1, nor 10000 times that")


def missing_names(looked: Sequence[Looked]) -> Iterator[str]:
    """Yield the names of bands that mean nothing, each once."""
    yield from dict.fromkeys(n for found in looked for n in found.ignored)
