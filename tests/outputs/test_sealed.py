from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from outputs.sealed import LENGTH, damage_of, seal, unseal


@pytest.fixture
def sealed(tmp_path: Path) -> Path:
    path = tmp_path / "file"
    path.write_bytes(bytes(range(256)) * 9)
    seal(path)
    return path


def test_a_file_as_it_was_written_is_intact(sealed: Path) -> None:
    assert damage_of(sealed) == ""
    assert sealed.stat().st_size == 256 * 9 + LENGTH


@given(place=st.integers(0, 256 * 9 + LENGTH - 1), bit=st.integers(0, 7))
def test_any_flipped_bit_shows(tmp_path_factory: pytest.TempPathFactory, place: int, bit: int) -> None:
    path = tmp_path_factory.getbasetemp() / "flipped"
    path.write_bytes(bytes(range(256)) * 9)
    seal(path)
    content = bytearray(path.read_bytes())
    content[place] ^= 1 << bit
    path.write_bytes(content)
    assert damage_of(path)


@pytest.mark.parametrize("length", [0, 1, LENGTH, 2000, -1])
def test_a_file_that_was_cut_shows(sealed: Path, length: int) -> None:
    sealed.write_bytes(sealed.read_bytes()[:length])
    assert "its end is missing" in damage_of(sealed)


def test_without_its_seal_a_file_is_what_it_was(sealed: Path) -> None:
    unseal(sealed)
    assert sealed.read_bytes() == bytes(range(256)) * 9
