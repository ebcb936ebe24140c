import pandas as pd

from outputs.fields.chart import BOTTOM, HEIGHT, LEFT, RIGHT, TOP, WIDTH, chart_of, columns_of
from tests.outputs.fields.lines import answer


def rows(position: int) -> pd.DataFrame:
    made = answer()
    return made.table[[p == position for p in made.positions]]


def test_dots_and_bands_lie_where_dates_and_numbers_put_them() -> None:
    chart = chart_of(columns_of(rows(0)))
    assert chart is not None
    assert chart.seen[0][0] == LEFT
    assert chart.seen[1][0] == LEFT + round(10 / 40 * (WIDTH - LEFT - RIGHT), 1)
    assert chart.seen[0][1] > chart.seen[1][1]  # a larger NDVI lies higher
    assert chart.median.split()[-1].startswith(f"{WIDTH - RIGHT},")
    assert len(chart.outer.split()) == len(chart.inner.split()) == 4
    assert len(chart.usual) == 2
    assert all(TOP <= y <= HEIGHT - BOTTOM for _, y in chart.seen)


def test_a_field_with_one_date_has_a_dot_alone() -> None:
    chart = chart_of(columns_of(rows(1)))
    assert chart is not None
    assert (len(chart.seen), chart.outer, chart.median, chart.usual) == (1, "", "", [])


def test_a_field_without_numbers_has_no_chart() -> None:
    assert chart_of(columns_of(rows(2))) is None


def test_a_long_history_is_cut_and_values_beyond_the_edge_are_drawn_at_it() -> None:
    days = pd.date_range("2015-01-01", "2021-06-01", freq="30D")
    long = pd.DataFrame({"date": days, "ndvi_mean": 0.5, "climatology": 0.5, "q05": None, "q50": None}).astype(
        {"q50": float}
    )
    long.loc[len(long) - 1, "ndvi_mean"] = -0.9
    chart = chart_of(columns_of(long))
    assert chart is not None
    assert len(chart.seen) == 25
    assert chart.seen[-1][1] == HEIGHT - BOTTOM
    assert [t.label for t in chart.years if t.label.isdigit()] == ["2020", "2021"]
