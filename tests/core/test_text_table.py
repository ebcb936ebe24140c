"""Tables for a terminal."""

from core.text_table import text_table


def test_the_first_columns_are_flush_left_and_the_others_right() -> None:
    rows = [("class", "code", "area"), ("Forest loss", "1", "3.42"), ("Other", "7", "1,027.28")]
    assert text_table(rows).splitlines() == [
        "class        code      area",
        "Forest loss     1      3.42",
        "Other           7  1,027.28",
    ]
    assert text_table(rows, left=2).splitlines()[1] == "Forest loss  1         3.42"


def test_a_short_row_ends_early_without_blanks() -> None:
    assert text_table([("a", "b", "c"), ("all", "12")]) == "a     b  c\nall  12"


def test_no_rows_give_no_text() -> None:
    assert text_table([]) == ""
