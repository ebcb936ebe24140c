"""Table files: CSV as people have them, Parquet and GeoParquet, as columns with names. Nothing of their meaning."""

import csv
import io
import json
import re
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet
from numpy.typing import NDArray

from core.source import counted, listed
from ingest.rules.refusal import Refused

TEXT = (".csv", ".tsv", ".txt")
PARQUET = (".parquet", ".geoparquet", ".pq")
ENDINGS = (*TEXT, *PARQUET)
MAX_REASON = 200
"""Characters of a library's message about a broken file."""
SEPARATORS = (";", "\t", ",", "|")
SEPARATOR_NAMES = {";": "semicolons", "\t": "tabs", "|": "vertical bars"}
GAPS = frozenset({"", "na", "n/a", "#n/a", "nan", "null", "none", "-", "--", "<na>", "masked", "missing", "."})
"""Texts, lower case, that stand for a missing number."""
WORDS = {"true": 1.0, "yes": 1.0, "false": 0.0, "no": 0.0}
"""Words of a mask."""
_COMMA = re.compile(r"[-+]?\d*,\d+(?:e[-+]?\d+)?", re.IGNORECASE)
_THOUSANDS = re.compile(r"[-+]?[1-9]\d{0,2}(?:,\d{3})+(?:\.\d+)?")


@dataclass(frozen=True, kw_only=True)
class TableFile:
    """A table as it is stored."""

    columns: tuple[str, ...]
    """Names without spaces around them, each once."""
    table: pd.DataFrame
    """Of a text file texts alone, empty = nothing; of Parquet as stored, without geometry."""
    taken: tuple[str, ...] = ()
    """Separator and encoding, where they are unusual."""
    geometry: str = ""
    """Name of the column of a GeoParquet file that was left out; empty = none."""
    _unread: dict[str, tuple[int, str]] = field(default_factory=dict)

    def numbers(self, columns: Sequence[str]) -> dict[str, NDArray[np.float64]]:
        """Return (N,) numbers of columns; NaN where a text is none.

        Decimal commas are told from all these columns together.

        Raises:
            Refused: a column has no number but texts, or commas may be decimal signs or thousands.
        """
        texts = {c: self.table[c] for c in columns if not pd.api.types.is_numeric_dtype(self.table[c].dtype)}
        found = {c: _plain_numbers(self.table[c]) for c in columns if c not in texts}
        parsed = {c: _parse(t) for c, t in texts.items()}
        commas = _commas(parsed, texts)
        for column, (numbers, bad) in parsed.items():
            found[column] = self._with_commas(column, numbers, bad, texts[column]) if commas else numbers
            self._check(column, found[column], texts[column])
        return {c: found[c] for c in columns}

    def unread(self, columns: Sequence[str]) -> tuple[str, ...]:
        """Return a remark on each column of numbers in which some texts were none."""
        return tuple(
            f"{self._unread[c][0]:,} of the values of column '{c}' are no numbers, such as '{self._unread[c][1]}', "
            "and are left out."
            for c in columns
            if c in self._unread
        )

    def _with_commas(
        self, column: str, numbers: NDArray[np.float64], bad: NDArray[np.bool_], texts: "pd.Series[Any]"
    ) -> NDArray[np.float64]:
        changed = [t.replace(",", ".") if _COMMA.fullmatch(t) else "nan" for t in texts[bad].astype(str)]
        numbers = numbers.copy()
        numbers[bad] = np.array(changed, np.float64)
        return numbers

    def _check(self, column: str, numbers: NDArray[np.float64], texts: "pd.Series[Any]") -> None:
        is_gap = _is_gap(texts)
        bad = np.isnan(numbers) & ~is_gap
        if not bad.any():
            return
        example = str(texts[bad].iloc[0])[:40]
        if bad.sum() == (~is_gap).sum():
            raise Refused(f"column '{column}' holds something else than numbers ('{example}')")
        self._unread[column] = (int(bad.sum()), example)


def read_file(path: Path) -> TableFile:
    """Read a table file.

    Raises:
        Refused: no such file, another format, broken, without columns or rows.
    """
    if not path.is_file():
        raise Refused("there is no such file")
    ending = path.suffix.lower()
    if ending not in ENDINGS:
        raise Refused(f"its ending is '{path.suffix}', not .parquet or .csv")
    found = _read_parquet(path) if ending in PARQUET else _read_text(path)
    if found.table.empty:
        raise Refused("it has no row")
    return found


def _read_parquet(path: Path) -> TableFile:
    try:
        schema = pyarrow.parquet.read_schema(path)
        geometry = _geometry(schema)
        names = [n for n in schema.names if n not in geometry]
        stored = pyarrow.parquet.ParquetFile(path).read(columns=names)
        table = stored.to_pandas(integer_object_nulls=True)
    except (OSError, ValueError, TypeError, NotImplementedError) as error:  # pyarrow's are among these
        raise Refused(f"it is not readable as parquet ({_reason(error)})") from None
    except (LookupError, AttributeError):
        raise Refused("it is not readable as parquet (its description of the columns is damaged)") from None
    table = _without_index(table)
    table.columns = _names([str(c) for c in table.columns])
    for column in table:
        kind = table[column].dtype
        if isinstance(kind, pd.CategoricalDtype):
            table[column] = table[column].astype(kind.categories.dtype)
    return TableFile(columns=tuple(table.columns), table=table, geometry=geometry[0] if geometry else "")


def _geometry(schema: Any) -> list[str]:
    """Return the geometry columns of a GeoParquet file, the primary one first."""
    text = (schema.metadata or {}).get(b"geo")
    if not text:
        return []
    described = json.loads(text)
    names = [n for n in described.get("columns", {}) if n in schema.names]
    return sorted(names, key=lambda n: n != described.get("primary_column"))


def _without_index(table: pd.DataFrame) -> pd.DataFrame:
    """Return a table whose index is a column, unless it only counts the rows."""
    if isinstance(table.index, pd.RangeIndex) and table.index.name is None:
        return table
    return table.reset_index()


def _read_text(path: Path) -> TableFile:
    text, encoding = _decode(path)
    text, comments = _without_comments(text)
    start, separator = _separator(text)
    header, skipped = _header(text, start, separator)
    table = _rows(text, separator, skipped, len(header))
    spaced, table = table, table.assign(**{str(name): table[name].str.strip() for name in table})
    header = [*(h.strip() for h in header), *[""] * (len(table.columns) - len(header))]
    empty = [n for n, name in enumerate(header) if not name and (table[f"c{n}"] == "").all()]
    same = _same_without_spaces(spaced, table)
    table = table.drop(columns=[f"c{n}" for n in empty])
    table.columns = _names([h for n, h in enumerate(header) if n not in empty])
    used = f"columns separated by {SEPARATOR_NAMES[separator]}" if separator in SEPARATOR_NAMES else ""
    return TableFile(
        columns=tuple(table.columns),
        table=table,
        taken=tuple(t for t in (used, encoding and f"text in {encoding}", comments, same) if t),
    )


def _same_without_spaces(spaced: pd.DataFrame, stripped: pd.DataFrame) -> str:
    """Return a phrase on the first value that equals another once spaces around both are left out; empty = none."""
    for name in spaced:
        changed = spaced[name] != stripped[name]
        others = set(stripped[name][~changed])
        same = next((v for v in spaced[name][changed] if v.strip() in others and _is_id(v.strip())), None)
        if same is not None:
            return f"spaces around values left out: '{same}' is taken as '{same.strip()}'"
    return ""


def _is_id(text: str) -> bool:
    """Tell whether a text is neither empty nor a number, which spaces do not change."""
    return bool(text) and not re.fullmatch(r"[-+]?[\d.,]+(?:[eE][-+]?\d+)?", text)


def _decode(path: Path) -> tuple[str, str]:
    """Return the text of a file, and its encoding where it is not UTF-8."""
    try:
        raw = path.read_bytes()
    except OSError as error:
        raise Refused(f"it is not readable ({_reason(error)})") from None
    for mark, codec, name in ((b"\xff\xfe", "utf-16", "UTF-16"), (b"\xfe\xff", "utf-16", "UTF-16")):
        if raw.startswith(mark):
            return _checked(raw, codec), name
    if b"\x00" in raw[:4096]:
        raise Refused("it is not readable as csv (it holds binary data, or UTF-16 without its mark)")
    for codec, name in (("utf-8-sig", ""), ("cp1252", "Latin-1")):  # Windows' Latin-1 has more letters
        try:
            raw.decode(codec)
        except UnicodeDecodeError:
            continue
        return _checked(raw, codec), name
    return _checked(raw, "latin-1"), "Latin-1"


def _checked(raw: bytes, codec: str) -> str:
    try:
        text = raw.decode(codec)
    except UnicodeDecodeError as error:
        raise Refused(f"it is not readable as csv ({_reason(error)})") from None
    if re.search(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]", text[:4096]):
        raise Refused("it is not readable as csv (it holds binary data)")
    return text if "\n" in text else text.replace("\r", "\n")  # lines end in CR alone, as on old Macs


def _without_comments(text: str) -> tuple[str, str]:
    """Return a text without the lines before its header that start with `#`, and a phrase on them.

    Where a line of numbers follows, the last of them is the header, as some programs write it.
    """
    found = re.match(r"\s*(?:#[^\n]*\n)+", text)
    if not found:
        return text, ""
    lines, rest = found[0].strip().splitlines(), text[found.end() :]
    if re.search(r"(?:^|[;,\t|])\s*-?\d+(?:\.\d+)?\s*(?:[;,\t|]|$)", rest.split("\n", 1)[0]):
        rest = f"{lines.pop().lstrip('# ')}\n{rest}"
    return rest, f"comments (#) before the header: {counted(len(lines), 'line', 'lines')}" if lines else ""


def _separator(text: str) -> tuple[int, str]:
    """Return where the header starts, and the separator that it shows; `sep=;` of a spreadsheet states it."""
    start = len(text) - len(text.lstrip("\r\n \ufeff"))
    stated = re.match(r"sep=(.)\r?\n", text[start:])
    if stated:
        return start + stated.end(), stated[1]
    line = re.sub(r'"[^"]*"', "", text[start:].split("\n", 1)[0])
    counts = {s: line.count(s) for s in SEPARATORS}
    return start, max(SEPARATORS, key=lambda s: counts[s]) if any(counts.values()) else ","


def _header(text: str, start: int, separator: str) -> tuple[list[str], int]:
    """Return the names in the header, and how many characters come before the rows."""
    end = text.find("\n", start)
    end = len(text) if end < 0 else end + 1
    line = text[start:end].rstrip("\r\n")
    header = next(csv.reader([line], delimiter=separator, skipinitialspace=True), [])
    if not any(h.strip() for h in header):
        raise Refused("it is not readable as csv (it has no header line)")
    return header, end


def _rows(text: str, separator: str, skipped: int, width: int) -> pd.DataFrame:
    """Return the rows as texts, columns c0, c1, ...; every row has as many fields as the header.

    An empty field at the end of rows, as some programs write it, is left out.
    """
    body = text[skipped:].encode("utf-8", "replace")
    if not body.strip():
        return pd.DataFrame({f"c{n}": pd.Series(dtype=str) for n in range(width)})
    odd: list[Any] = []
    try:
        stored = _parse_text(body, separator, width, odd)
        if odd and all(r.actual_columns == width + 1 and r.text.rstrip().endswith(separator) for r in odd):
            odd = []
            stored = _parse_text(body, separator, width + 1, odd)
    except (ValueError, OSError) as error:
        raise Refused(f"it is not readable as csv ({_reason(error)})") from None
    if odd:
        raise Refused(_odd_row(odd[0], width))
    return cast("pd.DataFrame", stored.to_pandas())


def _parse_text(body: bytes, separator: str, width: int, odd: list[Any]) -> Any:
    """Return an Arrow table of texts; rows of another width are added to `odd`."""

    def skip(row: Any) -> str:
        odd.append(row)
        return "skip"

    names = [f"c{n}" for n in range(width)]
    return pyarrow.csv.read_csv(
        io.BytesIO(body),
        read_options=pyarrow.csv.ReadOptions(column_names=names, use_threads=False),
        parse_options=pyarrow.csv.ParseOptions(delimiter=separator, newlines_in_values=True, invalid_row_handler=skip),
        convert_options=pyarrow.csv.ConvertOptions(
            column_types=dict.fromkeys(names, pa.string()), strings_can_be_null=False
        ),
    )


def _odd_row(row: Any, width: int) -> str:
    where = f"row {row.number}" if row.number else f"the row '{str(row.text)[:60]}'"
    return (
        f"{where} has {row.actual_columns} fields, and the header has {width}; "
        "numbers with decimal commas need another separator, such as semicolons"
    )


def _names(names: list[str]) -> list[str]:
    """Return names of columns, those without one numbered.

    Raises:
        Refused: two columns have one name.
    """
    found = [n.strip() or f"unnamed {place}" for place, n in enumerate(names, 1)]
    twice = next((n for n in found if found.count(n) > 1), None)
    if twice is not None:
        raise Refused(f"two of its columns are named '{twice}'")
    return found


def _plain_numbers(column: "pd.Series[Any]") -> NDArray[np.float64]:
    return column.to_numpy(np.float64, na_value=np.nan)


def _is_gap(texts: "pd.Series[Any]") -> NDArray[np.bool_]:
    return texts.isna().to_numpy() | texts.astype(str).str.lower().isin(GAPS).to_numpy()


def _parse(texts: "pd.Series[Any]") -> tuple[NDArray[np.float64], NDArray[np.bool_]]:
    """Return the numbers of texts, and which texts may still be one."""
    if texts.dtype == object:
        texts = texts.map(lambda v: float(v) if isinstance(v, bool) else v)
    numbers = pd.to_numeric(texts, errors="coerce").to_numpy(np.float64, na_value=np.nan)
    bad = np.isnan(numbers) & ~_is_gap(texts)
    if bad.any():
        words = texts[bad].astype(str).str.lower().map(WORDS).to_numpy(np.float64)
        numbers = numbers.copy()
        numbers[bad] = words
        bad[bad] = np.isnan(words)
    return numbers, bad


def _commas(
    parsed: dict[str, tuple[NDArray[np.float64], NDArray[np.bool_]]], texts: dict[str, "pd.Series[Any]"]
) -> bool:
    """Return whether commas are decimal signs.

    Raises:
        Refused: they may also separate thousands.
    """
    with_comma = [
        t for c, (_, bad) in parsed.items() for t in texts[c][bad].astype(str).unique() if _COMMA.fullmatch(t)
    ]
    grouped = [
        t for c, (_, bad) in parsed.items() for t in texts[c][bad].astype(str).unique() if _THOUSANDS.fullmatch(t)
    ]
    if not with_comma:
        if grouped:
            raise Refused(f"its numbers have commas between thousands, such as '{grouped[0]}'; write them without")
        return False
    if all(_THOUSANDS.fullmatch(t) for t in with_comma):
        raise Refused(
            f"commas in numbers such as '{with_comma[0]}' may be decimal signs or separate thousands; write points"
        )
    points = [c for c in parsed if texts[c].astype(str).str.contains(r"\d\.\d", regex=True).any()]
    if points:
        raise Refused(f"some numbers have decimal commas ('{with_comma[0]}') and others points (column '{points[0]}')")
    return True


def columns_of(file: TableFile) -> str:
    """Return the columns for a sentence: `its columns are a, b`."""
    return f"its columns are {listed(file.columns, 30)}"


def _reason(error: Exception) -> str:
    text = " ".join(str(error).split())[:MAX_REASON].rstrip(".")
    return text or type(error).__name__
