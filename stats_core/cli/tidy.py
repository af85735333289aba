"""Tidy frames as text: CSV for spreadsheets, and Markdown."""

import polars as pl

# What a spreadsheet may run as a formula begins with one of these (OWASP, "CSV
# Injection").
_FORMULA = r"^([=+\-@\t\r\n\x{FF1D}\x{FF0B}\x{FF0D}\x{FF20}])"  # also full-width
# Before ASCII punctuation, a backslash makes it text (CommonMark, section 2.4). A line
# cannot end within a cell, so its end is a character reference (section 2.5).
_MARKUP = r"\|`*_[]<>&~"
_ESCAPES = {mark: f"\\{mark}" for mark in _MARKUP} | {
    char: f"&#{ord(char)};" for char in "\t\n\r"
}
_CONTROL = r"\p{Cc}"


def csv_text(df: pl.DataFrame) -> str:
    r"""Return a frame as CSV that a spreadsheet opens as text and numbers.

    Text that a spreadsheet would run as a formula gets a `'` before it, and nothing
    else is changed. All text is quoted: so a separator within it is none for those
    spreadsheets either that expect `;`. Null is an empty field. The byte order mark at
    the beginning makes Excel read UTF-8.

    >>> csv_text(pl.DataFrame({"value": ["=1+1", None], "change": [-1, None]}))
    '\ufeff"value","change"\n"\'=1+1",-1\n,\n'
    """
    neutral = pl.col(pl.String).str.replace(_FORMULA, "'$1")
    return df.with_columns(neutral).write_csv(
        include_bom=True, quote_style="non_numeric"
    )


def markdown_text(df: pl.DataFrame) -> str:
    r"""Return a frame as a table of GitHub Flavored Markdown; null is an empty cell.

    Text is shown as it is, whatever markup it looks like. The replacement character
    stands for control characters, which Markdown cannot write. Fractions have four
    digits.

    >>> print(markdown_text(pl.DataFrame({"value": ["a|b", None], "count": [2, 1]})))
    | value | count |
    | --- | ---: |
    | a\|b | 2 |
    |  | 1 |
    """
    text = pl.col(pl.String).str.replace_many(_ESCAPES)
    literal = df.with_columns(
        text.str.replace_all(_CONTROL, "\ufffd"), pl.col(pl.Float64).round(4)
    )
    cells = pl.all().cast(pl.String).fill_null("")
    rows = literal.select(pl.concat_str(cells, separator=" | ")).to_series()
    rules = ("---:" if dtype.is_numeric() else "---" for dtype in df.dtypes)
    lines = (" | ".join(df.columns), " | ".join(rules), *rows)
    return "\n".join(f"| {line} |" for line in lines)
