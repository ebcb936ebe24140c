"""What a process has read is counted, from any number of threads."""

from concurrent.futures import ThreadPoolExecutor

from ingest.io.meter import Meter, Spent


def test_what_was_spent_since_a_moment_is_the_difference() -> None:
    meter = Meter()
    meter.count_read()
    meter.count_bytes(10)
    before = meter.spent()
    meter.count_read()
    meter.count_bytes(7)
    meter.count_units(0.5)
    assert meter.spent().since(before) == Spent(scene_reads=1, read_bytes=7, processing_units=0.5)
    assert meter.spent() == Spent(scene_reads=2, read_bytes=17, processing_units=0.5)


def test_no_count_of_any_thread_is_lost() -> None:
    meter = Meter()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: meter.count_read(), range(2000)))
    assert meter.spent().scene_reads == 2000
