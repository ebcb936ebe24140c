"""A region of the fake archive, rendered tile by tile without a queue."""

from pathlib import Path
from typing import Any

from core.grid import Tile
from core.settings import Settings
from tests.fakes import FAKE_DEPENDENCIES, REGION
from workers.accept import accept
from workers.tile import Recipe, read_recipe, render_tile


def rendered(
    home: Path, *, product: str = "fake-map", region: dict[str, Any] = REGION, kind: str = "plain"
) -> tuple[Recipe, list[tuple[Tile, Path]]]:
    """Return what the tiles were rendered by, and the tiles with their files."""
    settings = Settings(home=home, tile_size=32, archive=f"fake://{kind}")
    order, _, tiles = accept(product, {"region": region}, settings, FAKE_DEPENDENCIES)
    recipe = read_recipe(order, settings, FAKE_DEPENDENCIES)
    return recipe, [(t, render_tile(recipe, t, settings, "job", lambda _: None, FAKE_DEPENDENCIES)) for t in tiles]
