"""What must hold before a service or a worker starts: models, home folder, ledger, store. One sentence for each."""

import logging
import stat
import tempfile
from pathlib import Path

from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError, NoSuchModuleError, SQLAlchemyError

from core.errors import InvalidOption, StoreUnavailable
from core.settings import Settings
from models.registry import check_models_folder
from workers.queue.ledger import open_ledger
from workers.store.open_store import open_store

logger = logging.getLogger(__name__)


def check_start(settings: Settings) -> None:
    """Check that a service can start with these settings.

    Raises:
        InvalidOption: names the variable, without any password in it.
    """
    check_models_folder(settings)
    _check_home(settings.home)
    _check_ledger(settings)
    _check_store(settings)


def _check_home(home: Path) -> None:
    try:
        home.mkdir(parents=True, exist_ok=True, mode=0o700)
        with tempfile.TemporaryFile(dir=home) as file:
            file.write(bytes(4096))
    except OSError as error:
        raise InvalidOption("LANDCAST_HOME", home, f"it cannot be written to ({error.strerror})") from None
    if home.stat().st_mode & stat.S_IRWXO:
        logger.warning("other users of this machine may read the home folder; close it: chmod o= %s", home)


def _check_ledger(settings: Settings) -> None:
    url = settings.jobs.database_url
    try:
        open_ledger(settings).count()
    except (SQLAlchemyError, ImportError, ValueError, OSError) as error:
        if url is None:
            path = settings.home / "ledger.sqlite"
            reason = f"the ledger '{path}' is damaged or cannot be written to; move it away to begin a new one"
            raise InvalidOption("LANDCAST_HOME", settings.home, reason) from None
        raise InvalidOption("LANDCAST_DATABASE_URL", _without_password(url.get_secret_value()), _why(error)) from None


def _check_store(settings: Settings) -> None:
    """Check what no waiting can mend; one that does not answer may be back later."""
    try:
        open_store(settings)
    except StoreUnavailable as error:
        raise InvalidOption("LANDCAST_STORE", settings.store, error.reason) from None


def _without_password(text: str) -> str:
    """Return a URL of a database without its password; nothing of a text that is no URL."""
    try:
        return make_url(text).set(query={}).render_as_string(hide_password=True)
    except (ArgumentError, ValueError):
        return "..."


def _why(error: Exception) -> str:
    """Return the kind of a failure; the drivers' own messages may show what is in the URL."""
    if isinstance(error, NoSuchModuleError):
        return "SQLAlchemy knows no such database"
    if isinstance(error, ImportError):
        return f"the driver '{error.name}' is not installed"
    if isinstance(error, (ArgumentError, ValueError)):
        return "it is no URL of a database, such as postgresql+psycopg://user:password@host/name"
    return "the database does not answer, refuses the user, or is damaged"
