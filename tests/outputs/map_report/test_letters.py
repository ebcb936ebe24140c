import pytest

from outputs.map_report.letters import UNKNOWN, drawable, width_in, wrap


def test_letters_that_the_font_lacks_are_replaced_and_lines_joined() -> None:
    assert drawable("Forêt d'Ardenne\n2021–2022\t№ 森") == f"Forêt d'Ardenne 2021–2022 № {UNKNOWN}"


@pytest.mark.parametrize("text", ["ab " * 40, "0123456789abcdef" * 12, "$\\frac{1}{2}$ <b>&</b> " * 9])
def test_no_line_is_wider_than_its_room_and_nothing_is_lost(text: str) -> None:
    lines = wrap(text, 1.5, 8.0, most=100)
    assert all(width_in(line, 8.0) <= 1.5 for line in lines)
    assert "".join(lines).replace(" ", "") == text.replace(" ", "")


def test_what_does_not_fit_ends_in_an_ellipsis() -> None:
    lines = wrap("word " * 100, 1.5, 8.0, most=2)
    assert len(lines) == 2
    assert lines[-1].endswith("…")
    assert width_in(lines[-1], 8.0) <= 1.5
    assert wrap("", 1.5, 8.0, most=2) == []
