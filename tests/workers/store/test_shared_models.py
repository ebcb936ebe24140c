"""A model of one machine on another that shares nothing but the store: a folder, and a bucket."""

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from cli.main import DONE, WRONG_INPUT, run_command
from core.errors import InvalidCheckpoint, InvalidOption, StoreUnavailable, UnknownModel
from core.settings import Settings
from models.inference.choose import load_backend
from models.registry import CARD, WEIGHTS, copies_folder, find_checkpoint, list_checkpoints, sha256_of, verify
from tests.products.class_models import copied
from workers.dependencies import REAL
from workers.store import shared_models
from workers.store.open_store import open_store
from workers.store.shared_models import FETCHED, LIST, find_shared_checkpoint, share_model
from workers.store.store import MODELS

MODEL = "rice"


@pytest.fixture
def made(class_models: Path) -> Path:
    """A folder of models that only reads."""
    return class_models


@pytest.fixture(autouse=True)
def _fresh(monkeypatch: pytest.MonkeyPatch) -> None:
    shared_models._INTACT.forget()
    monkeypatch.setattr(shared_models, "LOOK_S", 0.0)


@pytest.fixture
def other(stored: Settings) -> Settings:
    """Another machine with the same store."""
    return stored.but(home=stored.home.with_name("other"))


def owner(stored: Settings, made: Path) -> Settings:
    return stored.but(models=made)


def copy_of(settings: Settings, name: str = MODEL) -> Path:
    return copies_folder(settings) / name


def change_in_store(stored: Settings, folder: Path, name: str, change: Callable[[bytes], bytes]) -> None:
    """Change a file of a shared model in the store, and nothing else: its list of checksums stays as it is."""
    store, key = open_store(stored), f"{MODELS}/{MODEL}"
    folder.mkdir()
    for file in store.files(key).values():
        (folder / file.name).write_bytes(b"".join(file.pieces(0, file.size)))
    (folder / name).write_bytes(change((folder / name).read_bytes()))
    store.put_result(folder, key, lambda: None)


def test_a_model_that_is_shared_is_there_on_another_machine(stored: Settings, other: Settings, made: Path) -> None:
    with pytest.raises(UnknownModel):
        find_shared_checkpoint(MODEL, "crop", other)
    assert share_model(MODEL, owner(stored, made)) > 1000
    found = find_shared_checkpoint(MODEL, "crop", other)
    verify(found)
    assert found.sha256 == sha256_of(made / MODEL / WEIGHTS)
    assert sorted(p.name for p in (made / MODEL).iterdir()) == sorted(
        p.name for p in copy_of(other).iterdir() if p.name not in (LIST, FETCHED)
    )
    assert load_backend(found) is not None
    assert REAL.find_checkpoint(MODEL, "crop", other) == found, "as workers and the service find it"
    assert not (stored.home / "cache" / "models" / MODEL).exists(), "its own machine keeps no copy"


def test_a_copy_never_becomes_what_orders_without_a_model_take(
    stored: Settings, other: Settings, made: Path, tmp_path: Path
) -> None:
    flagged = copied(made, MODEL, tmp_path / "flagged", default=True)
    before = find_checkpoint("", "crop", other).name
    share_model(MODEL, owner(stored, flagged))
    find_shared_checkpoint(MODEL, "crop", other)
    assert json.loads((copy_of(other) / CARD).read_text())["default"] is True
    assert find_shared_checkpoint("", "crop", other).name == before
    assert list_checkpoints(other)[-1].name == MODEL


@pytest.mark.parametrize("file", [WEIGHTS, CARD, LIST])
@pytest.mark.parametrize("damage", [lambda b: b[:-9], lambda b: b"", lambda b: b[:40] + bytes([b[40] ^ 1]) + b[41:]])
def test_a_damaged_copy_is_fetched_again(
    stored: Settings, other: Settings, made: Path, file: str, damage: Callable[[bytes], bytes]
) -> None:
    share_model(MODEL, owner(stored, made))
    find_shared_checkpoint(MODEL, "crop", other)
    path = copy_of(other) / file
    good = path.read_bytes()
    path.write_bytes(damage(good))
    verify(find_shared_checkpoint(MODEL, "crop", other))
    assert path.read_bytes() == good


def test_a_model_that_is_shared_again_replaces_the_copies(
    stored: Settings, other: Settings, made: Path, tmp_path: Path
) -> None:
    share_model(MODEL, owner(stored, made))
    first = find_shared_checkpoint(MODEL, "crop", other)
    again = tmp_path / "again"
    shutil.copytree(made / MODEL, again / MODEL)
    card = json.loads((again / MODEL / CARD).read_text())
    (again / MODEL / CARD).write_text(json.dumps(card | {"description": "anew"}))
    share_model(MODEL, stored.but(models=again))
    second = find_shared_checkpoint(MODEL, "crop", other)
    assert first.card.get("description") != second.card["description"] == "anew"


def test_a_newer_model_damaged_in_the_store_is_refused_though_an_earlier_copy_is_intact(
    stored: Settings, other: Settings, made: Path, tmp_path: Path
) -> None:
    share_model(MODEL, owner(stored, made))
    find_shared_checkpoint(MODEL, "crop", other)
    again = tmp_path / "again"
    shutil.copytree(made / MODEL, again / MODEL)
    card = json.loads((again / MODEL / CARD).read_text())
    (again / MODEL / CARD).write_text(json.dumps(card | {"description": "anew"}))
    share_model(MODEL, stored.but(models=again))
    change_in_store(stored, tmp_path / "damaged", WEIGHTS, lambda b: b[:-4] + b"xxxx")
    with pytest.raises(InvalidCheckpoint, match="share the model again"):
        find_shared_checkpoint(MODEL, "crop", other)


def test_what_was_damaged_in_the_store_is_not_taken(
    stored: Settings, other: Settings, made: Path, tmp_path: Path
) -> None:
    share_model(MODEL, owner(stored, made))
    change_in_store(stored, tmp_path / "damaged", WEIGHTS, lambda b: b[:-4] + b"xxxx")
    with pytest.raises(InvalidCheckpoint, match="share the model again"):
        find_shared_checkpoint(MODEL, "crop", other)
    assert not copy_of(other).exists()
    assert [p for p in copies_folder(other).iterdir() if p.is_dir()] == []
    change_in_store(stored, tmp_path / "evil", LIST, lambda _: b'{"../../evil": "00", "card.json": "00"}')
    with pytest.raises(InvalidCheckpoint, match="missing in the store"):
        find_shared_checkpoint(MODEL, "crop", other)


def test_a_store_that_is_away_does_not_take_a_copy_away(
    stored: Settings, other: Settings, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share_model(MODEL, owner(stored, made))
    found = find_shared_checkpoint(MODEL, "crop", other)

    def away(_: Settings) -> None:
        raise StoreUnavailable("it does not answer")

    monkeypatch.setattr(shared_models, "open_store", away)
    assert find_shared_checkpoint(MODEL, "crop", other) == found
    with pytest.raises(StoreUnavailable):
        find_shared_checkpoint("another", "crop", other)


def test_the_store_is_not_asked_with_every_tile(
    stored: Settings, other: Settings, made: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    share_model(MODEL, owner(stored, made))
    monkeypatch.setattr(shared_models, "LOOK_S", 60.0)
    asked: list[str] = []
    monkeypatch.setattr(shared_models, "open_store", lambda s: asked.append("") or open_store(s))
    for _ in range(5):
        find_shared_checkpoint(MODEL, "crop", other)
        for name in ("canopy", "nobody"):
            with pytest.raises((UnknownModel, InvalidOption)):
                find_shared_checkpoint(name, "crop", other)
    assert len(asked) == 2, "once for the model, once for the one that is nowhere"


def test_without_a_store_and_for_shipped_models_there_is_nothing_to_share(stored: Settings, made: Path) -> None:
    with pytest.raises(InvalidOption, match="LANDCAST_STORE"):
        share_model(MODEL, Settings(home=stored.home, models=made))
    with pytest.raises(InvalidOption, match="shipped with landcast"):
        share_model("canopy", stored)
    with pytest.raises(UnknownModel):
        share_model("nobody", stored)


def test_the_command_shares_and_says_what_is_wrong(
    tmp_path: Path, made: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    for name, value in {"HOME": tmp_path / "home", "MODELS": made, "STORE": tmp_path / "store"}.items():
        monkeypatch.setenv(f"LANDCAST_{name}", str(value))
    assert run_command(["models", "share", MODEL]) == DONE
    assert f"{MODEL} is shared, " in capsys.readouterr().out
    assert run_command(["models", "share", "nobody"]) == WRONG_INPUT
    said = capsys.readouterr().err
    assert said.count("\n") == 1
    assert MODEL in said
