"""Colours and labels of classes that a model names itself. Those of the products' own classes are not here."""

from collections.abc import Sequence

from core.product import LegendEntry

COLOURS = (
    *("0072b2", "d55e00", "009e73", "cc79a7", "f0e442", "56b4e9", "0a0af8", "0af80a"),
    *("f80adc", "501896", "f80a5e", "50500a", "50a40a", "7a1818", "0af896", "a488f8"),
    *("265e5e", "dc886c", "c0dc88", "5eeaea", "5e265e", "ce0a88", "a442f8", "f80a18"),
    *("0a5ef8", "a4ea0a", "7a5050", "f87aea", "969618", "186c18", "965e0a", "dcc0f8"),
)
"""Six of Okabe and Ito (2008), then each the farthest from all before it in CIELAB: at least 26 apart."""
Colour = tuple[int, int, int]


def user_legend(names: Sequence[str], known: dict[str, Colour]) -> tuple[LegendEntry, ...]:
    """Return a legend in the order of the names; more names than colours repeat the colours.

    Args:
        known: fixed colours by name.
    """
    free = [name for name in names if name not in known]
    colours = known | {name: _rgb(COLOURS[n % len(COLOURS)]) for n, name in enumerate(free)}
    return tuple(LegendEntry(value=n, label=_label(name), colour=colours[name]) for n, name in enumerate(names))


def mixed(colours: Sequence[Colour]) -> Colour:
    """Return the mean of colours, halfway to white where there are several, so that doubt looks pale."""
    if len(colours) == 1:
        return colours[0]
    red, green, blue = (round((255 + sum(part) / len(colours)) / 2) for part in zip(*colours, strict=True))
    return red, green, blue


def _label(name: str) -> str:
    text = name.replace("_", " ")
    return text[:1].upper() + text[1:]


def _rgb(code: str) -> Colour:
    red, green, blue = bytes.fromhex(code)
    return red, green, blue
