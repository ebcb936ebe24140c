"""The fingerprint of files on disk, part of the key under which results are cached. Reads no content."""

import hashlib
from pathlib import Path


def fingerprint(path: Path) -> str:
    """Return sha256 (hex) over the names, sizes and modification times of a file, or of all files below a folder."""
    files = [path] if path.is_file() else sorted(p for p in path.rglob("*") if p.is_file())
    digest = hashlib.sha256()
    for file in files:
        status = file.stat()
        name = file.name if file == path else file.relative_to(path).as_posix()
        digest.update(f"{name}\0{status.st_size}\0{status.st_mtime_ns}\n".encode())
    return digest.hexdigest()


def file_fingerprint(path: Path) -> str:
    """Return 16 hex digits over the size and modification time of a file; empty where there is none."""
    try:
        status = path.stat()
    except OSError:
        return ""
    return hashlib.sha256(f"{status.st_size}\0{status.st_mtime_ns}".encode()).hexdigest()[:16]
