"""Texts as a picture can show them: which letters its font has, how wide they are, and where lines break."""

from functools import cache

from matplotlib import font_manager
from matplotlib.font_manager import FontProperties
from matplotlib.ft2font import FT2Font
from matplotlib.textpath import text_to_path

UNKNOWN = "\ufffd"
"""Stands for a letter that the font lacks."""
POINTS_PER_INCH = 72.0
MARGIN = 1.03
"""Letters are a little wider where they are fitted to the pixels of a screen."""


def drawable(text: str) -> str:
    """Return a text on one line, with a sign in place of letters that the font of pictures does not have."""
    known = _letters()
    return "".join(letter if ord(letter) in known else UNKNOWN for letter in " ".join(text.split()))


def width_in(text: str, size: float, *, is_bold: bool = False) -> float:
    """Return the width of a drawable text in inches, at a size in points."""
    font = FontProperties(size=size, weight="bold" if is_bold else "normal")
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return MARGIN * float(width) / POINTS_PER_INCH


def wrap(text: str, room_in: float, size: float, *, most: int, is_bold: bool = False) -> list[str]:
    """Return a text as lines that fit a width in inches; what does not fit `most` lines ends in `…`.

    Words longer than a line, such as checksums, are broken.
    """
    lines, current = [], ""
    for word in drawable(text).split():
        rest = word
        while rest:
            joined = f"{current} {rest}" if current else rest
            if width_in(joined, size, is_bold=is_bold) <= room_in:
                current, rest = joined, ""
            elif current:
                lines.append(current)
                current = ""
            else:
                fitting = _fitting(rest, room_in, size, is_bold=is_bold)
                lines.append(rest[:fitting])
                rest = rest[fitting:]
    lines += [current] if current else []
    return lines if len(lines) <= most else [*lines[: most - 1], _cut(lines[most - 1], room_in, size, is_bold=is_bold)]


def _cut(line: str, room_in: float, size: float, *, is_bold: bool) -> str:
    """Return a line with `…` at its end, short enough."""
    return f"{line[: _fitting(line, room_in - width_in('…', size, is_bold=is_bold), size, is_bold=is_bold)].rstrip()}…"


def _fitting(word: str, room_in: float, size: float, *, is_bold: bool) -> int:
    """Return how many letters of a word fit, at least 1."""
    low, high = 1, len(word)
    while low < high:
        middle = (low + high + 1) // 2
        low, high = (middle, high) if width_in(word[:middle], size, is_bold=is_bold) <= room_in else (low, middle - 1)
    return low


@cache
def _letters() -> frozenset[int]:
    """Return the code points of the font that pictures are drawn with."""
    return frozenset(FT2Font(font_manager.findfont(FontProperties())).get_charmap())
