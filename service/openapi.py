"""openapi.yaml: generated from the code, written or compared. Run as `python -m service.openapi [--check]`."""

import argparse
import sys
from pathlib import Path

import yaml

from core.settings import Settings
from service.app import create_app
from service.description import describe

PATH = Path(__file__).parent.parent / "openapi.yaml"


def text() -> str:
    """Return openapi.yaml as the code generates it now."""
    document = describe(create_app(Settings(), reconcile=False))
    document["info"]["version"] = document["info"]["version"].split("+")[0]
    return yaml.safe_dump(document, sort_keys=False, allow_unicode=True, width=120)


def main() -> int:
    """Write openapi.yaml; with --check compare it instead, with exit code 1 if it is not current."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    choice = parser.add_mutually_exclusive_group()
    choice.add_argument("--write", action="store_true", help="write the file (also without any option)")
    choice.add_argument("--check", action="store_true", help="compare the file")
    if not parser.parse_args().check:
        PATH.write_text(text(), encoding="utf-8")
        return 0
    if PATH.is_file() and PATH.read_text(encoding="utf-8") == text():
        return 0
    print("openapi.yaml is not current; run: python -m service.openapi --write", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
