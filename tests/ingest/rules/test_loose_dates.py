"""Dates whose form only all names together settle."""

import pytest

from ingest.rules.loose_dates import find_loose


@pytest.mark.parametrize(
    ("names", "days"),
    [
        (["S2_02.10.2021", "S2_19.02.2021"], ["2021-10-02", "2021-02-19"]),
        (["02-10-2021_B04", "19-2-2021_B04"], ["2021-10-02", "2021-02-19"]),
        (["02-10-2021_B04", "02-19-2021_B04"], ["2021-02-10", "2021-02-19"]),
        (["a 02 10 2021", "a 31 10 2021"], ["2021-10-02", "2021-10-31"]),
        (["S2_02102021", "S2_19022021"], ["2021-10-02", "2021-02-19"]),
        (["05.05.2021"], ["2021-05-05"]),
        (["S2_2021005", "S2_2021-365"], ["2021-01-05", "2021-12-31"]),
        (["210105_B04", "211116_B04"], ["2021-01-05", "2021-11-16"]),
        (["S2_311221", "S2_010321"], ["2021-12-31", "2021-03-01"]),
    ],
)
def test_all_names_together_settle_the_order(names: list[str], days: list[str]) -> None:
    assert [[f"{s.when:%Y-%m-%d}" for s in found.stamps] for found in find_loose(names)] == [[d] for d in days]


@pytest.mark.parametrize(
    ("names", "cause"),
    [
        (["02.10.2021", "03.04.2021"], "day and month or month and day"),
        (["19.02.2021", "02.19.2021"], "no order"),
        (["200718_B04", "180720_B04"], "more than one order"),
        (["210105_B04", "999999_B04"], "not dates in all"),
        (["210105_B04", "210105_211116"], "not dates in all"),
    ],
)
def test_what_they_do_not_settle_is_named(names: list[str], cause: str) -> None:
    for name, found in zip(names, find_loose(names), strict=True):
        assert not found.stamps
        assert cause in found.doubt
        assert name[:6] in found.doubt
        assert "--date-from" in found.doubt


@pytest.mark.parametrize("name", ["red", "2021366", "2021000", "S2_12345"])
def test_other_digits_are_no_dates_and_no_doubt(name: str) -> None:
    assert find_loose([name])[0].stamps == ()
    assert find_loose([name])[0].doubt == ""
