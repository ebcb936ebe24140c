"""All rows of the table."""

from tests.chaos import faults, inputs
from tests.chaos.kills import stages
from tests.chaos.rows import Row

ROWS: tuple[Row, ...] = (*stages(), *faults.rows(), *inputs.rows())
