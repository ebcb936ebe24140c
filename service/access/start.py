"""Where keys are needed, and that there is one before a service opens its door to other machines."""

from urllib.parse import urlsplit

from core.errors import InvalidOption
from core.settings import Settings
from service.access.hosts import is_loopback
from service.access.keys import KeyStore
from workers.queue.ledger import open_ledger

WHAT_TO_TYPE = "make one with 'landcast keys create NAME --scope read,order'"


def needs_keys(settings: Settings) -> bool:
    """Tell whether requests need a key: always, but for a service that only this machine reaches."""
    public = settings.http.public_url
    is_local = is_loopback(settings.http.host) and (not public or is_loopback(urlsplit(public).hostname or ""))
    return settings.access.keys == "required" or not is_local


def check_keys(settings: Settings) -> None:
    """Check that somebody can use the service.

    Raises:
        InvalidOption: keys are needed, there is none, and no issuer of tokens is set.
    """
    if not needs_keys(settings) or KeyStore(open_ledger(settings).engine).has_usable():
        return
    if settings.access.keys == "required":
        raise InvalidOption("LANDCAST_KEYS", "required", f"there is no key that can be used; {WHAT_TO_TYPE}")
    is_host = not is_loopback(settings.http.host)
    name, value = (
        ("LANDCAST_HOST", settings.http.host) if is_host else ("LANDCAST_PUBLIC_URL", settings.http.public_url)
    )
    raise InvalidOption(name, value, f"other machines could reach the service, and there is no key; {WHAT_TO_TYPE}")
