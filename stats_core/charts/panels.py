"""The panels of a picture: figures, trend, hours of the week, lists of values."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import altair as alt

from stats_core.charts.rows import WEEKDAYS, Row
from stats_core.schema import OUTCOMES

WIDTH = 900
_TREND_HEIGHT = 200
_BAR_HEIGHT = 22
_LABELS = 160  # pixels of a value's label; longer ones are cut
_LIST = WIDTH // 2 - 20
_BIG, _WIDE = 26, 0.6  # type of a figure, and how wide a digit of it is
_LEGEND = 80
_HOURS_HEIGHT = 7 * 20
_PLAIN = {"ticks": False, "domain": False}
_COUNTS = 110  # pixels of the figures beside a bar
_MAX_BAR = 48
_MAX_TICKS = 5
_MUTED = 0.75
_COUNT = ",d"
_YEAR_BELOW = "split(datum.label, / (?=[0-9]+$)/)"
_COLOURS = alt.Color("outcome:N").scale(domain=list(OUTCOMES))


def figures(rows: Sequence[Row]) -> alt.LayerChart:
    """Return figures side by side; rows have `name`, `figure` and `note`."""
    numbered = [{"place": place, **row} for place, row in enumerate(rows)]
    x = alt.X("place:Q").axis(None).scale(domain=[0, len(rows)], nice=False)
    room = WIDTH / len(rows) - 12
    longest = max(len(row["figure"]) for row in rows)
    lines: list[tuple[str, int, dict[str, Any]]] = [
        ("name:N", 0, {"opacity": _MUTED, "fontSize": 13}),
        ("figure:N", 20, {"fontSize": min(_BIG, int(room / longest / _WIDE))}),
        ("note:N", 54, {"opacity": _MUTED, "fontSize": 12}),
    ]
    texts = [
        _chart(numbered)
        .mark_text(align="left", baseline="top", **style)
        .encode(x=x, y=alt.value(y), text=field)
        for field, y, style in lines
    ]
    height = 70 if any(row["note"] for row in rows) else 50
    return alt.layer(*texts).properties(width=WIDTH, height=height)


def note(text: str) -> alt.Chart:
    """Return one line of text in the place of a panel."""
    mark = _chart([{"text": text}]).mark_text(align="left", fontSize=14)
    return mark.encode(text="text:N", x=alt.value(0)).properties(width=WIDTH, height=30)


def trend(title: str, rows: Sequence[Row], highest: int) -> alt.Chart:
    """Return a bar for each period, its outcomes on each other."""
    size = min(_MAX_BAR, 0.8 * WIDTH / max(len(rows), 1))
    x = alt.X("label:O").sort(None).title(None)
    y = alt.Y("records:Q").title(None).stack("zero")
    return (
        _folded(rows)
        .mark_bar(size=size)
        .encode(
            x=x.axis(
                labelExpr=_YEAR_BELOW,
                labelAngle=0,
                labelOverlap="greedy",
                labelSeparation=12,
                labelPadding=6,
                ticks=False,
            ),
            y=y.scale(domain=[0, max(highest, 1)], nice=True).axis(
                orient="right",  # so that all panels begin at the same place
                format=_COUNT,
                tickCount=_ticks(highest),
                domain=False,
                ticks=False,
            ),
            color=_COLOURS.legend(title=None, orient="top", offset=4),
            order="rank:Q",
            tooltip=_tooltip({"period": "period"}, ()),
        )
        .properties(width=WIDTH - 50, height=_TREND_HEIGHT, title=title)
    )


def _ticks(highest: int) -> int:
    """Return how many steps a scale of whole numbers has at most.

    Vega's `tickMinStep` of 1 still leaves steps of a half, whose labels are rounded.
    """
    return min(max(highest, 1), _MAX_TICKS)


def hours(titles: Sequence[str], maps: Sequence[Sequence[Row]]) -> alt.HConcatChart:
    """Return maps of the hours of the week, on one scale."""
    highest = max(row["total"] for rows in maps for row in rows)
    width = (WIDTH - 40 * len(maps)) // len(maps) - _LEGEND
    parts = zip(titles, maps, strict=True)
    return alt.hconcat(*(_hours(title, rows, width, highest) for title, rows in parts))


def _hours(title: str, rows: Sequence[Row], width: int, highest: int) -> alt.Chart:
    colour = alt.Color("total:Q").scale(domain=[0, max(highest, 1)])
    return (
        _chart(rows)
        .mark_rect()
        .encode(
            x=alt.X("hour:O")
            .title(None)
            .axis(labelAngle=0, labelOverlap=True, **_PLAIN),
            # On the right, so that all panels begin at the same place.
            y=alt.Y("weekday:O")
            .sort(WEEKDAYS)
            .title(None)
            .axis(orient="right", **_PLAIN),
            color=colour.legend(title=None, format=_COUNT, tickCount=_ticks(highest)),
            tooltip=_tooltip({"weekday": "weekday", "time": "time"}, ()),
        )
        .properties(width=width, height=_HOURS_HEIGHT, title=title)
    )


def ranked(title: str, rows: Sequence[Row]) -> alt.LayerChart:
    """Return a bar for each value, with its figures; an earlier count is a tick."""
    compared = any("before" in row for row in rows)
    most = max((max(row["total"], row.get("before", 0)) for row in rows), default=0)
    # Figures stand right of the bars.
    room = alt.Scale(
        domain=[0, max(most, 1)], nice=False, range=[_LABELS, _LIST - _COUNTS]
    )
    x = alt.X("records:Q").axis(None).scale(room)
    y = (
        alt.Y("key:O")
        .sort(None)
        .title(None)
        .axis(
            labelExpr="substring(datum.value, indexof(datum.value, ' ') + 1)",
            labelLimit=_LABELS - 10,
            labelAlign="left",
            labelPadding=0,
            ticks=False,
            domain=False,
        )
    )
    earlier = {"before": "before", "change": "change"} if compared else {}
    tooltip = _tooltip({"value": "value"}, ("share",), earlier)
    bars = (
        _folded(rows)
        .mark_bar(size=_BAR_HEIGHT - 6)
        .encode(
            x=x.stack("zero"),
            y=y,
            color=_COLOURS.legend(None),
            order="rank:Q",
            tooltip=tooltip,
        )
    )
    ends = "max(datum.total, datum.before)" if compared else "datum.total"
    text = (
        _chart(rows)
        .transform_calculate(end=ends)
        .mark_text(align="left", dx=6)
        .encode(x=alt.X("end:Q"), y=y, text="shown:N", tooltip=tooltip)
    )
    layers: list[alt.Chart] = [bars, text]
    if compared:
        mark = _chart(rows).mark_tick(thickness=2, size=_BAR_HEIGHT - 2)
        layers.append(mark.encode(x="before:Q", y=y, tooltip=tooltip))
    height = _BAR_HEIGHT * max(len(rows), 1)
    return alt.layer(*layers).properties(width=_LIST, height=height, title=title)


def _chart(rows: Iterable[Row]) -> alt.Chart:
    # As values of its own, so that no setting of Altair takes them elsewhere.
    return alt.Chart(alt.InlineData(values=list(rows)))


def _folded(rows: Iterable[Row]) -> alt.Chart:
    """Return a chart of a row for each outcome of each row, in their order."""
    rank = f"indexof({list(OUTCOMES)}, datum.outcome)"
    folded = _chart(rows).transform_fold([*OUTCOMES], as_=["outcome", "records"])
    return folded.transform_calculate(rank=rank)


def _tooltip(
    names: Mapping[str, str],
    shares: Iterable[str],
    earlier: Mapping[str, str] | None = None,
) -> list[Any]:
    """Return the exact figures that a mark shows when it is pointed at."""
    texts = [alt.Tooltip(f"{field}:N", title=title) for field, title in names.items()]
    counts = [
        alt.Tooltip(f"{field}:Q", title=field, format=_COUNT)
        for field in ("total", *OUTCOMES)
    ]
    rates = [alt.Tooltip(f"{share}:N", title=share) for share in shares]
    rates.append(alt.Tooltip("rate:N", title="success rate"))
    if earlier:
        counts.append(alt.Tooltip("before:Q", format=_COUNT, title="before"))
        rates.append(alt.Tooltip("change:N", title="change"))
    return [*texts, *counts, *rates]
