"""One grammar for instants as text, in queries and in records.

ISO 8601's extended format: a date, or a date and a time of day with up to nine digits
of a second's fraction and an offset. Python's `re` and Polars read the pattern alike.
"""

_DATE = r"([0-9]{4}-[0-9]{2}-[0-9]{2})"
_CLOCK = r"([0-9]{2}:[0-9]{2})(?:(:[0-5][0-9])(?:[.,]([0-9]{1,9}))?)?"
_OFFSET = r"(?:[Zz]|([+-](?:[01][0-9]|2[0-3]))(?::?([0-5][0-9]))?)"

# Groups: date, hours and minutes, seconds, fraction, hours and minutes of the offset.
ISO_8601 = rf"{_DATE}(?:[Tt ]{_CLOCK}{_OFFSET}?)?"
