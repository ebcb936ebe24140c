"""The table of openEO jobs: what each one orders, started or not. Once it is started, the ledger has its state."""

import json
import uuid
from dataclasses import dataclass
from typing import Any

from sqlalchemy import Column, ColumnElement, Engine, Float, String, Table, Text, delete, func, insert, select

from core.errors import UnknownJob
from service.openeo.refusals import Flaw
from workers.queue.schema import database_now, metadata, reading

MOST_OF_A_PARTY = 1000
"""openEO jobs that one party may have; deleted ones do not count."""

_drafts = Table(
    "openeo_jobs",
    metadata,
    Column("id", String(64), primary_key=True),
    Column("party", String(255), nullable=False, index=True),
    Column("created", Float, nullable=False),
    Column("title", Text, nullable=False),
    Column("description", Text, nullable=False),
    Column("process", Text, nullable=False),
)


@dataclass(frozen=True, kw_only=True)
class Draft:
    """One openEO job as it was created."""

    id: str
    """Also of the job in the ledger, once it is started."""
    party: str
    created: float
    """Seconds since 1970."""
    title: str
    description: str
    process: dict[str, Any]
    """With its `process_graph`."""


class Drafts:
    """openEO jobs of a party, or of all. May be used from several threads."""

    def __init__(self, engine: Engine, party: str | None) -> None:
        self._engine = engine
        self._own: list[ColumnElement[bool]] = [] if party is None else [_drafts.c.party == party]

    def add(self, *, party: str, title: str, description: str, process: dict[str, Any]) -> Draft:
        """Keep a new job of a party.

        Raises:
            Flaw: the party has as many as it may have.
        """
        own = select(func.count()).select_from(_drafts).where(_drafts.c.party == party)
        with self._engine.begin() as connection:
            if int(connection.scalar(own) or 0) >= MOST_OF_A_PARTY:
                text = f"A party may have {MOST_OF_A_PARTY} openEO jobs; delete some that are no longer needed."
                raise Flaw("TooManyJobs", text)
            found = Draft(
                id=uuid.uuid4().hex,
                party=party,
                created=database_now(connection),
                title=title,
                description=description,
                process=process,
            )
            connection.execute(insert(_drafts).values(**{**vars(found), "process": json.dumps(process)}))
        return found

    def find(self, draft_id: str) -> Draft:
        """Return a job.

        Raises:
            UnknownJob: there is none of this id, or it is of another party.
        """
        found = self._some(_drafts.c.id == draft_id.replace("\x00", ""))
        if not found:
            raise UnknownJob(draft_id)
        return found[0]

    def newest(self, limit: int) -> list[Draft]:
        """Return some jobs, newest first."""
        return self._some(limit=limit)

    def remove(self, draft_id: str) -> None:
        """Forget a job."""
        with self._engine.begin() as connection:
            connection.execute(delete(_drafts).where(_drafts.c.id == draft_id, *self._own))

    def _some(self, *conditions: ColumnElement[bool], limit: int = 1) -> list[Draft]:
        query = select(_drafts).where(*conditions, *self._own).order_by(_drafts.c.created.desc(), _drafts.c.id)
        with reading(self._engine) as connection:
            rows = connection.execute(query.limit(limit)).all()
        return [Draft(**{**row._asdict(), "process": json.loads(row.process)}) for row in rows]
