"""All rows of the table."""

from tests.chaos.kills import stages
from tests.chaos.rows import Row

ROWS: tuple[Row, ...] = (*stages(),)
