"""The software version, as results carry it. The number itself lives in pyproject.toml."""

from importlib.metadata import PackageNotFoundError, version


def software_version() -> str:
    """Return the installed version of landcast, or `0+unknown` in a tree that was never installed."""
    try:
        return version("landcast")
    except PackageNotFoundError:
        return "0+unknown"
