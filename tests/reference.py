"""The contract over plain dicts: slow and obvious, in another idiom than the library.

Records are flat dicts under the default names of a layout. Their `created_at` is a
date-time, a date, ISO 8601 text with up to nine digits of a fraction, or None. Here an
instant is the whole number of nanoseconds since the Unix epoch.
"""

import re
import unicodedata
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

Record = Mapping[str, Any]
Ask = Mapping[str, Any]
Where = Mapping[str, Sequence[str]]
Day = tuple[date, int, int, int]
Hour = tuple[int, int, int, int, int]
Row = tuple[str, int, int, int, int, int]

DEFAULTS = {
    "source": "not set",
    "utm_source": "direct",
    "utm_medium": "not set",
    "utm_campaign": "not set",
}
WORDS = {
    "successful": "successful",
    "success": "successful",
    "succeeded": "successful",
    "true": "successful",
    "failed": "failed",
    "failure": "failed",
    "error": "failed",
    "false": "failed",
}
SEARCHED = ("patient", "clinic")
NONE: Mapping[str, str] = {}
NOTHING: Mapping[str, Sequence[str]] = {}
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
MICROSECOND = 1_000
SECOND = 10**9
_ISO_8601 = re.compile(r"([^.,]*)(?:[.,](\d{1,9}))?(Z|[+-][\d:]+)?")


@dataclass(frozen=True)
class Answer:
    total: int
    undated: int
    trends: list[Day]
    breakdowns: dict[str, list[Row]]
    hours: list[Hour] | None = None  # None: not counted


def answer(  # noqa: PLR0913 - one argument per rule
    records: Iterable[Record],
    ask: Ask,
    *,
    integration_id: str | None = None,
    timezone: str = "UTC",
    words: Mapping[str, str] = WORDS,
    searched: Sequence[str] = SEARCHED,
    further: Mapping[str, str] = NONE,
    where: Where = NOTHING,
    clock: str = "UTC",
    epoch: str | None = None,
    hours: bool = False,
) -> Answer:
    kept = []
    for given in records:
        record = {**given, "created_at": moment(given.get("created_at"), clock, epoch)}
        if integration_id and record.get("integration_id") != integration_id:
            continue
        if is_asked_for(record, ask, timezone, searched) and is_one_of(
            record, where, further, words
        ):
            kept.append(record)

    outcomes = [outcome(record.get("status"), words) for record in kept]
    instants = [instant(record.get("created_at")) for record in kept]
    days: Counter[tuple[date, str]] = Counter()
    for at, went in zip(instants, outcomes, strict=True):
        if at is not None:
            days[local_day(at, timezone), went] += 1
    return Answer(
        total=len(kept),
        undated=instants.count(None),
        trends=[
            (day, days[day, "successful"], days[day, "failed"], days[day, "other"])
            for day in sorted({day for day, _ in days})
        ],
        breakdowns={
            name: rows([record.get(column) for record in kept], outcomes, default)
            for name, column, default in dimensions(further)
        },
        hours=week(instants, outcomes, timezone) if hours else None,
    )


def week(
    instants: Sequence[int | None], outcomes: Sequence[str], timezone: str
) -> list[Hour]:
    found: Counter[tuple[int, int, str]] = Counter()
    for at, how in zip(instants, outcomes, strict=True):
        if at is not None:
            there = as_datetime(at).astimezone(ZoneInfo(timezone))
            found[there.isoweekday(), there.hour, how] += 1
    return [
        (
            day,
            hour,
            found[day, hour, "successful"],
            found[day, hour, "failed"],
            found[day, hour, "other"],
        )
        for day in range(1, 8)
        for hour in range(24)
    ]


def dimensions(further: Mapping[str, str] = NONE) -> list[tuple[str, str, str]]:
    """Name, column and default of each: the published ones, then the others by name."""
    published = [(name, name, default) for name, default in DEFAULTS.items()]
    return published + [(name, further[name], "not set") for name in sorted(further)]


def by_integration(
    records: Sequence[Record], ask: Ask, timezone: str, **options: Any
) -> dict[str, Answer]:
    """What each integration would get alone, without those that get nothing."""
    ids = sorted({key for record in records if (key := record.get("integration_id"))})
    alone = {
        key: answer(records, ask, integration_id=key, timezone=timezone, **options)
        for key in ids
    }
    return {key: found for key, found in alone.items() if found.total}


def is_one_of(
    record: Record,
    where: Where,
    further: Mapping[str, str] = NONE,
    words: Mapping[str, str] = WORDS,
) -> bool:
    """Whether each label that is asked for is one of the alternatives."""
    labels = {
        name: own_text(record.get(column)) or default
        for name, column, default in dimensions(further)
    }
    labels["outcome"] = outcome(record.get("status"), words)
    return all(labels[name] in some for name, some in where.items())


def own_text(raw: object) -> str:
    text = {True: "true", False: "false"}[raw] if isinstance(raw, bool) else raw
    return trim(text) if isinstance(text, str) else ""


def rows(values: list[object], outcomes: list[str], default: str) -> list[Row]:
    count: Counter[str] = Counter()
    unset: Counter[str] = Counter()
    went: Counter[tuple[str, str]] = Counter()
    for raw, how in zip(values, outcomes, strict=True):
        own = own_text(raw)
        label = own or default
        count[label] += 1
        unset[label] += not own
        went[label, how] += 1
    return [
        (
            label,
            number,
            unset[label],
            went[label, "successful"],
            went[label, "failed"],
            went[label, "other"],
        )
        for label, number in sorted(count.items(), key=lambda kv: (-kv[1], kv[0]))
    ]


def response(found: Answer, timezone: str, page: int, size: int) -> dict[str, Any]:
    items = {
        name: [
            {"_id": row[0], "count": row[1]}
            for place, row in enumerate(listed)
            if (page - 1) * size <= place < page * size
        ]
        for name, listed in found.breakdowns.items()
        if name in DEFAULTS
    }
    trends = [
        {"_id": zulu(first_instant(day, timezone)), "successful": good, "failed": bad}
        for day, good, bad, _ in found.trends
    ]
    return {"overview": {"total": found.total}, "trends": trends, **items}


def is_asked_for(
    record: Record, ask: Ask, timezone: str, searched: Sequence[str] = SEARCHED
) -> bool:
    wanted = ask.get("appointment_type")
    if wanted is not None and record.get("appointment_type") != wanted:
        return False

    earliest, latest = bounds(ask, timezone)
    at = instant(record.get("created_at"))
    if earliest is not None and (at is None or at < earliest):
        return False
    if latest is not None and (at is None or at > latest):
        return False

    texts = [fold(text) for text in map(record.get, searched) if isinstance(text, str)]
    return all(
        any(fold(keyword) in text for text in texts)
        for keyword in (ask.get("search") or "").split()
    )


def bounds(ask: Ask, timezone: str) -> tuple[int | None, int | None]:
    """The first and the last nanosecond asked for."""
    start, end = as_bound(ask.get("start")), as_bound(ask.get("end"))
    if isinstance(start, date):
        start = first_instant(start, timezone)
    if isinstance(end, date):
        end = first_instant(end + timedelta(days=1), timezone) - 1
    return start, end


def as_bound(value: object) -> date | int | None:
    """A date, which is a whole local day, or an instant."""
    if isinstance(value, str) and len(value) == len("2024-05-01"):
        return date.fromisoformat(value)
    if isinstance(value, date) and not isinstance(value, datetime):
        return value
    return instant(value)


def moment(value: object, clock: str, epoch: str | None) -> int | None:
    """The instant of a record, whose clock or whose unit of numbers is known."""
    if isinstance(value, str) and epoch and re.fullmatch(r"[+-]?[0-9]+", trim(value)):
        value = int(trim(value))
    if isinstance(value, int):
        assert epoch
        return value * {"s": 10**9, "ms": 10**6, "us": 10**3, "ns": 1}[epoch]
    if isinstance(value, str) and not re.search(r"Z|:.*[+-]", trim(value)):
        text, _, fraction = trim(value).replace(",", ".").partition(".")
        if not text:
            return None
        whole = moment(datetime.fromisoformat(text), clock, None)
        return None if whole is None else whole + int(fraction.ljust(9, "0") or "0")
    if isinstance(value, date) and not isinstance(value, datetime):
        value = datetime.combine(value, time())
    if isinstance(value, datetime) and value.tzinfo is None:
        local = value.replace(tzinfo=ZoneInfo(clock), fold=0)
        offset = local.utcoffset()
        assert offset is not None
        return instant(value.replace(tzinfo=UTC, fold=0), -offset)
    return instant(value)


def instant(value: object, shift: timedelta = timedelta()) -> int | None:
    if isinstance(value, int):
        return value
    if isinstance(value, str):
        return instant_of_text(trim(value))
    if value is None:
        return None
    if not isinstance(value, datetime):
        assert isinstance(value, date)
        value = datetime.combine(value, time())
    aware = value if value.tzinfo else value.replace(tzinfo=UTC)
    since = aware - EPOCH + shift
    return since // timedelta(microseconds=1) * MICROSECOND


def instant_of_text(text: str) -> int | None:
    """Python reads six digits of a fraction, so all nine are read here."""
    found = _ISO_8601.fullmatch(text)
    assert found
    clock, fraction, offset = found.groups(default="")
    seconds = instant(datetime.fromisoformat(clock + offset)) if clock else None
    return None if seconds is None else seconds + int(fraction.ljust(9, "0"))


def as_datetime(at: int) -> datetime:
    """The microsecond, in UTC, in which an instant lies."""
    return EPOCH + timedelta(microseconds=at // MICROSECOND)


def zulu(at: int) -> str:
    """An instant as text in UTC, with as many groups of digits as it needs."""
    digits = "microseconds" if at % SECOND else "seconds"
    text = as_datetime(at).replace(tzinfo=None).isoformat(timespec=digits)
    return f"{text}{at % MICROSECOND:03}Z" if at % MICROSECOND else f"{text}Z"


def local_day(at: int, timezone: str) -> date:
    return as_datetime(at).astimezone(ZoneInfo(timezone)).date()


@cache
def first_instant(day: date, timezone: str) -> int:
    """The first instant of a local date, or of the next one that exists.

    The clock is read every minute until the date has come, and then every second of the
    last minute.
    """
    zone = ZoneInfo(timezone)
    at = datetime.combine(day, time(), UTC) - timedelta(hours=27)
    while at.astimezone(zone).date() < day:
        at += timedelta(minutes=1)
    second = at - timedelta(minutes=1)
    while second.astimezone(zone).date() < day:
        second += timedelta(seconds=1)
    found = instant(second)
    assert found is not None
    return found


def outcome(status: object, words: Mapping[str, str] = WORDS) -> str:
    if isinstance(status, bool):
        status = "true" if status else "false"
    word = trim(status).lower() if isinstance(status, str) else ""
    return words.get(word, "other")


def trim(text: str) -> str:
    while text and is_invisible(text[0]):
        text = text[1:]
    while text and is_invisible(text[-1]):
        text = text[:-1]
    return text


def is_invisible(character: str) -> bool:
    category = unicodedata.category(character)
    return category.startswith("Z") or category in {"Cc", "Cf"}


def fold(text: str) -> str:
    """Lower case, one character after the other: so a last sigma is like any other."""
    lower = (character.lower() for character in text)
    return "".join(
        "\u03c3" if character == "\u03c2" else character for character in lower
    )


def filled(trends: list[Day], first: date, last: date) -> list[Day]:
    """Each day from first to last, with zeros where the trend has none."""
    known = {day: outcomes for day, *outcomes in trends}
    calendar = [first + timedelta(days=n) for n in range((last - first).days + 1)]
    return [(day, *known.get(day, (0, 0, 0))) for day in calendar]


def rolled_up(
    trends: list[Day], every: str, week_start: str = "monday", *, whole: bool = False
) -> list[Day]:
    """Each period that has a day of the trend; `whole`: those between them as well."""
    found: dict[date, list[int]] = {}
    if whole and trends:
        first, last = trends[0][0], trends[-1][0]
        calendar = (first.toordinal(), last.toordinal() + 1)
        for day in map(date.fromordinal, range(*calendar)):
            found.setdefault(first_of(every, day, week_start), [0, 0, 0])
    for day, *outcomes in trends:
        sums = found.setdefault(first_of(every, day, week_start), [0, 0, 0])
        sums[:] = [a + b for a, b in zip(sums, outcomes, strict=True)]
    return [(day, good, bad, other) for day, (good, bad, other) in found.items()]


def first_of(every: str, day: date, week_start: str = "monday") -> date:
    if every == "week":
        while day > date.min and day.strftime("%A").lower() != week_start:
            day -= timedelta(days=1)
        return day
    month = {"month": day.month, "quarter": (day.month - 1) // 3 * 3 + 1, "year": 1}
    return date(day.year, month[every], 1)
