"""Imported models on disk: what they may be called, which columns they may have, and where they are found."""

import json
from pathlib import Path

import pytest

from core.errors import InvalidOption
from core.settings import Settings
from models.checkpoint import load_network
from models.published.convert import Published, read_published
from models.published.save import check_bands, check_name, save_imported
from models.registry import CARD, SHIPPED, find_checkpoint, is_usable, list_checkpoints, verify
from tests.models.published.published_files import TEN, published_weights, write_published


def published(folder: Path) -> Published:
    folder.mkdir(exist_ok=True)
    return read_published(write_published(folder / "010M_ckpt.pt", published_weights(channels=10)))


def test_an_import_below_the_home_folder_is_found_by_name_and_loads_the_same_weights(tmp_path: Path) -> None:
    found = published(tmp_path)
    save_imported(found, tmp_path / "home" / "models" / "mine", bands=TEN)
    checkpoint = find_checkpoint("mine", "forecast", Settings(home=tmp_path / "home"))
    verify(checkpoint)
    loaded = load_network(checkpoint)
    assert loaded.config == found.network.config
    assert all((loaded.state_dict()[k] == v).all() for k, v in found.network.state_dict().items())


def test_the_folder_of_models_that_is_named_counts_in_place_of_the_one_at_home(tmp_path: Path) -> None:
    found = published(tmp_path)
    save_imported(found, tmp_path / "home" / "models" / "mine", bands=TEN)
    save_imported(found, tmp_path / "models" / "other", bands=TEN)
    listed = list_checkpoints(Settings(home=tmp_path / "home", models=tmp_path / "models"))
    assert [c.name for c in listed if not c.folder.startswith(str(SHIPPED))] == ["other"]


def test_an_import_is_not_the_default_of_its_task(tmp_path: Path) -> None:
    save_imported(published(tmp_path), tmp_path / "models" / "mine", bands=TEN)
    assert find_checkpoint("", "forecast", Settings(models=tmp_path / "models")).name != "mine"


def test_the_card_says_where_the_weights_come_from_and_what_is_inferred(tmp_path: Path) -> None:
    card = json.loads(save_imported(published(tmp_path), tmp_path / "mine", bands=TEN).read_text())
    assert card["source"] == {"file": "010M_ckpt.pt", "sha256": card["source"]["sha256"], "iter_num": 77}
    assert card["network"]["form"] == "calendar"
    assert card["bands"] == list(TEN)
    assert card["task"] == "forecast"
    assert list(card["sha256"]) == ["weights.safetensors"]
    assert "MIT" in card["licence"]
    assert "inferred" in card["scaling"]
    assert "no learned uncertainty" in card["uncertainty"]
    assert sorted(p.name for p in (tmp_path / "mine").iterdir()) == [CARD, "weights.safetensors"]


def test_an_import_without_bands_is_listed_but_refused_as_a_forecaster(tmp_path: Path) -> None:
    save_imported(published(tmp_path), tmp_path / "models" / "mine", bands=())
    settings = Settings(models=tmp_path / "models")
    assert not is_usable(list_checkpoints(settings)[0])
    with pytest.raises(InvalidOption, match="import it again with --bands"):
        find_checkpoint("mine", "forecast", settings)


def test_the_same_weights_in_another_order_of_bands_have_another_sha256(tmp_path: Path) -> None:
    for name, bands in (("a", TEN), ("b", TEN[::-1]), ("c", TEN)):
        save_imported(published(tmp_path), tmp_path / "models" / name, bands=bands)
    a, b, c = (c.sha256 for c in list_checkpoints(Settings(models=tmp_path / "models"))[:3])
    assert a == c != b


def test_an_earlier_import_is_replaced_and_nothing_else_is(tmp_path: Path) -> None:
    folder = check_name("mine", tmp_path)
    save_imported(published(tmp_path / "files"), folder, bands=())
    save_imported(published(tmp_path / "files"), check_name("mine", tmp_path), bands=TEN)
    assert find_checkpoint("mine", "forecast", Settings(models=tmp_path)).card["bands"] == list(TEN)
    (folder / CARD).write_text(json.dumps({"made_by": "landcast train"}))
    with pytest.raises(InvalidOption, match="holds no imported model"):
        check_name("mine", tmp_path)


@pytest.mark.parametrize("name", ["", "../up", "a/b", ".hidden", "-o", "a b", "x" * 65, "a\nb"])
def test_a_name_that_is_no_name_of_a_folder_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(InvalidOption, match="up to 64 letters"):
        check_name(name, tmp_path)


def test_the_name_of_a_shipped_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidOption, match="shipped"):
        check_name("earthpt-small", tmp_path)


@pytest.mark.parametrize(
    ("bands", "channels"),
    [((), 10), (TEN, 10), (TEN[::-1], 10), ((*TEN, "-", "-", "-", "-"), 14), ((*TEN, "VV", "VH", "-", "-"), 14)],
)
def test_orders_of_bands_that_can_be(bands: tuple[str, ...], channels: int) -> None:
    check_bands(bands, channels)


@pytest.mark.parametrize(
    ("bands", "sentence"),
    [
        (TEN[:9], "names 9 columns, and the network has 10"),
        ((*TEN, "-"), "names 11 columns"),
        (("B2", *TEN[1:]), "'B2' is not a valid value"),
        (("NDVI", *TEN[1:]), "'NDVI' is not a valid value"),
        (("B03", *TEN[1:]), "B03 stands in it twice"),
        ((*TEN[:2], "-", *TEN[3:]), "NDVI needs B04"),
        ((*TEN[:6], "-", "-", *TEN[8:]), "B08 or B8A"),
    ],
)
def test_orders_of_bands_that_cannot_be(bands: tuple[str, ...], sentence: str) -> None:
    with pytest.raises(InvalidOption, match=sentence):
        check_bands(bands, 10)
