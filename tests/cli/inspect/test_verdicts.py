"""What each product makes of an input: the refusals of an order."""

from datetime import date
from pathlib import Path

import numpy as np
import pytest

from cli.inspect.observations import Seen
from cli.inspect.verdicts import READY, Candidate, verdicts
from core.settings import Settings
from core.timeline import Period, to_day
from products.catalogue import PRODUCTS

ALL = ("B02", "B03", "B04", "B08", "B11", "B12", "NDVI")
YEARS = Period(start=date(2020, 1, 1), end=date(2022, 12, 31))


def candidate(clear: float = 0.5, *, bands: tuple[str, ...] = ALL, basis: str = "all pixels") -> Candidate:
    days = np.arange(to_day(YEARS.start), to_day(YEARS.end), 10, np.int32)
    seen = Seen(days=days, looked_at=days, clear=np.full(len(days), clear), basis=basis)
    return Candidate(name="a.nc", kind="cube", period=YEARS, bands=bands, seen=seen)


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(home=tmp_path)


def test_every_product_of_the_catalogue_has_a_verdict(settings: Settings) -> None:
    assert verdicts(candidate(), settings) == dict.fromkeys(PRODUCTS, READY)


def test_a_missing_band_is_named(settings: Settings) -> None:
    found = verdicts(candidate(bands=("B04",)), settings)
    assert all(text == "NDVI needs B08 or B8A (near infrared), and 'a.nc' has only B04." for text in found.values())


def test_an_input_that_was_never_clear_gives_no_product(settings: Settings) -> None:
    assert "no clear observation of 'a.nc'" in verdicts(candidate(0.0), settings)["crop"]
    sampled = verdicts(candidate(0.0, basis="20 x 20 of 900 x 900 pixels"), settings)["crop"]
    assert "the 20 x 20 of 900 x 900 pixels read of 'a.nc'" in sampled


def test_a_model_that_is_not_there_is_a_verdict_too(settings: Settings, tmp_path: Path) -> None:
    nothing = PRODUCTS["crop"]

    class Odd:
        id, task = "odd", "no such task"

        def __getattr__(self, name: str) -> object:
            return getattr(nothing, name)

    assert verdicts(candidate(), settings, {"odd": Odd()})["odd"] != READY  # type: ignore[dict-item]
