import logging

import pytest

from workers.log_rate import LogRate

logger = logging.getLogger(__name__)


class _Lines(logging.Handler):
    """A handler that keeps messages in a list."""

    def __init__(self, lines: list[str]) -> None:
        super().__init__()
        self._lines = lines

    def emit(self, record: logging.LogRecord) -> None:
        self._lines.append(record.getMessage())


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def written(now: list[float]) -> list[str]:
    """Lines that pass the filter."""
    lines: list[str] = []
    rate = LogRate(most=3, period_s=60.0, clock=lambda: now[0])
    handler = _Lines(lines)
    handler.addFilter(rate)
    logger.handlers, logger.propagate = [handler], False
    logger.setLevel(logging.INFO)
    return lines


def fail(number: int) -> None:
    logger.error("failed number=%d", number)


def test_a_fault_in_a_loop_writes_a_few_lines_and_then_how_many_were_left_out(
    now: list[float], written: list[str]
) -> None:
    for number in range(100):
        fail(number)
    assert written == [f"failed number={n}" for n in range(3)]
    now[0] += 60
    fail(100)
    assert written[3:] == ["failed number=100 (97 such lines before it were left out)"]


def test_lines_of_other_places_and_news_are_not_limited(written: list[str]) -> None:
    for number in range(10):
        fail(number)
        logger.info("tile done")
    logger.warning("something else")
    assert (written.count("tile done"), written[-1]) == (10, "something else")
