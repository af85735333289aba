"""What was measured, as values."""

from dataclasses import dataclass

SAME = "the same answer"


@dataclass(frozen=True)
class Figure:
    """One rival at one case.

    Attributes:
        case: Its name.
        rows: How many records there were.
        rival: Its name, or `floor`.
        note: Why there is no figure, or what there is besides.
        way: Which of the rival's ways was its best.
        first: Seconds that stats_core took, in turns with the rival; the median.
        second: Seconds that the rival took; the median.
        ratio: The median of the rounds' ratios, rival to stats_core.
        rounds: How often both were measured.
        peak: Megabytes that a fresh process held at most.
    """

    case: str
    rows: int
    rival: str
    note: str = ""
    way: str = ""
    first: float | None = None
    second: float | None = None
    ratio: float | None = None
    rounds: int = 0
    peak: float | None = None


@dataclass(frozen=True)
class Compared:
    """Two ways to spend time; `ratio` is how many times as long the second took."""

    rows: int
    what: str
    by: str
    first: float
    second: float
    ratio: float
    rounds: int
