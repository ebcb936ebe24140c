"""Turns: which party is given the next tile, and which priority of that party. Which tile: claim.py.

Parties share workers by running tiles: the next tile is of the party that has the fewest, and of those with as few of
the one that was given a tile longest ago. Within a party, priorities take turns by their weights.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from sqlalchemy import Column, Connection, Double, String, Table, select
from sqlalchemy.dialects import postgresql, sqlite

from core.job import Priority
from workers.queue.schema import metadata

WEIGHTS: Mapping[str, int] = {Priority.HIGH: 4, Priority.NORMAL: 2, Priority.LOW: 1}
"""Tiles that each priority of a party gets while all have open ones: of seven, one is of low priority."""
WHOLE = ""
"""In place of a priority: the party as a whole."""

turns = Table(
    "turns",
    metadata,
    Column("party", String(64), primary_key=True),
    Column("priority", String(8), primary_key=True),
    # of a party as a whole: when it was last given a tile; of a priority: what it has gained on the others
    Column("turn", Double, nullable=False),
)


@dataclass(frozen=True, kw_only=True)
class Turn:
    """Whose turn it is."""

    party: str
    priority: str


def next_turn(
    connection: Connection, waiting: Sequence[Turn], running: Mapping[str, int], now: float
) -> tuple[Turn, dict[tuple[str, str], float]]:
    """Return whose turn it is, and what `keep` is to note of it.

    Args:
        connection: to the ledger.
        waiting: parties and their priorities that have open tiles; at least one.
        running: number of running tiles by party.
        now: by the ledger's clock.
    """
    parties = sorted({turn.party for turn in waiting})
    noted = _noted(connection, parties) if len(waiting) > 1 else {}
    party = min(parties, key=lambda name: (running.get(name, 0), noted.get((name, WHOLE), 0.0), name))
    changes = {(party, WHOLE): now} if len(parties) > 1 else {}
    own = {turn.priority: noted.get((party, turn.priority), 0.0) for turn in waiting if turn.party == party}
    priority, gained = next_priority(own)
    return Turn(party=party, priority=priority), changes | {(party, name): gain for name, gain in gained.items()}


def next_priority(gained: Mapping[str, float]) -> tuple[str, dict[str, float]]:
    """Return the priority whose turn it is, and what each has gained then: smooth weighted round-robin, as of nginx.

    Args:
        gained: by priority, for those with open tiles; at least one.
    """
    if len(gained) == 1:
        return next(iter(gained)), {}
    raised = {name: gain + WEIGHTS[name] for name, gain in gained.items()}
    chosen = max(raised, key=lambda name: (raised[name], WEIGHTS[name]))
    raised[chosen] -= sum(WEIGHTS[name] for name in gained)
    return chosen, raised


def keep(connection: Connection, changes: Mapping[tuple[str, str], float]) -> None:
    """Note turns in the transaction of the claim that they led to."""
    insert = postgresql.insert if connection.dialect.name == "postgresql" else sqlite.insert
    for (party, priority), turn in sorted(changes.items()):
        row = insert(turns).values(party=party, priority=priority, turn=turn)
        connection.execute(row.on_conflict_do_update(index_elements=["party", "priority"], set_={"turn": turn}))


def _noted(connection: Connection, parties: Sequence[str]) -> dict[tuple[str, str], float]:
    query = select(turns).where(turns.c.party.in_(parties))
    return {(row.party, row.priority): row.turn for row in connection.execute(query)}
