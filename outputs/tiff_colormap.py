"""Palettes of TIFFs of several bands: GDAL reads them, but writes one only for a single band, so we enter them here.

GDAL writes a ColorMap of the right size (a grey ramp) with `photometric=palette`; its numbers are replaced in
place, in the image and in every overview, so that offsets and the order of the file stay as they are (TIFF 6.0, section
5; BigTIFF: libtiff's specification).
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO

from core.product import LegendEntry

COLOR_MAP, SHORT, ENTRIES = 320, 3, 256


@dataclass(frozen=True, kw_only=True)
class _Layout:
    """Where things lie in the classic or the big form of TIFF; sizes in bytes, formats of `struct`."""

    first: int
    """Position of the first directory's offset."""
    offset: str
    count: str
    entry: str
    """Tag, type, count, value or its offset."""


CLASSIC = _Layout(first=4, offset="I", count="H", entry="HHII")
BIG = _Layout(first=8, offset="Q", count="Q", entry="HHQQ")


def paint(path: Path, legend: Sequence[LegendEntry]) -> None:
    """Enter the colours of a legend into a TIFF written with `photometric=palette`; other values become black.

    Raises:
        ValueError: the file has no colour map.
    """
    colours = _colour_map(legend)
    with path.open("r+b") as file:
        order, layout = _layout(file)
        positions = list(_colour_maps(file, order, layout))
        if not positions:
            raise ValueError(f"{path} has no colour map to paint")
        for position in positions:
            file.seek(position)
            file.write(struct.pack(f"{order}{len(colours)}H", *colours))


def _colour_map(legend: Sequence[LegendEntry]) -> list[int]:
    """Return all reds, then all greens, then all blues, 0..65535."""
    colours = {entry.value: entry.colour for entry in legend}
    return [colours.get(value, (0, 0, 0))[part] * 257 for part in range(3) for value in range(ENTRIES)]


def _layout(file: BinaryIO) -> tuple[str, _Layout]:
    head = file.read(4)
    order = "<" if head[:2] == b"II" else ">"
    return order, BIG if struct.unpack(f"{order}H", head[2:])[0] == 43 else CLASSIC


def _colour_maps(file: BinaryIO, order: str, layout: _Layout) -> Iterator[int]:
    offset = _read(file, layout.first, order + layout.offset)[0]
    while offset:
        count = _read(file, offset, order + layout.count)[0]
        first = offset + struct.calcsize(order + layout.count)
        size = struct.calcsize(order + layout.entry)
        for number in range(count):
            tag, kind, values, position = _read(file, first + number * size, order + layout.entry)
            if tag == COLOR_MAP and kind == SHORT and values == 3 * ENTRIES:
                yield position
        offset = _read(file, first + count * size, order + layout.offset)[0]


def _read(file: BinaryIO, position: int, form: str) -> tuple[int, ...]:
    file.seek(position)
    return struct.unpack(form, file.read(struct.calcsize(form)))
