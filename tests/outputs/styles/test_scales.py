import pytest

from core.product import Layer, Variable
from outputs.styles.scales import scale_of


@pytest.mark.parametrize(
    ("variable", "unit", "scale"),
    [
        ("NDVI", "1", (0, 1, "ylgn")),
        ("GCVI", "1", (0, 8, "ylgn")),
        ("NDWI", "1", (-1, 0, "viridis")),
        (Variable.ANOMALY, "1", (-0.5, 0.5, "brbg")),
        (Variable.PROBABILITY, "%", (0, 100, "viridis")),
        (Variable.PROBABILITY, "1", (0, 1, "viridis")),
        (Variable.CLEAR_COUNT, "count", (0, 100, "viridis")),
    ],
)
def test_a_scale_follows_from_variable_and_unit(variable: str, unit: str, scale: tuple[float, float, str]) -> None:
    assert scale_of(Layer(name="a", description="", variable=variable, unit=unit)) == scale
