"""Tables with a row for each series and a column for each date and band."""

from collections.abc import Mapping, Sequence

import numpy as np
import pandas as pd

from core.source import ReadAs, listed
from ingest.rules.band_names import Family, find_bands
from ingest.rules.columns import band_part
from ingest.rules.dates import read_dates
from ingest.rules.refusal import Refused
from ingest.table.file import TableFile
from ingest.table.rows import (
    Rows,
    doubled,
    evi2,
    find_table_mask,
    ids_of,
    in_names,
    kept,
    seen_only,
    series_remark,
    series_taken,
    with_others,
)

WIDE = "table with a row for each series and a column for each date"


def read_wide(
    file: TableFile,
    name: str,
    series: str,
    dated: Mapping[str, tuple[str, str]],
    family: Family,
    read_as: ReadAs,
) -> Rows:
    """Read a table with a column for each date and band: `NDVI_2021-05-31`, `20210531T103021_T32UPU_B4`."""
    dates = read_dates(pd.Series([d for d, _ in dated.values()]))
    known = {n.lower() for n in read_as.bands.values()}
    parts = {c: band_part(rest, known) for c, (_, rest) in dated.items()}
    days = dict(zip(dated, dates.days.tolist(), strict=True))
    usable = [c for c, is_read in zip(dated, dates.is_read, strict=True) if is_read]
    present = list(dict.fromkeys(parts[c] for c in usable if parts[c]))
    found = find_bands(present, family=family, stated=in_names(read_as, present, file))
    bands = dict(found.taken) | evi2(present)
    remarks: tuple[str, ...] = ()
    if not bands and any(not parts[c] for c in usable):
        bands, remarks = {"NDVI": ""}, ("The columns name dates and no band; their values are taken as NDVI.",)
    mask = find_table_mask([n for n in present if n not in bands.values()], read_as)
    if not bands:
        raise Refused(
            f"its columns with dates name no band ({listed(present)}); name them, such as --band NDVI={present[0]}"
        )
    wanted = [*bands.values(), *([mask.name] if mask else [])]
    used = [c for c in usable if parts[c] in wanted]
    stored = file.numbers(used)
    ids = ids_of(file, name, series, None)
    blocks = _blocks(used, days, parts)
    columns = {
        w: np.concatenate([stored[b[w]] if w in b else np.full(len(ids), np.nan) for _, b in blocks]) for w in wanted
    }
    rows = Rows(
        layout=WIDE,
        ids=np.tile(ids, len(blocks)),
        days=np.repeat(np.array([d for d, _ in blocks], np.int32), len(ids)),
        bands={b: columns[c] for b, c in bands.items()},
        columns={b: c or "columns without a name" for b, c in bands.items()},
        mask=mask,
        mask_values=columns[mask.name] if mask else None,
        taken=series_taken(series, ()),
        remarks=(*series_remark(series, name), *remarks, *dates.remarks, *file.unread(used), *doubled(found)),
    )
    left = [c for c in file.columns if c not in (series, *used)]
    plain = [n for n in present if n not in wanted]
    others = [*[c for c in left if c not in dated], *plain]
    return with_others(seen_only(kept(rows)), others, mask, found, read_as)


def _blocks(used: Sequence[str], days: Mapping[str, int], parts: Mapping[str, str]) -> list[tuple[int, dict[str, str]]]:
    """Return the columns of each date by band; a second column of one band and date is in a block of its own."""
    found: dict[tuple[int, int], dict[str, str]] = {}
    for column in used:
        visit = 0
        while parts[column] in found.get((days[column], visit), {}):
            visit += 1
        found.setdefault((days[column], visit), {})[parts[column]] = column
    return [(day, block) for (day, _), block in found.items()]
