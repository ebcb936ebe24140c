"""Texts for clients without the folders of the service: of a path in one of them, what lies below it is left."""

from pathlib import Path

from core.settings import Settings
from models.registry import SHIPPED


def hidden_paths(text: str, settings: Settings) -> str:
    """Return a text in which no folder of the service is named."""
    for folder in _folders(settings):
        text = text.replace(f"{folder}/", "").replace(folder, Path(folder).name)
    return text


def _folders(settings: Settings) -> list[str]:
    """Return home, store, models, archives and the program, as given and without links, longest first."""
    own = Path(settings.archives.default)
    roots = [Path(root) for root in settings.archives.roots.split(":") if root]
    archives = [*roots, *([own.parent] if own.is_absolute() else [])]
    named = [settings.home, settings.home / "models", settings.home / "archives", SHIPPED, SHIPPED.parent.parent]
    named += [*archives, *([settings.models] if settings.models else [])]
    named += [Path(settings.store)] if settings.store and "://" not in settings.store else []
    found = {str(form) for folder in named for form in (folder.absolute(), folder.resolve())}
    return sorted((f for f in found if len(Path(f).parts) > 1), key=len, reverse=True)
