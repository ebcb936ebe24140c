"""The protocol of sources, and the classes that fulfil it."""

import inspect

import pytest

from core.source import PixelSource, Source
from ingest.source import CubeSource, RegionSource, TableSource


def public(kind: type) -> set[str]:
    """Return the public members and fields of a class."""
    return {name for name in (*dir(kind), *inspect.get_annotations(kind)) if not name.startswith("_")}


@pytest.mark.parametrize(
    ("kind", "protocol"), [(TableSource, Source), (CubeSource, PixelSource), (RegionSource, PixelSource)]
)
def test_each_kind_of_source_has_every_member_of_its_protocol(kind: type, protocol: type) -> None:
    assert len(public(protocol)) >= 8
    assert public(protocol) <= public(kind)


def test_a_table_has_no_pixels() -> None:
    assert public(PixelSource) - public(TableSource) == {"cube"}
