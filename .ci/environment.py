"""Make the environment folder named on the command line. Standard library only; nothing is installed but pip.

Debian and Ubuntu ship Python without `ensurepip` unless python3-venv is installed. There, python3-venv is installed by
apt-get where that can be done without asking anybody, as in a container; elsewhere one sentence says what to install.
"""

import importlib.util
import os
import shutil
import subprocess
import sys
import venv
from pathlib import Path

APT = ("apt-get", "-q", "-y", "-o=Dpkg::Use-Pty=0")


def main(folder: Path) -> None:
    """Make the environment, or leave nothing and say in one sentence why not."""
    try:
        if importlib.util.find_spec("ensurepip") is None:
            _install_venv()
        venv.create(folder, with_pip=True, symlinks=True)
    except (OSError, LookupError, subprocess.CalledProcessError) as error:
        shutil.rmtree(folder, ignore_errors=True)
        sys.exit(f"No environment could be made in {folder} ({error}); on Debian and Ubuntu, install python3-venv.")


def _install_venv() -> None:
    if os.geteuid() != 0 or shutil.which("apt-get") is None:
        raise LookupError(f"{sys.executable} has no ensurepip")
    print("This Python cannot make environments yet: installing python3-venv by apt-get", flush=True)
    for words in (("update",), ("install", "--no-install-recommends", "python3-venv")):
        subprocess.run([*APT, *words], check=True, stdout=subprocess.DEVNULL, env={**os.environ, **_QUIET})
    importlib.invalidate_caches()


_QUIET = {"DEBIAN_FRONTEND": "noninteractive"}

if __name__ == "__main__":
    main(Path(sys.argv[1]))
