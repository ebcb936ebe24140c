"""Lines of fields kept in the store while their job is carried out: a worker that is killed loses one group's work."""

import hashlib
import logging
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path

import pandas as pd
import pyarrow

from core.cube import Cube
from outputs.atomic import aside_in
from outputs.fields.origin import Reads
from workers.fields.group import Group
from workers.store.store import Store

logger = logging.getLogger(__name__)

READS = "reads"
"""Attribute of a table: what was read for it."""
WHOLE, PART = "all", "part"
"""Names of the lines of all fields, with none and with some of them left out."""
LEFT_OUT = "left_out"
"""Attribute of a table: number of the fields that were left out, and why."""


@dataclass(kw_only=True)
class KeptLines:
    """Lines of one job. What is kept of a group is complete: where scenes could not be read, the next attempt tries."""

    store: Store
    key: str
    """Below which they lie in the store."""
    scratch: Path
    reads: Reads = field(default_factory=Reads)
    """For all groups so far."""
    _own: Reads = field(default_factory=Reads)

    def look(self, cube: Cube) -> None:
        """Note what was read for the group that is being made."""
        self._own.add(cube.scenes)

    def of_group(self, group: Group, make: Callable[[], pd.DataFrame]) -> pd.DataFrame:
        """Return the lines of a group, made now or by an earlier attempt. Implements `workers.fields.answer.Keep`."""
        name = hashlib.sha256(repr((group.numbers, group.window)).encode()).hexdigest()[:32]
        found = self._read(name)
        if found is None:
            self._own = Reads()
            found = make()
            if not self._own.failed:
                self._write(found, name, self._own)
        else:
            self._own = Reads(**found.attrs.pop(READS))
        self.reads.include(self._own)
        return found

    def whole(self) -> pd.DataFrame | None:
        """Return the lines of all fields, with their reads; None if they are not there."""
        return self._all(WHOLE)

    def part(self) -> tuple[pd.DataFrame, int, str] | None:
        """Return the lines of all fields, of which some were left out, how many, and why; None if not there."""
        found = self._all(PART)
        return None if found is None else (found, *found.attrs.pop(LEFT_OUT))

    def keep_whole(self, table: pd.DataFrame) -> None:
        """Keep the lines of all fields."""
        self._write(table, WHOLE, self.reads)

    def keep_part(self, table: pd.DataFrame, left_out: int, reason: str) -> None:
        """Keep the lines of all fields, of which some were left out."""
        noted = table.copy(deep=False)
        noted.attrs = {LEFT_OUT: [left_out, reason]}
        self._write(noted, PART, self.reads)

    def _all(self, name: str) -> pd.DataFrame | None:
        found = self._read(name)
        if found is not None:
            self.reads = Reads(**found.attrs.pop(READS))
        return found

    def _read(self, name: str) -> pd.DataFrame | None:
        path = self.store.fetch(self._key(name), self.scratch)
        if path is None:
            return None
        try:
            return pd.read_parquet(path)
        except (pyarrow.ArrowException, OSError, ValueError) as error:
            logger.warning("kept lines damaged, made again key=%s reason=%s", self._key(name), error)
            return None

    def _write(self, table: pd.DataFrame, name: str, reads: Reads) -> None:
        with aside_in(self.scratch, f"{name}.parquet") as aside:
            noted = table.copy(deep=False)
            noted.attrs = {**table.attrs, READS: reads.to_json()}
            noted.to_parquet(aside, index=True)
            self.store.put(aside, self._key(name))

    def _key(self, name: str) -> str:
        return f"{self.key}/{name}.parquet"
