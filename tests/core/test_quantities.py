import numpy as np
import pytest

from core.bands import CHANNELS, OPTICAL_NAMES, channel
from core.quantities import QUANTITIES, position

LEAF = {"B02": 0.03, "B03": 0.06, "B04": 0.04, "B08": 0.45, "B11": 0.20}
SOIL = {"B02": 0.10, "B03": 0.14, "B04": 0.20, "B08": 0.28, "B11": 0.38}


def seen(bands: dict[str, float]):
    values = np.full((1, 2, len(CHANNELS)), np.nan, np.float32)
    for name, value in bands.items():
        values[0, 0, channel(name)] = value
    return values


@pytest.mark.parametrize(
    ("name", "leaf", "soil"),
    [
        ("EVI2", 2.5 * 0.41 / (0.45 + 2.4 * 0.04 + 1), 2.5 * 0.08 / (0.28 + 2.4 * 0.2 + 1)),
        ("NDWI", -0.39 / 0.51, -0.14 / 0.42),
        ("GCVI", 0.45 / 0.06 - 1, 0.28 / 0.14 - 1),
        ("BSI", (0.24 - 0.48) / 0.72, (0.58 - 0.38) / 0.96),
        ("B04", 0.04, 0.20),
    ],
)
def test_indices_follow_their_formulas(name: str, leaf: float, soil: float) -> None:
    for bands, expected in ((LEAF, leaf), (SOIL, soil)):
        found = QUANTITIES[name].of(seen(bands))
        assert found[0, 0] == pytest.approx(expected, rel=1e-5)
        assert np.isnan(found[0, 1])


def test_b8a_stands_in_for_b08() -> None:
    narrow = {("B8A" if b == "B08" else b): v for b, v in LEAF.items()}
    assert QUANTITIES["EVI2"].of(seen(narrow))[0, 0] == QUANTITIES["EVI2"].of(seen(LEAF))[0, 0]


@pytest.mark.parametrize("quantity", QUANTITIES.values(), ids=lambda q: q.name)
def test_quantiles_ascend_in_own_units_and_come_back(quantity) -> None:
    low, high = quantity.limits
    own = np.linspace(max(low, -0.2) + 0.01, min(high, 0.9) - 0.01, 5, dtype=np.float32)
    quantiles = quantity.to_model(own)
    ascending = quantiles if quantity.factor > 0 else quantiles[::-1]
    assert (np.diff(ascending) > 0).all()
    np.testing.assert_allclose(quantity.from_model(ascending), own, atol=1e-5)


@pytest.mark.parametrize("name", ["EVI2", "NDWI", "GCVI", "BSI"])
def test_models_see_vegetation_above_soil(name: str) -> None:
    quantity = QUANTITIES[name]
    leaf, soil = (quantity.to_model(quantity.of(seen(b)))[0, 0] for b in (LEAF, SOIL))
    assert leaf > soil


def test_places_are_those_of_the_flags() -> None:
    assert [position(n) for n in QUANTITIES] == list(range(len(QUANTITIES)))
    assert position("NDVI") == 0
    assert set(OPTICAL_NAMES) < set(QUANTITIES)


def test_impossible_values_are_unseen() -> None:
    assert np.isnan(QUANTITIES["GCVI"].of(seen({**LEAF, "B03": 0.0}))[0, 0])
