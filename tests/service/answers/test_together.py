import asyncio
import threading

import pytest

from service.answers.together import Together


def test_what_many_ask_at_the_same_time_is_read_once_for_all_who_wait() -> None:
    reads: list[int] = []
    begun, may_end = threading.Event(), threading.Event()

    def read() -> int:
        reads.append(len(reads))
        begun.set()
        may_end.wait(5)
        return reads[-1]

    async def ask() -> tuple[int, list[int]]:
        together = Together()
        first = asyncio.ensure_future(together.answer("key", read))
        await asyncio.to_thread(begun.wait, 5)
        later = [asyncio.ensure_future(together.answer("key", read)) for _ in range(20)]
        await asyncio.sleep(0.05)
        may_end.set()
        return await first, await asyncio.gather(*later)

    first, later = asyncio.run(ask())
    assert first == 0, "who asked first gets the first reading"
    assert later == [1] * 20, "who asked while it ran gets the next one, not what was read before"
    assert reads == [0, 1]


def test_an_answer_is_never_older_than_its_question() -> None:
    state = [0]

    async def client(together: Together) -> list[tuple[int, int]]:
        found = []
        for _ in range(50):
            asked = state[0]
            found.append((asked, await together.answer("key", lambda: state[0])))
            state[0] += 1
        return found

    async def ask() -> list[list[tuple[int, int]]]:
        together = Together()
        return await asyncio.gather(*(client(together) for _ in range(8)))

    assert all(seen >= asked for part in asyncio.run(ask()) for asked, seen in part)


def test_other_questions_have_answers_of_their_own() -> None:
    async def ask() -> list[str]:
        together = Together()
        return await asyncio.gather(*(together.answer(key, lambda key=key: key) for key in ("a", "b", "a")))

    assert asyncio.run(ask()) == ["a", "b", "a"]


def test_an_error_reaches_all_who_wait_and_the_next_question_is_read_anew() -> None:
    def fail() -> None:
        raise OSError("away")

    async def ask() -> tuple[list[object], str]:
        together = Together()
        failed = await asyncio.gather(*(together.answer("key", fail) for _ in range(3)), return_exceptions=True)
        return failed, await together.answer("key", lambda: "back")

    failed, back = asyncio.run(ask())
    assert [type(error) for error in failed] == [OSError] * 3
    assert back == "back"


def test_a_client_that_leaves_ends_no_reading_of_others() -> None:
    may_end = threading.Event()

    def read() -> str:
        may_end.wait(5)
        return "read"

    async def ask() -> str:
        together = Together()
        first, second = (asyncio.ensure_future(together.answer("key", read)) for _ in range(2))
        await asyncio.sleep(0.05)
        first.cancel()
        with pytest.raises(asyncio.CancelledError):
            await first
        may_end.set()
        return await second

    assert asyncio.run(ask()) == "read"
