import io

from cli.progress import Bar, PlainLines, new_line


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_elsewhere_than_on_a_terminal_a_line_appears_at_every_tenth_and_no_more() -> None:
    out = io.StringIO()
    line = new_line("canopy", stream=out)
    for step in range(101):
        line.advance(step / 100)
    line.close()
    assert [text.split()[1] for text in out.getvalue().splitlines()] == [str(n) for n in range(0, 101, 10)]


def test_a_jump_prints_one_line() -> None:
    out = io.StringIO()
    line = PlainLines("crop", stream=out)
    line.advance(0.55, "3 of 5 tiles")
    assert out.getvalue() == "crop  50 % 3 of 5 tiles\n"


def test_on_a_terminal_one_line_is_redrawn() -> None:
    out = Terminal()
    line = new_line("ndvi-forecast", stream=out)
    assert isinstance(line, Bar)
    line.advance(0.5, "half")
    line.advance(0.3)
    line.close()
    assert "\r" in out.getvalue()
    assert " 50 %" in out.getvalue().splitlines()[-1]
