"""Files that carry a checksum of themselves, so that damage shows: the sha256 of all bytes follows as the last ones.

Readers of GeoTIFF and most other formats ignore bytes after the end of what they read. In the file, not beside it: one
rename publishes both.
"""

import hashlib
from pathlib import Path

MARK = b"landcast-sha256:"
LENGTH = len(MARK) + 64


def seal(path: Path) -> None:
    """Append the checksum of a finished file to it."""
    with path.open("r+b") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
        file.seek(0, 2)
        file.write(MARK + digest.encode())


def unseal(path: Path) -> None:
    """Take the checksum of a sealed file away again."""
    with path.open("r+b") as file:
        file.truncate(path.stat().st_size - LENGTH)


def damage_of(path: Path) -> str:
    """Return what is wrong with a sealed file, as the clause of a sentence; empty if it is intact.

    Raises:
        OSError: it cannot be read.
    """
    with path.open("rb") as file:
        content = file.read()
    body, end = content[:-LENGTH], content[-LENGTH:]
    if len(content) <= LENGTH or not end.startswith(MARK):
        return f"its end is missing, {len(content)} bytes are left"
    if hashlib.sha256(body).hexdigest().encode() != end.removeprefix(MARK):
        return f"its {len(content)} bytes do not match their checksum"
    return ""
