"""Make the environment folder named on the command line. Standard library only; nothing is installed but pip.

Debian and Ubuntu ship Python without `ensurepip` unless python3-venv is installed. There, the environment is made
without pip, and pip's own wheel is fetched from the package index (PIP_INDEX_URL, or PyPI), checked against the index's
sha256 and used to install itself.
"""

import hashlib
import importlib.util
import os
import re
import shutil
import subprocess
import sys
import tempfile
import urllib.parse
import urllib.request
import venv
from pathlib import Path

INDEX = "https://pypi.org/simple"
WHEEL = re.compile(r'href="([^"]*/pip-(\d+)\.(\d+)(?:\.(\d+))?-py3-none-any\.whl)#sha256=([0-9a-f]{64})"')


def main(folder: Path) -> None:
    """Make the environment, or leave nothing and say in one sentence why not."""
    has_ensurepip = importlib.util.find_spec("ensurepip") is not None
    try:
        venv.create(folder, with_pip=has_ensurepip, symlinks=True)
        if not has_ensurepip:
            _install_pip(folder / "bin" / "python")
    except (OSError, LookupError, subprocess.CalledProcessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        sys.exit(f"No environment could be made in {folder} ({error}); on Debian and Ubuntu, install python3-venv.")


def _install_pip(python: Path) -> None:
    url, sha256 = _newest_wheel(os.environ.get("PIP_INDEX_URL", INDEX).rstrip("/") + "/pip/")
    with urllib.request.urlopen(url, timeout=60) as answer:
        wheel = answer.read()
    if hashlib.sha256(wheel).hexdigest() != sha256:
        raise LookupError(f"{url} does not match the checksum that the index gives")
    with tempfile.TemporaryDirectory() as aside:
        path = Path(aside) / url.rsplit("/", 1)[-1]
        path.write_bytes(wheel)
        subprocess.run([python, f"{path}/pip", "install", "--quiet", "--no-index", path], check=True)


def _newest_wheel(page_url: str) -> tuple[str, str]:
    with urllib.request.urlopen(page_url, timeout=60) as answer:
        found = WHEEL.findall(answer.read().decode())
    if not found:
        raise LookupError(f"{page_url} lists no wheel of pip")
    newest = max(found, key=lambda f: tuple(int(n or 0) for n in f[1:4]))
    return urllib.parse.urljoin(page_url, newest[0]), newest[4]


if __name__ == "__main__":
    main(Path(sys.argv[1]))
