"""The table of openEO jobs."""

import pytest

from core.errors import UnknownJob
from core.settings import Settings
from service.openeo import drafts
from service.openeo.drafts import Drafts
from service.openeo.refusals import Flaw
from workers.queue.ledger import open_ledger


def test_a_party_sees_its_own_jobs_alone(settings: Settings) -> None:
    engine = open_ledger(settings).engine
    ours, theirs, everyones = Drafts(engine, "ours"), Drafts(engine, "theirs"), Drafts(engine, None)
    first = ours.add(party="ours", title="A", description="", process={"process_graph": {"a": 1}})
    second = ours.add(party="ours", title="B", description="", process={})
    assert ours.find(first.id) == first
    assert [d.id for d in ours.newest(10)] == [second.id, first.id]
    assert len(ours.newest(1)) == 1
    assert theirs.newest(10) == []
    assert everyones.find(first.id).party == "ours"
    theirs.remove(first.id)
    assert ours.find(first.id)
    ours.remove(first.id)
    for lacking in (ours, theirs):
        with pytest.raises(UnknownJob):
            lacking.find(first.id)


def test_a_party_has_so_many_jobs_and_no_more(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(drafts, "MOST_OF_A_PARTY", 1)
    found = Drafts(open_ledger(settings).engine, "p")
    found.add(party="p", title="", description="", process={})
    with pytest.raises(Flaw, match="delete some"):
        found.add(party="p", title="", description="", process={})
    found.add(party="q", title="", description="", process={})


def test_an_id_that_no_database_takes_is_unknown(settings: Settings) -> None:
    with pytest.raises(UnknownJob):
        Drafts(open_ledger(settings).engine, "p").find("a\x00b")
