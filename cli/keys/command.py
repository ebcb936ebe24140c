"""`landcast keys`: make, list and revoke the keys of a service, in its ledger. What a key may do: service/access/."""

import sys
from datetime import UTC, datetime
from typing import Annotated

import typer

from cli.group import Command, lazy_group
from core.read_settings import read_settings
from core.settings import Settings
from core.text_table import text_table
from service.access.audit import AuditLog
from service.access.caller import Limits, read_scopes
from service.access.keys import Key, KeyStore
from service.process.start_check import check_start
from workers.queue.ledger import open_ledger

COMMANDS = {
    "create": Command(place="cli.keys.command:create_key", help="Make a key and print it, this once."),
    "list": Command(place="cli.keys.command:list_keys", help="List all keys, without their secrets."),
    "revoke": Command(place="cli.keys.command:revoke_key", help="Make a key useless from now on."),
}
keys = typer.Typer(
    cls=lazy_group(COMMANDS),
    help="Make, list and revoke the keys that a service asks for when other machines can reach it. They are kept in "
    "the ledger (LANDCAST_DATABASE_URL, else LANDCAST_HOME); a running service knows of changes at once.",
    no_args_is_help=True,
    rich_markup_mode=None,
)


@keys.callback()
def _group() -> None:
    pass


def create_key(
    name: Annotated[str, typer.Argument(help="Name of the key: who or what uses it.")],
    scope: Annotated[str, typer.Option(help="What it may do, separated by commas: read, order, admin.")] = "read,order",
    party: Annotated[
        str | None,
        typer.Option(
            help="Whose jobs it orders and sees; keys of one party share them. Default: the key's name; '' = jobs that "
            "were ordered without a key.",
            show_default=False,
        ),
    ] = None,
    expires: Annotated[
        str, typer.Option(metavar="DATE|DAYS", help="Last day (UTC) of its use, or a number of days.")
    ] = "",
    running_jobs: Annotated[
        int | None, typer.Option(min=0, help="Most jobs of its party at a time; default: LANDCAST_QUOTA_RUNNING_JOBS.")
    ] = None,
    pixels_per_day: Annotated[
        int | None, typer.Option(min=0, help="Most pixels that its party may order in 24 hours.")
    ] = None,
    requests_per_minute: Annotated[
        int | None, typer.Option(min=0, help="Most requests with this key in a minute; 0 = no limit.")
    ] = None,
) -> None:
    """Make a key and print it. It is kept nowhere in readable form: store it now."""
    limits = Limits(running_jobs=running_jobs, pixels_per_day=pixels_per_day, requests_per_minute=requests_per_minute)
    settings = read_settings()
    store = _store(settings)
    key, text = store.create(
        name,
        scopes=read_scopes(scope.split(",")),
        party=name if party is None else party,
        expires=expires,
        limits=limits,
    )
    _note(settings, "key-created", key)
    print(f"Key {key.id} of party '{key.party}', {_end(key)}. It is shown this once; store it now:", file=sys.stderr)
    print(text)


def list_keys() -> None:
    """List all keys with party, scopes, dates and state."""
    rows = [
        (key.id, key.name, key.party or "-", ",".join(sorted(key.scopes)), _day(key.created), _end(key))
        for key in _store(read_settings()).all()
    ]
    print(text_table([("id", "name", "party", "scope", "made", "state"), *rows], left=6))


def revoke_key(name: Annotated[str, typer.Argument(help="Name or id of the key.")]) -> None:
    """Revoke a key by its name or id; the service refuses it from now on."""
    settings = read_settings()
    for key in _store(settings).revoke(name):
        _note(settings, "key-revoked", key)
        print(f"Key {key.id} ({key.name}) is revoked.")


def _store(settings: Settings) -> KeyStore:
    check_start(settings)
    return KeyStore(open_ledger(settings).engine)


def _note(settings: Settings, action: str, key: Key) -> None:
    log = AuditLog(settings.home, days=settings.access.audit_days)
    log.note(action, key.caller(), scopes=" ".join(sorted(key.scopes)), end=_end(key))


def _end(key: Key) -> str:
    if key.revoked is not None:
        return f"revoked on {_day(key.revoked)}"
    if key.expires is None:
        return "no end"
    has_ended = key.expires <= datetime.now(UTC).timestamp()
    return f"expired on {_day(key.expires)}" if has_ended else f"until {_minute(key.expires)} UTC"


def _day(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d}"


def _minute(moment: float) -> str:
    return f"{datetime.fromtimestamp(moment, UTC):%Y-%m-%d %H:%M}"
