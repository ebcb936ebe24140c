"""Print the requirements of landcast without some packages: `python docker/requirements.py torch onnx`."""

import re
import sys
import tomllib
from pathlib import Path

PROJECT = Path(__file__).parent.parent / "pyproject.toml"


def requirements(without: set[str]) -> list[str]:
    """Return what pyproject.toml asks for, less what is named.

    Raises:
        ValueError: something named is not asked for at all.
    """
    wanted = tomllib.loads(PROJECT.read_text(encoding="utf-8"))["project"]["dependencies"]
    names = {re.split(r"[^\w.-]", line, maxsplit=1)[0].lower(): line for line in wanted}
    if without - set(names):
        raise ValueError(f"not asked for: {', '.join(sorted(without - set(names)))}")
    return [line for name, line in names.items() if name not in without]


if __name__ == "__main__":
    print("\n".join(requirements(set(sys.argv[1:]))))
