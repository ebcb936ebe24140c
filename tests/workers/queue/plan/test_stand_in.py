"""The one tile of a job of fields."""

from dataclasses import replace

from core.job import FIELDS
from tests.workers.queue.ledger_parts import ORDER
from workers.queue.plan.stand_in import stand_in_plan


def test_the_plan_is_one_tile_with_as_many_pixels_as_the_fields() -> None:
    plan = stand_in_plan(replace(ORDER, product=FIELDS, params={"fields": {"pixels": 12_345}}))
    ((tile,),) = plan.rows()
    assert 12_345 <= tile.grid.tile_size**2 < 12_600
    assert list(plan.rows(below=tile.row, before=1)) == []
    again = stand_in_plan(replace(ORDER, product=FIELDS, params={"fields": {"pixels": 12_345}}))
    assert [t for row in again.rows() for t in row] == [tile]
