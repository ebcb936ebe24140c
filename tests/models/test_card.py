import copy
import json
import re
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from core.errors import LandcastError
from core.product import ReadsCard
from core.settings import Settings
from models.card import damage_of_card
from models.registry import CARD, SHIPPED, WEIGHTS, find_checkpoint, find_trunk, list_checkpoints
from products.catalogue import PRODUCTS

SHIPPED_CARDS = {p.parent.name: json.loads(p.read_text(encoding="utf-8")) for p in sorted(SHIPPED.glob(f"*/{CARD}"))}
CANOPY = SHIPPED_CARDS["canopy"]


def without(card: dict[str, Any], *path: str) -> dict[str, Any]:
    """Return a copy of a card without one of its fields."""
    changed = copy.deepcopy(card)
    place = changed
    for name in path[:-1]:
        place = place[name]
    del place[path[-1]]
    return changed


@pytest.mark.parametrize("name", SHIPPED_CARDS)
def test_shipped_cards_are_complete(name: str) -> None:
    assert damage_of_card(SHIPPED_CARDS[name]) == ""


@pytest.mark.parametrize(
    ("card", "reason"),
    [
        (without(CANOPY, "network"), "it lacks network"),
        (without(CANOPY, "classes"), "it lacks classes"),
        (without(CANOPY, "calibration"), "it lacks calibration"),
        (without(CANOPY, "network", "query_features"), "it lacks network.query_features"),
        (without(CANOPY, "network", "trunk"), "it lacks network.trunk"),
        (without(CANOPY, "prediction_sets", "coverage"), "it lacks prediction_sets.coverage"),
        (without(SHIPPED_CARDS["ndvi-small"], "network", "layers"), "it lacks network.layers"),
        (without(SHIPPED_CARDS["ndvi-small"], "network", "context"), "it lacks network.context"),
        (CANOPY | {"network": 7}, "its 'network' is not as it should be"),
        (CANOPY | {"classes": "none conifer"}, "its 'classes' is not as it should be"),
        (CANOPY | {"classes": [1, 2]}, "its 'classes.0' is not as it should be"),
        (CANOPY | {"default": "yes"}, "its 'default' is not as it should be"),
        (CANOPY | {"threshold": "0.5"}, "its 'threshold' is not as it should be"),
        (7, "is not as it should be|valid dictionary"),
    ],
)
def test_a_card_without_what_is_read_later_is_damaged(card: Any, reason: str) -> None:
    assert re.search(reason, damage_of_card(card))


names = st.sampled_from(sorted({*CANOPY, *CANOPY["network"], "threshold", "bands"}))
values = st.none() | st.booleans() | st.integers(-2, 9) | st.floats() | st.text(max_size=3) | st.lists(st.integers())


@given(name=names, value=values, is_inner=st.booleans())
def test_a_model_whose_card_was_changed_breaks_no_order(
    tmp_path_factory: pytest.TempPathFactory, name: str, value: Any, is_inner: bool
) -> None:
    folder = tmp_path_factory.getbasetemp() / "changed" / "mine"
    folder.mkdir(parents=True, exist_ok=True)
    card = copy.deepcopy(CANOPY) | {"name": "mine"}
    (card["network"] if is_inner else card)[name] = value
    (folder / CARD).write_text(json.dumps(card))
    (folder / WEIGHTS).write_bytes(b"weights")
    settings = Settings(home=folder, models=folder.parent)
    assert len(list_checkpoints(settings)) in (len(SHIPPED_CARDS), len(SHIPPED_CARDS) + 1)
    for product in PRODUCTS.values():
        try:
            checkpoint = find_checkpoint("", product.task, settings)
            if isinstance(product, ReadsCard):
                product.add_card(product.options(), checkpoint)
        except LandcastError:
            pass
    find_trunk("", settings)
