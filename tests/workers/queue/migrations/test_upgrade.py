"""Ledgers of every age come to this version's tables, on SQLite and PostgreSQL; newer ones are refused."""

import importlib.util
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import ModuleType

import pytest
from alembic.script import ScriptDirectory
from pydantic import SecretStr
from sqlalchemy import Engine, inspect
from sqlalchemy.exc import DBAPIError

from core.errors import InvalidOption, NewerLedger
from core.settings import Settings
from service.process.start_check import check_start
from tests.conftest import ROOT
from workers.queue.ledger import Ledger
from workers.queue.migrations.upgrade import configuration, newest, upgrade
from workers.queue.schema import open_engine


def _script() -> ModuleType:
    spec = importlib.util.spec_from_file_location("revision", ROOT / ".ci" / "revision.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture
def engine(database_url: str) -> Iterator[Engine]:
    found = open_engine(database_url)
    yield found
    found.dispose()


def run(engine: Engine, *statements: str) -> None:
    with engine.begin() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)


def make_old(engine: Engine) -> None:
    """Make the ledger of a version that had neither revisions nor items, nor measured its tiles."""
    baseline = importlib.import_module("workers.queue.migrations.versions.r0001_baseline")
    with engine.begin() as connection:
        baseline.metadata.create_all(connection, tables=[baseline.jobs, baseline.tiles])
    job = "'old', 'crop', 'm', '{}', '{}', 'successful', '', 1.0, 2.0, 1, '', 0.0, 0, 0.0"
    columns = "id, product, model, document, grid, state, message, created, updated, tiles_total, closer, close_lease"
    run(
        engine,
        "ALTER TABLE tiles DROP COLUMN seconds",
        "ALTER TABLE tiles DROP COLUMN pixels",
        "DROP INDEX jobs_state",
        f"INSERT INTO jobs ({columns}, close_attempts, close_sent) VALUES ({job})",
    )


def revision_of(engine: Engine) -> str:
    with engine.connect() as connection:
        return str(connection.exec_driver_sql("SELECT version_num FROM alembic_version").scalar_one())


def test_the_revisions_make_the_tables_as_they_are_defined(engine: Engine) -> None:
    upgrade(engine)
    with engine.connect() as connection:
        found = _script().differences(connection)
    assert found == [], "run make revision MESSAGE='what was changed', and read what it writes"


def test_the_names_of_files_are_the_revisions_in_their_order(engine: Engine) -> None:
    with engine.connect() as connection:
        scripts = ScriptDirectory.from_config(configuration(connection))
    assert scripts.get_heads() == [newest()]
    found = [script.revision for script in scripts.walk_revisions()]
    assert found == sorted(found, reverse=True)
    assert found == sorted((path.name[1:5] for path in Path(scripts.versions).glob("r0*.py")), reverse=True)


def test_an_empty_ledger_gets_the_newest_revision(engine: Engine) -> None:
    upgrade(engine)
    assert revision_of(engine) == newest()


def test_a_ledger_from_before_there_were_revisions_gets_what_it_lacks_and_keeps_its_jobs(engine: Engine) -> None:
    make_old(engine)
    upgrade(engine)
    with engine.connect() as connection:
        assert _script().differences(connection) == []
        assert connection.exec_driver_sql("SELECT id, state, tiles_total FROM jobs").all() == [("old", "successful", 1)]


def test_a_ledger_of_the_version_before_revisions_is_taken_over(engine: Engine) -> None:
    baseline = importlib.import_module("workers.queue.migrations.versions.r0001_baseline")
    with engine.begin() as connection:
        baseline.metadata.create_all(connection)
    upgrade(engine)
    with engine.connect() as connection:
        assert _script().differences(connection) == []


def test_a_second_upgrade_changes_nothing_and_waits_for_no_writer(tmp_path: Path) -> None:
    engine = open_engine(f"sqlite:///{tmp_path}/ledger.sqlite")
    upgrade(engine)
    with engine.begin():
        upgrade(engine)
    engine.dispose()


def test_threads_may_upgrade_at_once(engine: Engine) -> None:
    make_old(engine)
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: upgrade(engine), range(8)))
    assert revision_of(engine) == newest()


def test_processes_may_upgrade_at_once(engine: Engine, database_url: str) -> None:
    make_old(engine)
    code = "import sys; from workers.queue.schema import *; create_tables(open_engine(sys.argv[1]))"
    started = [subprocess.Popen([sys.executable, "-c", code, database_url], cwd=ROOT) for _ in range(3)]
    assert [process.wait(120) for process in started] == [0, 0, 0]
    assert revision_of(engine) == newest()


def test_an_upgrade_that_fails_leaves_the_ledger_as_it_was(engine: Engine) -> None:
    run(engine, "CREATE TABLE items (wrong INTEGER)", "INSERT INTO items VALUES (1)")  # columns need a value
    with pytest.raises(DBAPIError):
        upgrade(engine)
    assert set(inspect(engine).get_table_names()) <= {"items"}


def test_a_ledger_of_a_newer_version_is_refused_in_one_sentence(engine: Engine) -> None:
    upgrade(engine)
    run(engine, "UPDATE alembic_version SET version_num = '9999'")
    with pytest.raises(NewerLedger, match="revision 9999 of a newer landcast"):
        upgrade(engine)
    assert revision_of(engine) == "9999"


@pytest.mark.parametrize(
    "statement",
    ["UPDATE alembic_version SET version_num = ''", "INSERT INTO alembic_version (version_num) VALUES ('0005')"],
)
def test_a_ledger_without_one_revision_is_refused_as_damaged(tmp_path: Path, statement: str) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    ledger.create_schema()
    run(ledger.engine, statement)
    ledger.close()
    with pytest.raises(InvalidOption, match="is damaged or cannot be written to"):
        check_start(Settings(home=tmp_path))


def test_a_service_does_not_start_on_a_newer_ledger(tmp_path: Path) -> None:
    ledger = Ledger(f"sqlite:///{tmp_path}/ledger.sqlite")
    ledger.create_schema()
    run(ledger.engine, "UPDATE alembic_version SET version_num = '9999'")
    ledger.close()
    with pytest.raises(NewerLedger):
        check_start(Settings(home=tmp_path, database_url=SecretStr(f"sqlite:///{tmp_path}/ledger.sqlite")))


def test_nothing_is_written_while_the_revisions_are_complete() -> None:
    assert _script().write_revision("nothing") is None


def test_the_script_of_make_revision_needs_a_message() -> None:
    found = subprocess.run(
        [sys.executable, ROOT / ".ci" / "revision.py"], capture_output=True, text=True, cwd=ROOT, check=False
    )
    assert found.returncode == 1
    assert found.stderr.startswith("Say in a few words")
