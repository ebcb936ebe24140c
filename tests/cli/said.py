"""What commands print on stderr, without the lines that say what an input was taken for."""


def other_lines(printed: str) -> list[str]:
    """Return the lines but for summaries: a line, and below it those that are indented."""
    lines = printed.splitlines()
    below = [*lines[1:], ""]
    return [n for n, after in zip(lines, below, strict=True) if not n.startswith("  ") and not after.startswith("  ")]
