"""All rows of the table."""

from tests.chaos import faults, inputs, queues
from tests.chaos.kills import stages
from tests.chaos.rows import Row

ROWS: tuple[Row, ...] = (*stages(), *faults.rows(), *queues.rows(), *inputs.rows())
