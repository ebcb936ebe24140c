"""The page of the docs about files of other programs: layouts, names of bands, masks and numbers, from the rules.

Run as `python -m cli.files_page [--check]`.
"""

import argparse
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path

from core.bands import OPTICAL_NAMES, RADAR_NAMES, WEATHER_NAMES
from ingest.rules.band_names import (
    HLS_L30_NAMES,
    INDEX,
    RADAR_AND_WEATHER,
    SENTINEL_2_NAMES,
    WITH_BROADNIR,
    WITH_SWIR_3,
)
from ingest.rules.layouts import SECTIONS, FileLayout
from ingest.rules.masks import PREFIXED, RULES, MaskRule
from ingest.rules.numbers import MAX_REFLECTANCE, MIN_REFLECTANCE, PLAIN_SCALE, PLAUSIBLE_MEDIAN
from ingest.rules.scales import FILLS

PATH = Path(__file__).parent.parent / "docs" / "reference" / "your-files.md"


def text(page: str) -> str:
    """Return a page with what stands between its marks made anew.

    Raises:
        ValueError: a mark is missing.
    """
    for name, make in PARTS.items():
        begin, end = f"<!-- begin {name} -->\n", f"<!-- end {name} -->\n"
        before, found, rest = page.partition(begin)
        _, closed, after = rest.partition(end)
        if not (found and closed):
            raise ValueError(f"the page has no marks around '{name}'")
        page = f"{before}{begin}{make().strip()}\n{end}{after}"
    return page


def _all_layouts() -> str:
    return "".join(_layouts(name, rows) for name, rows in SECTIONS.items())


def _masks() -> str:
    return _table(("name", "used by", "clear pixels"), map(_mask, RULES))


def _layouts(name: str, rows: Sequence[FileLayout]) -> str:
    cells = [(r.tool, r.looks, r.taken, r.left) for r in rows]
    return f"\n### {name}\n" + _table(("tool", "files", "read", "not read, or to be given"), cells)


def _bands() -> str:
    rows = [(band, *(_named(names, band) for names in SENTINEL_2_NAMES.values())) for band in OPTICAL_NAMES]
    others = {**RADAR_AND_WEATHER, **INDEX}
    further = [(band, _named(others, band)) for band in (*RADAR_NAMES, *WEATHER_NAMES, "NDVI")]
    landsat = [(band, _named(HLS_L30_NAMES, band)) for band in OPTICAL_NAMES if band in HLS_L30_NAMES.values()]
    return (
        _table(("band", *SENTINEL_2_NAMES), rows)
        + f"\n{_in_company('swir_3', WITH_SWIR_3)} {_in_company('broadnir', WITH_BROADNIR)}\n"
        + "\nRadar, weather and NDVI:\n"
        + _table(("band", "names"), further)
        + "\nHLS L30, which is Landsat brought to the bands of Sentinel-2:\n"
        + _table(("band", "names"), landsat)
    )


def _in_company(sign: str, names: Mapping[str, str]) -> str:
    """Return the sentence on names that mean other bands beside another name."""
    pairs = " and ".join(f"`{name}` is {band}" for name, band in names.items())
    return f"Beside a `{sign}`, {pairs}."


def _named(names: Mapping[str, str], band: str) -> str:
    return ", ".join(f"`{name}`" for name, ours in names.items() if ours == band)


def _mask(rule: MaskRule) -> tuple[str, str, str]:
    names = ", ".join(f"`{name}`{'*' if name in PREFIXED else ''}" for name in rule.names)
    return names, rule.used_by, f"{rule.meaning}; not grown" if rule.kind == "clear" else rule.meaning


def _numbers() -> str:
    fills = ", ".join(f"{fill:g}" for fill in FILLS)
    scales = ", ".join(f"`{band}` in units of {scale:g}" for band, scale in PLAIN_SCALE.items())
    rows = [
        ("reflectance", f"{MIN_REFLECTANCE:g} to {MAX_REFLECTANCE:g}", "0 to 1, or 0 to 10,000"),
        ("NDVI", "-1 to 1", "-1 to 1, or -10,000 to 10,000"),
        ("backscatter", _median("VV"), "dB; linear where no number is negative"),
        ("temperature", _median("temperature_2m"), "K; °C where its unit says so"),
        ("precipitation", _median("total_precipitation"), "m a day; mm where its unit says so"),
    ]
    no_data = f"\nNo data, if nothing is stated: 0 in red and near infrared, {fills}.\n"
    whole = f"Whole numbers without a scale: {scales}.\n"
    return _table(("quantity", "possible", "read as"), rows) + no_data + whole


def _median(band: str) -> str:
    low, high = PLAUSIBLE_MEDIAN[band]
    return f"median from {low:g} to {high:g}"


def _table(heads: Sequence[str], rows: Iterator[Sequence[str]] | Sequence[Sequence[str]]) -> str:
    """Return a table in Markdown, with an empty line before it."""
    lines = ["", _row(heads), "|" + "---|" * len(heads), *(_row(r) for r in rows)]
    return "\n".join(lines) + "\n"


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"


PARTS: Mapping[str, Callable[[], str]] = {
    "layouts": _all_layouts,
    "bands": _bands,
    "masks": _masks,
    "numbers": _numbers,
}
"""What stands between the marks of the page, by their names."""


def main() -> int:
    """Write what is made of the page; with --check only compare it, with exit code 1 if it is not current."""
    parser = argparse.ArgumentParser(description=main.__doc__)
    parser.add_argument("--check", action="store_true", help="compare the page")
    page = PATH.read_text(encoding="utf-8")
    if not parser.parse_args().check:
        PATH.write_text(text(page), encoding="utf-8")
        return 0
    if page == text(page):
        return 0
    print("docs/reference/your-files.md is not current; run: python -m cli.files_page", file=sys.stderr)
    return 1


if __name__ == "__main__":
    sys.exit(main())
