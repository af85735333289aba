"""Text, counts and shares as people read them, for tables, pages and pictures."""

_JOINERS = "\u200c\u200d"  # between letters of Persian, and between parts of an emoji


def printable(text: str) -> str:
    r"""Return one line of text, without control sequences and hidden formatting.

    White space becomes a space. What nobody can see, or what turns the text around it,
    becomes U+FFFD.

    >>> ascii(printable("two\nlines \x1b[31m"))
    "'two lines \\ufffd[31m'"
    """
    return text if text.isprintable() else "".join(map(_printable, text))


def number(count: int) -> str:
    """Return a count with separators of thousands.

    >>> number(12345)
    '12,345'
    """
    return f"{count:,}"


def percent(part: int, whole: int) -> str:
    """Return a share with one decimal; a share of nothing is a dash.

    >>> percent(3, 4), percent(0, 0)
    ('75.0%', '-')
    """
    return f"{part / whole:.1%}" if whole else "-"


def _printable(char: str) -> str:
    if char.isprintable() or char in _JOINERS:
        return char
    return " " if char.isspace() else "\ufffd"
