"""The options that editors complete are those that the products have."""

from datetime import date, datetime
from typing import Any

import numpy as np
import pytest

from client import Client
from client.options import (
    AnomalyOptions,
    CanopyOptions,
    CropOptions,
    ForecastOptions,
    GapFillOptions,
    plain,
)
from products.catalogue import ENTRIES, find_product

OPTIONS: dict[str, Any] = {
    "ndvi-forecast": ForecastOptions,
    "ndvi-gap-fill": GapFillOptions,
    "ndvi-anomaly": AnomalyOptions,
    "canopy": CanopyOptions,
    "crop": CropOptions,
}
COMMON = {"archive", "model", "fail_on_gaps", "title", "priority", "max_cost"}


@pytest.mark.parametrize("entry", ENTRIES, ids=lambda entry: entry.id)
def test_every_product_has_a_method_with_exactly_its_options(entry: Any) -> None:
    assert callable(getattr(Client, entry.command.replace("-", "_")))
    named = set(OPTIONS[entry.id].__annotations__)
    assert named == COMMON | set(find_product(entry.id).options.choices())


@pytest.mark.parametrize(
    ("given", "sent"),
    [
        (date(2024, 5, 1), "2024-05-01"),
        (datetime(2024, 5, 1, 12), "2024-05-01"),  # noqa: DTZ001
        ((date(2024, 5, 1), "2024-06-01"), ["2024-05-01", "2024-06-01"]),
        ({"a": (1,)}, {"a": [1]}),
        ("150d", "150d"),
        (0.5, 0.5),
        (True, True),
        (np.float64(0.5), 0.5),
    ],
)
def test_dates_and_sequences_are_sent_as_json_has_them(given: Any, sent: Any) -> None:
    assert plain(given) == sent
