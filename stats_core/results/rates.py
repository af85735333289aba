"""Shares and success rates of a breakdown, with the interval of each rate."""

from statistics import NormalDist

import polars as pl

_Z = NormalDist().inv_cdf(0.975)  # 95 % of a normal distribution are within ± this
_ENDED = pl.sum_horizontal("successful", "failed").cast(pl.Float64)
_RATE = pl.when(_ENDED > 0).then(pl.col("successful") / _ENDED)


def rates(breakdown: pl.DataFrame) -> pl.DataFrame:
    """Return the share and the success rate of each value of a breakdown.

    The interval says how far a rate can be trusted: that of three of three starts at
    44 %, that of ninety of a hundred at 83 %. So sort by `low` to find the best value.
    It is Wilson's score interval (E. B. Wilson, "Probable inference, the law of
    succession, and statistical inference", 1927), which is recommended for small
    numbers too (Brown, Cai and DasGupta, "Interval estimation for a binomial
    proportion", 2001).

    Args:
        breakdown: A frame of `BREAKDOWN_SCHEMA`.

    Returns:
        `value: String, count: Int64, share, success_rate, low, high: Float64`, in the
        order of the breakdown. `share` is the part of all records; `success_rate` is
        successful ÷ (successful + failed); from `low` to `high` is its 95 % interval.
        The last three are null where neither outcome is there.

    >>> from stats_core.schema import BREAKDOWN_SCHEMA
    >>> row = ("ads", 4, 0, 3, 0, 1)
    >>> [(_, _, share, rate, low, high)] = rates(
    ...     pl.DataFrame([row], BREAKDOWN_SCHEMA, orient="row")
    ... ).rows()
    >>> share, rate, round(low, 4), high
    (1.0, 1.0, 0.4385, 1.0)
    """
    centre = (_RATE + _Z**2 / (2 * _ENDED)) / (1 + _Z**2 / _ENDED)
    variance = (_RATE * (1 - _RATE) + _Z**2 / (4 * _ENDED)) / _ENDED
    half = _Z * variance.sqrt() / (1 + _Z**2 / _ENDED)
    # Polars divides a column by one number with another rounding than by a column.
    count = breakdown["count"]
    total = pl.repeat(count.sum(), count.len(), dtype=pl.Int64, eager=True)
    return breakdown.select(
        "value",
        "count",
        (count / total).alias("share"),
        _RATE.alias("success_rate"),
        # At 0 % and 100 %, rounding would put a bound beside the rate.
        (centre - half).clip(0, _RATE).alias("low"),
        (centre + half).clip(_RATE, 1).alias("high"),
    )
