"""Files of weights as torch.save writes them, from strangers: read without running anything in them. No networks.

By default, torch.load builds whatever a pickle names. Here it builds tensors and plain values only,
and a file is looked at before: its size, and that its parts are stored as torch.save stores them.
"""

import pickle
import re
import struct
import warnings
import zipfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import torch

from core.errors import InvalidCheckpoint

MAX_BYTES = 16 * 1024**3
"""Twice the largest published file: 700 million parameters with two moments each, as float32."""
_ZIP = b"PK\x03\x04"
_OBJECT = re.compile(r"GLOBAL ([\w.]{1,80})")
_READING = (
    pickle.UnpicklingError,
    struct.error,
    zipfile.BadZipFile,
    ArithmeticError,
    AssertionError,
    AttributeError,
    EOFError,
    LookupError,
    MemoryError,
    OSError,
    RuntimeError,
    TypeError,
    ValueError,
)
"""What torch.load and zipfile raise on damaged files."""


def read_weights_file(path: Path) -> Mapping[Any, Any]:
    """Read a .pt file of tensors and plain values; where possible, tensors stay on disk until they are looked at.

    Raises:
        InvalidCheckpoint: it is too large, damaged, no such file, or holds any object besides tensors and plain values.
            No code of the file is run.
    """
    _check_size(path)
    try:
        is_zip = _is_zip(path)
        if is_zip:
            _check_parts(path)
        content = _load(path, is_mapped=is_zip)
    except _READING as error:
        raise InvalidCheckpoint(path, _reason(error)) from None
    if not isinstance(content, Mapping):
        raise InvalidCheckpoint(path, f"it holds a {type(content).__name__} in place of a dictionary")
    return content


def _check_size(path: Path) -> None:
    if not path.is_file():
        raise InvalidCheckpoint(path, "there is no such file")
    size = path.stat().st_size
    if size > MAX_BYTES:
        raise InvalidCheckpoint(path, f"it has {size / 1024**3:.0f} GiB, and {MAX_BYTES // 1024**3} are read at most")


def _is_zip(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_ZIP)) == _ZIP


def _check_parts(path: Path) -> None:
    """Refuse what would grow when unpacked: torch.save compresses nothing."""
    with zipfile.ZipFile(path) as parts:
        entries = parts.infolist()
    if any(e.compress_type != zipfile.ZIP_STORED for e in entries):
        raise InvalidCheckpoint(path, "its parts are compressed, which torch.save never does")
    if sum(e.file_size for e in entries) > path.stat().st_size:
        raise InvalidCheckpoint(path, "its parts are larger than the file itself")


def _load(path: Path, *, is_mapped: bool) -> Any:
    """Load with weights_only. Old files, before torch 1.6, are no zip files and cannot be mapped into memory."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the loader's remarks on old formats are not for the user
        return torch.load(path, map_location="cpu", weights_only=True, mmap=is_mapped)


def _reason(error: BaseException) -> str:
    named = _OBJECT.search(str(error))
    if isinstance(error, pickle.UnpicklingError) and named:
        return f"it holds more than plain weights ({named[1]}); nothing of it was loaded or run"
    return "it is damaged, cut short, or no file of weights as torch.save writes them"
