"""Settings as the command line reads them: a wrong LANDCAST_ variable becomes a sentence, not a traceback."""

import re
from pathlib import Path

from pydantic import ValidationError

from core.errors import InvalidOption
from core.groups.config import PREFIX
from core.settings import Settings


def read_settings() -> Settings:
    """Return the settings of the environment.

    Raises:
        InvalidOption: a variable has a value that is not allowed.
    """
    try:
        return Settings()
    except ValidationError as error:
        first = error.errors()[0]
        name = PREFIX + str(first["loc"][0]).upper().removeprefix(PREFIX)
        reason = first["msg"].removeprefix("Value error, ")
        given = _without_keys(str(first["input"]))
        raise InvalidOption(name, given, reason if reason != first["msg"] else reason.lower()) from None


def environment(settings: Settings) -> dict[str, str]:
    """Return the variables from which another process reads the same settings; folders are made absolute."""
    values = {
        name: value.get_secret_value() if hasattr(value, "get_secret_value") else str(value)
        for name, value in settings.flat().items()
        if value is not None
    }
    own = {"home": str(settings.home.resolve()), "store": _absolute(settings.store)}
    return {PREFIX + name.upper(): value for name, value in (values | own).items()}


def _absolute(store: str) -> str:
    return store if not store or "://" in store else str(Path(store).resolve())


def _without_keys(text: str) -> str:
    """Return a text without what a URL in it may hold before its host or as its query."""
    return re.sub(r"(://)[^/@\s]*@|\?.*", r"\1", text) if "://" in text else text


def overridden(settings: Settings, **given: object) -> Settings:
    """Return the settings with values of the command line in place of the environment's; None = not given."""
    return settings.but(**{name: value for name, value in given.items() if value is not None})
