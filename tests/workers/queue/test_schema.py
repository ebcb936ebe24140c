"""Tables and transactions, on SQLite and PostgreSQL."""

import stat
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from sqlalchemy import Engine, inspect, text
from sqlalchemy.exc import OperationalError

from workers.queue.schema import create_tables, metadata, open_engine, reading


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    found = open_engine(database_url)
    yield found
    found.dispose()


def test_several_processes_may_create_the_tables_at_once(engine: Engine) -> None:
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: create_tables(engine), range(8)))
    assert set(metadata.tables) <= set(inspect(engine).get_table_names())


def test_every_index_is_created(engine: Engine) -> None:
    create_tables(engine)
    for table in metadata.sorted_tables:
        present = {index["name"] for index in inspect(engine).get_indexes(table.name)}
        assert {index.name for index in table.indexes} <= present


def test_a_search_of_items_reads_an_index_and_no_table(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/ledger.sqlite")
    create_tables(engine)
    columns = "created, job_id, west, south, east, north"
    where = "collection = 'crop' AND start_time < 5 AND end_time > 4"
    query = f"EXPLAIN QUERY PLAN SELECT {columns} FROM items WHERE {where} ORDER BY created DESC, job_id"
    with reading(engine) as connection:
        plan = [row.detail for row in connection.execute(text(query))]
    engine.dispose()
    assert plan == ["SCAN items USING COVERING INDEX items_newest"], "no sort either"


def test_a_reader_does_not_wait_for_a_writer(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/ledger.sqlite")
    create_tables(engine)
    with engine.begin(), reading(engine) as connection:
        assert connection.scalar(text("SELECT count(*) FROM jobs")) == 0
    engine.dispose()


def test_a_writer_waits_for_another(tmp_path: Path) -> None:
    engine, order = open_engine(f"sqlite:///{tmp_path}/ledger.sqlite"), []
    create_tables(engine)

    def write() -> None:
        with engine.begin():
            order.append("second")

    with engine.begin():
        thread = threading.Thread(target=write)
        thread.start()
        thread.join(0.1)
        order.append("first")
    thread.join()
    engine.dispose()
    assert order == ["first", "second"]


def test_the_folder_of_a_ledger_is_made(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/new/folder/ledger.sqlite")
    create_tables(engine)
    engine.dispose()
    assert (tmp_path / "new" / "folder" / "ledger.sqlite").is_file()


def test_a_database_that_is_not_there_is_an_operational_error() -> None:
    engine = open_engine("postgresql+psycopg://nobody@/none?host=/nowhere")
    with pytest.raises(OperationalError), reading(engine):
        pass


def test_the_files_of_the_ledger_are_for_their_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "home" / "ledger.sqlite"
    engine = open_engine(f"sqlite:///{path}")
    create_tables(engine)
    with engine.connect():
        files = sorted(path.parent.iterdir())
        assert [f.name for f in files] == ["ledger.sqlite", "ledger.sqlite-shm", "ledger.sqlite-wal"]
        assert [stat.S_IMODE(f.stat().st_mode) for f in files] == [0o600] * 3
        assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
        path.chmod(0o664)
        files[1].chmod(0o644)
        open_engine(f"sqlite:///{path}").dispose()
        assert [stat.S_IMODE(f.stat().st_mode) for f in files] == [0o660, 0o640, 0o600]
    engine.dispose()
