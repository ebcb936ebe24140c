"""The protocol of sources, and the classes that fulfil it."""

import inspect
from datetime import date

import pytest

from core.source import AS_STATED, InputSummary, PixelSource, ReadAs, Source
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


def test_what_the_user_states_is_listed_by_option() -> None:
    found = ReadAs(bands={"B04": "red", "B08": "x"}, offset=0.0, offset_from=date(2022, 1, 25), is_strict=True)
    assert found.stated() == {"--band": "B04=red,B08=x", "--offset": "0@2022-01-25"}
    assert AS_STATED.stated() == {}
    assert ReadAs(mask="none", crs="EPSG:32632", date_from="name").stated() == {
        "--mask": "none",
        "--crs": "EPSG:32632",
        "--date-from": "name",
    }


def test_a_summary_names_its_mask() -> None:
    assert InputSummary(name="a", layout="b", taken=("bands: B04", "mask: SCL (classes)")).mask == "SCL (classes)"
    assert InputSummary(name="a", layout="b").mask == ""
