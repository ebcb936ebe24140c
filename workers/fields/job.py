"""A job of fields carried out: its lines are made by one task, then written as files by its closing."""

import hashlib
import json
import logging
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import pandas as pd
from sqlalchemy import Engine

from core.cube import preparation_done
from core.errors import InvalidOption, ReadFailed
from core.job import Job
from core.progress import Progress
from core.settings import Settings
from ingest.build.reader import reader_from
from ingest.preprocess.prepare import Preparation
from models.inference.choose import backend_name
from outputs.atomic import aside_in
from outputs.fields.files import FILES, PROVENANCE, tables
from outputs.fields.origin import Origin, write_origin
from outputs.fields.report import write_report
from outputs.fields.write import Answer, write_lines
from products.fields.columns import COLUMNS
from workers.dependencies import REAL, Dependencies, open_ordered
from workers.fields.answer import answer
from workers.fields.collection import FieldCollection, read_collection
from workers.fields.kept_lines import KeptLines
from workers.fields.order import FieldOrder, notes_on, resolve
from workers.fields.source import ArchiveFields
from workers.fields.spending import Reached, Spending, no_limit
from workers.fields.stopped import LimitReached
from workers.patient_store import patient_store
from workers.queue.cost.limit import Allowance
from workers.queue.dispatch import scratch_folder
from workers.queue.patience import patiently
from workers.queue.uploads.uploads import upload_of
from workers.shared_scene_tiles import shared_scene_tiles
from workers.store.store import result_key, work_key

logger = logging.getLogger(__name__)

POSITION = "position"
"""Name of the index of kept lines: the position of the field."""


class Watch(Protocol):
    """What may stop the work between its steps; a Lease is one."""

    def progress(self, share: float) -> None:
        """Note the share done; may raise."""
        ...

    def check(self) -> None:
        """Raise if the work is no longer wanted."""
        ...


@dataclass(frozen=True, kw_only=True)
class FieldWork:
    """What the work on a job of fields needs."""

    job: Job
    settings: Settings
    engine: Engine
    """Of the ledger."""
    dependencies: Dependencies = REAL

    def answer(self, progress: Progress, reached: Reached = no_limit) -> int | None:
        """Make the lines of all fields and keep them for the closing.

        Args:
            progress: takes the share done.
            reached: asked before each group of neighbouring fields.

        Returns:
            About how many pixels the fields have whose lines were made; None = all were there already.

        Raises:
            LandcastError: the archive, a model or a field failed.
            LimitReached: fields were left out; the lines of the others are kept for the closing and for a retry.
        """
        kept = self._kept()
        if kept.whole() is not None:
            return None
        spent = Spending(kept=kept, reached=reached)
        self._make(spent, self._collection(), progress)
        if spent.left_out:
            raise LimitReached(spent.reason, pixels=spent.pixels, has_some=spent.answered > 0)
        return spent.pixels or None

    def finish(self, watch: Watch, report: Callable[[str], None]) -> str:
        """Write the files and publish them in one step; return the message of the job.

        Raises:
            LandcastError: the archive, a model or a field failed.
        """
        kept, found = self._kept(), self._collection()
        table, left_out = self._table(kept, found, watch.progress)
        source, order = self._source(kept), self._order()
        answered = Answer(
            table=table.reset_index(drop=True),
            positions=table.index.tolist(),
            fields=found.fields,
            title=self.job.order.title or f"{len(found.fields):,} fields",
            notes=notes_on(order, source=source.name, credit=source.credit),
        )
        with aside_in(scratch_folder(self.settings, self.job.id), "result") as aside:
            aside.mkdir()
            report("writing the files")
            files = [self._written(answered, aside / name, watch) for name in tables(self.job.order.outputs)]
            further: dict[str, Any] = {"job": self.job.id, "created": self.job.created}
            further |= {"left_out": left_out} if left_out["fields"] else {}
            write_origin(self._origin(source, order, kept), files, aside / FILES[PROVENANCE], **further)
            patient_store(self.settings).put_result(aside, result_key(self.job.id), watch.check)
        return self._sentence(kept, len(found.fields), left_out)

    def _table(
        self, kept: KeptLines, found: FieldCollection, progress: Progress
    ) -> tuple[pd.DataFrame, dict[str, Any]]:
        """Return the lines, and how many fields are left out for which reason; made anew if the store has lost them."""
        table = kept.whole()
        if table is None and self.job.tiles_failed:
            part = kept.part()
            if part is not None:
                return part[0], {"fields": part[1], "reason": part[2]}
        if table is not None:
            return table, {"fields": 0}
        reached = Allowance(self.engine, self.job).reached if self.job.tiles_failed else no_limit
        spent = Spending(kept=kept, reached=reached)
        table = self._make(spent, found, progress)
        return table, {"fields": spent.left_out, "reason": spent.reason}

    def _sentence(self, kept: KeptLines, count: int, left_out: Mapping[str, Any]) -> str:
        again = f"; POST /jobs/{self.job.id}/retry goes on with them"
        left = f" with gaps: {left_out['fields']} of {count} fields are left out, as {left_out.get('reason')}{again}"
        failed = f"; {kept.reads.failed} of {kept.reads.count} reads of scenes failed, see the flags"
        return f"done{left if left_out['fields'] else ''}{failed if kept.reads.failed else ''}"

    def _written(self, answered: Answer, path: Path, watch: Watch) -> Path:
        (write_report if path.suffix == ".html" else write_lines)(answered, path)
        watch.progress(1.0)
        return path

    def _kept(self) -> KeptLines:
        scratch = scratch_folder(self.settings, self.job.id)
        return KeptLines(store=patient_store(self.settings), key=work_key(self.job.id), scratch=scratch)

    def _collection(self) -> FieldCollection:
        """Return the fields as they were sent with the order.

        Raises:
            InvalidOption: they are gone, or not those of the order.
        """
        order = self.job.order
        content = patiently(lambda: upload_of(self.engine, self.job.id))
        if content is None or hashlib.sha256(content).hexdigest() != order.params["fields"]["sha256"]:
            raise InvalidOption("fields", self.job.id, "the ledger no longer has those of this job; order them again")
        return read_collection(json.loads(content), id_column=order.params["id"], taken=COLUMNS)

    def _source(self, kept: KeptLines) -> ArchiveFields:
        archive = open_ordered(self.dependencies, self.job.order.archive, self.settings)
        reader = reader_from(self.settings, shared_scene_tiles(self.settings))
        return ArchiveFields(archive, reader, look=kept.look)

    def _order(self) -> FieldOrder:
        order = self.job.order
        archive = open_ordered(self.dependencies, order.archive, self.settings)
        return resolve(
            order.params["products"],
            order.params,
            self.settings,
            available=archive.period,
            shown=archive.bands,
            source=archive.name,
            models=order.params["models"],
        )

    def _make(self, spent: Spending, found: FieldCollection, progress: Progress) -> pd.DataFrame:
        """Make the lines of all fields; the index is the position of the field.

        Raises:
            ReadFailed: no scene at all could be read.
        """
        kept = spent.kept
        source, order = self._source(kept), self._order()
        table = answer(found.fields, order, source, found.id_column, progress, keep=spent.of_group)
        if kept.reads.failed and kept.reads.failed == kept.reads.count:
            first = kept.reads.failures[0]
            raise ReadFailed(first["scene"], f"{first['reason']}; all {kept.reads.count} reads failed")
        table.index = pd.Index(table.attrs.pop("positions"), name=POSITION)
        if spent.left_out:
            kept.keep_part(table, spent.left_out, spent.reason)
        else:
            kept.keep_whole(table)
        logger.info("fields answered job=%s fields=%d lines=%d", self.job.id, len(found.fields), len(table))
        return table

    def _origin(self, source: ArchiveFields, order: FieldOrder, kept: KeptLines) -> Origin:
        models = [
            {
                "product": p.product.id,
                "name": p.checkpoint.name,
                "version": str(p.checkpoint.card.get("version", "")),
                "sha256": p.checkpoint.sha256,
                "backend": backend_name(p.checkpoint, p.product.id),
            }
            for p in order.parts
        ]
        prepared: dict[str, Any] = dict(Preparation.from_settings(self.settings).key())
        return Origin(
            params={n: v for n, v in self.job.order.params.items() if n != "models"},
            models=models,
            archive=source.name,
            attribution=source.credit,
            is_simulated=source.is_simulated,
            period=str(order.period),
            reads=kept.reads,
            preparation=preparation_done(prepared, kept.reads.as_records()),
            input=self.job.order.input,
        )
