"""A thread makes the next thing while the last one is used."""

import threading
from collections.abc import Iterator

import pytest

from core.stages.ahead import ahead

SOON = 10.0


def living() -> list[str]:
    """Return names of the threads that make things ahead."""
    return [t.name for t in threading.enumerate() if t.name.startswith("ahead")]


def test_results_come_in_order_and_no_thread_is_left() -> None:
    with ahead(lambda n: n * n, range(5)) as squares:
        assert list(squares) == [0, 1, 4, 9, 16]
    with ahead(lambda n: n, []) as none:
        assert list(none) == []
    assert living() == []


def test_the_next_is_made_while_the_last_is_used_and_the_one_after_it_is_not() -> None:
    begun = [threading.Event() for _ in range(4)]

    def make(n: int) -> int:
        begun[n].set()
        return n

    with ahead(make, range(4)) as made:
        assert next(made) == 0
        assert begun[1].wait(SOON)
        assert not begun[2].wait(0.05)
        assert next(made) == 1
        assert begun[2].wait(SOON)


def test_what_making_raises_is_raised_where_its_result_is_taken() -> None:
    def make(n: int) -> int:
        if n == 2:
            raise ValueError("the second is broken")
        return n

    with pytest.raises(ValueError, match="second is broken"), ahead(make, range(9)) as made:
        assert (next(made), next(made), next(made)) == (0, 1, "not reached")
    assert living() == []


def test_what_the_user_raises_ends_the_thread_and_makes_nothing_further() -> None:
    begun: list[int] = []

    def make(n: int) -> int:
        begun.append(n)
        return n

    with pytest.raises(KeyError), ahead(make, range(100)) as made:
        raise KeyError(next(made))
    assert begun in ([0], [0, 1])
    assert living() == []


def test_items_are_taken_one_ahead_in_the_thread_of_the_block() -> None:
    taken: list[str] = []

    def items() -> Iterator[int]:
        for n in range(3):
            taken.append(threading.current_thread().name)
            yield n

    with ahead(lambda n: n, items()) as made:
        next(made)
        assert taken == [threading.current_thread().name] * 2
