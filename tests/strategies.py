from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from itertools import combinations
from typing import Any, NamedTuple, TypeVar
from zoneinfo import ZoneInfo

import polars as pl
from hypothesis import settings, strategies as st

from stats_core import (
    AppointmentsDashboard,
    AppointmentStatistics,
    RecordLayout,
    StatisticsQuery,
    appointment_statistics,
    appointments_dashboard,
)
from tests import reference

Document = dict[str, Any]
Test = TypeVar("Test", bound=Callable[..., None])

DIMENSIONS = ("source", "utm_source", "utm_medium", "utm_campaign")
ROLES = ("created_at", "status", "appointment_type", "integration_id", *DIMENSIONS)
TYPES = ("NP", "F/U", "ASC_FU", "FU Tele", "PROCEDURE", "PROV_USE", "RAP_ACCESS")
IDS = ("5eb7cf5a86d9755df3a6c593", "5eb7cf5a86d9755df3a6c594", "0" * 24)
SCHEMA = pl.Schema(
    {"created_at": pl.Datetime("us", "UTC")}
    | dict.fromkeys(
        ("status", "appointment_type", *DIMENSIONS, *reference.SEARCHED), pl.String()
    )
)
SCOPED_SCHEMA = pl.Schema({**SCHEMA, "integration_id": pl.String()})

# Days that are short, long, without a midnight, with two, or no days at all.
EDGE_DAYS = (
    ("Africa/Cairo", date(2025, 4, 25)),
    ("Asia/Beirut", date(2022, 3, 27)),
    ("America/Asuncion", date(2023, 10, 1)),
    ("America/Havana", date(2024, 11, 3)),
    ("America/Havana", date(2024, 3, 10)),
    ("Australia/Lord_Howe", date(2024, 4, 7)),
    ("Australia/Lord_Howe", date(2024, 10, 6)),
    ("Asia/Kathmandu", date(2024, 5, 1)),
    ("Asia/Kathmandu", date(1986, 1, 1)),
    ("Pacific/Apia", date(2011, 12, 30)),
    ("Pacific/Kwajalein", date(1993, 8, 21)),
    ("America/New_York", date(2024, 3, 10)),
    ("America/New_York", date(2024, 11, 3)),
    ("America/St_Johns", date(2006, 10, 29)),
    ("America/St_Johns", date(2006, 4, 2)),
    ("America/Juneau", date(1867, 10, 18)),
    ("Asia/Manila", date(1844, 12, 31)),
    ("Africa/Monrovia", date(1972, 1, 7)),
    ("Europe/Dublin", date(2024, 10, 27)),
    ("Africa/Casablanca", date(2024, 3, 10)),
    ("Antarctica/Troll", date(2024, 3, 31)),
    ("UTC", date(1970, 1, 1)),
)
# Named, so that forms in which a column is nothing but null are searched as well.
SEARCHED = RecordLayout(search=reference.SEARCHED)
ZONES = tuple(dict.fromkeys(zone for zone, _ in EDGE_DAYS))

# Names of further breakdowns: as other fields have, in any order, like patterns.
FURTHER = (
    "clinic",
    "status",
    "type",
    "label",
    "^a$",
    "*",
    "UTM",
    "\u00e9",
    "x_invalid",
)
FURTHER_COLUMNS = ("clinic", "patient", "status", "appointment_type", "utm_source")
# Few characters, so that texts collide: blanks seen and unseen, quotes, what regular
# expressions and LIKE read, right to left, two cases, beyond the basic plane.
ALPHABET = "ab\u00c9\u00e9 \u00a0\u200b\ufeff\t\x00\"'%_*.+(\\[$^\u05d0\u0663\U0001f600"
LABELS = (
    *("", " ", "\u00a0", "\u200b", "\ufeff \u2028", "0", "null", "None"),
    *("direct", " direct ", "Direct", "direct\u200b", "not set", "Not Set"),
    *("not set\ufeff", "ads", "Ads", " ads", "\u05d0\u05d1", "a\u200bb"),
)
SHOWN = ("direct", "not set", "ads", "Ads", "0", "\u05d0\u05d1", "a\u200bb", "success")
OUTCOMES = ("successful", "failed", "other")
STATUSES = (
    *("successful", "success", "succeeded", "failed", "failure", "error"),
    *("SUCCESS", " Failed ", "\ufefferror\u200b", "Succeeded\t", "\u00a0FAILURE"),
    *("true", "false", "TRUE", " False "),
    *("cancelled", "", " ", "unsuccessful", "not failed", "truer", "1", "0"),
)
NAMES = (
    *("Ana Souza", "ana souza", "BEL\u00c9M", "bel\u00e9m", "\u0130stanbul"),
    *("STRA\u1e9eE", "stra\u00dfe", "+1 (555) 010-0000", "F/U", "50%", "a_b"),
    *("C:\\new", 'say "hi"', "direct", "not set", "*", "", "\u05d0\u05d1 ana"),
)
WORDS = (
    *("ana", "ANA", "bel\u00c9m", "(555)", "%", "_", "*", "\\", '"', "F/U"),
    *("direct", "not", "\u0130STANBUL", "stra\u1e9ee", "50%", "\u05d0"),
)
# Which parameters a query has; each of them is in half of the choices.
PARAMETERS = [
    names
    for number in range(5)
    for names in combinations(("appointment_type", "search", "start", "end"), number)
]
# From an instant to a bound beside it, in microseconds.
STEPS = (0, 0, 1, -1, 500, -500, 10**6, -(10**6), 3_600 * 10**6, -3_600 * 10**6)


class Case(NamedTuple):
    """Records, a question to them, and the zone it is asked in."""

    documents: list[Document]
    ask: dict[str, Any]
    zone: str
    further: Mapping[str, str] = reference.NONE  # breakdowns: their names and columns
    where: reference.Where = reference.NOTHING
    hours: bool = False

    @property
    def layout(self) -> RecordLayout:
        return RecordLayout(search=reference.SEARCHED, breakdowns=self.further)

    @property
    def query(self) -> StatisticsQuery:
        return StatisticsQuery(**self.ask)

    @property
    def expected(self) -> reference.Answer:
        return self.expected_of(self.documents)

    def expected_of(
        self, records: Sequence[Document], integration_id: str | None = None
    ) -> reference.Answer:
        return reference.answer(
            records, self.ask, integration_id=integration_id, **self._of_reference
        )

    def expected_of_each(
        self, records: Sequence[Document]
    ) -> dict[str, reference.Answer]:
        return reference.by_integration(records, self.ask, **self._of_reference)

    @property
    def _of_reference(self) -> dict[str, Any]:
        options = {"timezone": self.zone, "further": self.further}
        return options | {"where": self.where, "hours": self.hours}

    @property
    def options(self) -> dict[str, Any]:
        """What a public function takes beside the records and the query."""
        options = {"timezone": self.zone, "layout": self.layout}
        return options | {"where": self.where, "hours": self.hours}

    def answer(self, records: Any = None, **options: Any) -> reference.Answer:
        """What the library says of these documents, or of the same in another form."""
        return as_answer(self.statistics(records, **options))

    def dashboard(self, query: StatisticsQuery | None = None) -> AppointmentsDashboard:
        options = {name: it for name, it in self.options.items() if name != "hours"}
        return appointments_dashboard(
            frame(self.documents), query or self.query, **options
        )

    def statistics(self, records: Any = None, **options: Any) -> AppointmentStatistics:
        records = frame(self.documents) if records is None else records
        return appointment_statistics(records, self.query, **self.options, **options)


def zones() -> st.SearchStrategy[str]:
    return st.sampled_from(ZONES)


def texts() -> st.SearchStrategy[str]:
    return st.sampled_from(LABELS) | st.text(ALPHABET, max_size=3)


def statuses() -> st.SearchStrategy[str | None]:
    return st.none() | st.sampled_from(STATUSES)


def instants(zone: str) -> st.SearchStrategy[datetime]:
    """Mostly close to the edge days of a zone, else anywhere in two centuries."""
    edges = [
        datetime(day.year, day.month, day.day, tzinfo=UTC)
        for name, day in EDGE_DAYS
        if name == zone
    ]
    hours = st.integers(-16 * 4, 40 * 4).map(lambda n: timedelta(minutes=15 * n))
    ticks = st.sampled_from([0, 0, 0, 1, -1, 10**6, -(10**6), 59_999_500, -500])
    close = st.builds(
        lambda edge, hour, tick: edge + hour + timedelta(microseconds=tick),
        st.sampled_from(edges),
        hours,
        ticks,
    )
    anywhere = st.datetimes(
        datetime(1905, 1, 1),  # noqa: DTZ001 - hypothesis wants it without a zone
        datetime(2095, 1, 1),  # noqa: DTZ001
        timezones=st.just(UTC),
    )
    return st.one_of(close, close, close, anywhere)


def documents(
    zone: str = "UTC", *, scoped: bool = False
) -> st.SearchStrategy[list[Document]]:
    """Flat records that hold every field, instants aware and in UTC."""
    value = st.none() | texts()
    known = st.sampled_from(NAMES)
    name = st.none() | known | known | st.text(ALPHABET, max_size=4)
    fields: dict[str, st.SearchStrategy[Any]] = {
        "created_at": st.none() | instants(zone) | instants(zone) | instants(zone),
        "status": statuses(),
        "appointment_type": st.sampled_from([*TYPES[:3], None, "np", "OTHER"]),
        **dict.fromkeys(DIMENSIONS, value),
        **dict.fromkeys(reference.SEARCHED, name),
    }
    if scoped:
        fields["integration_id"] = st.sampled_from([*IDS, None])
    record = st.fixed_dictionaries(fields)
    twice = st.lists(record, min_size=2, max_size=15).map(
        lambda records: [dict(record) for record in records * 2]
    )
    return st.lists(record, max_size=30) | twice


@st.composite
def loose(draw: st.DrawFn, strict: Sequence[Document]) -> list[Document]:
    """The same records as loosely as documents come: other forms, fields left out.

    The first record keeps all its fields, so each of them is in one record at least.
    """
    return [
        draw(_loosened(record, whole=place == 0)) for place, record in enumerate(strict)
    ]


@st.composite
def _loosened(draw: st.DrawFn, record: Document, *, whole: bool) -> Document:
    absent = set() if whole else draw(st.sets(st.sampled_from(sorted(record))))
    kept = {
        key: value
        for key, value in record.items()
        if value is not None or key not in absent
    }
    at = kept.get("created_at")
    if at is not None:
        kept["created_at"] = draw(st.sampled_from(forms(at)))
    return kept


def forms(at: datetime) -> list[object]:
    """One instant as date-time, naive and aware, as text, as date if it is one."""
    naive_at = at.replace(tzinfo=None)
    there = at.astimezone(ZoneInfo("Asia/Tokyo"))
    found: list[object] = [at, naive_at, there, at.isoformat(), naive_at.isoformat()]
    found += [zulu(at), f"{naive_at} "]
    if at.year > 1951:  # before, Tokyo's offsets are not what ISO 8601 writes
        found.append(there.isoformat())
    if at == datetime(at.year, at.month, at.day, tzinfo=UTC):
        found += [at.date(), at.date().isoformat()]
    return found


def zulu(at: datetime) -> str:
    return at.isoformat().removesuffix("+00:00") + "Z"


@st.composite
def asks(
    draw: st.DrawFn, zone: str, records: Sequence[Document] = ()
) -> dict[str, Any]:
    """The parameters of a query; most are about one of the records, if there are any."""
    record = draw(_record(records))
    values = {
        "appointment_type": _types(record),
        "search": _keywords(record).map("  ".join),
        "start": _bounds(zone, record, "start"),
        "end": _bounds(zone, record, "end"),
    }
    ask = {name: draw(values[name]) for name in draw(st.sampled_from(PARAMETERS))}
    first, last = reference.bounds(ask, zone)
    if first is not None and last is not None and first > last:
        del ask[draw(st.sampled_from(["start", "end"]))]
    return ask


@st.composite
def _record(draw: st.DrawFn, records: Sequence[Document]) -> Document:
    """The record that a question is about: mostly one of which all can be asked."""
    rich = [
        record
        for record in records
        if record["appointment_type"] in TYPES
        and record["created_at"] is not None
        and all(reference.trim(record[name] or "") for name in reference.SEARCHED)
    ]
    choice = draw(st.sampled_from([rich or records, rich or records, records, ()]))
    return draw(st.sampled_from(choice)) if choice else {}


def _types(record: Document) -> st.SearchStrategy[str | None]:
    own = record.get("appointment_type")
    if own in TYPES:
        return st.just(own)
    return st.sampled_from([*TYPES[:3], None])


@st.composite
def _keywords(draw: st.DrawFn, record: Document) -> list[str]:
    """At most one word for each column of a record, or any words."""
    texts = [reference.trim(record.get(name) or "") for name in reference.SEARCHED]
    held = [text for text in texts if text]
    if not held:
        return draw(st.lists(_words(), max_size=2))
    kept = held if draw(st.integers(0, 2)) else [draw(st.sampled_from(held))]
    return [draw(_part(text)) for text in kept]


def _words() -> st.SearchStrategy[str]:
    return st.sampled_from(WORDS) | st.text(ALPHABET, max_size=1)


@st.composite
def _part(draw: st.DrawFn, text: str) -> str:
    """A piece of a text in any case."""
    start = draw(st.integers(0, len(text) - 1))
    stop = draw(st.integers(start + 1, min(len(text), start + 5)))
    part = text[start:stop]
    return draw(st.sampled_from([part, part.lower(), part.upper(), part.swapcase()]))


@st.composite
def _bounds(draw: st.DrawFn, zone: str, record: Document, end: str) -> object:
    """A bound at, or next to, the instant of a record, or of none.

    A bound near a record is mostly on the side that keeps the record.
    """
    own = record.get("created_at")
    step = timedelta(microseconds=draw(st.sampled_from(STEPS)))
    if own is None:
        at = draw(instants(zone)) + step
    elif draw(st.sampled_from([*[True] * 7, False])):
        at = own - abs(step) if end == "start" else own + abs(step)
    else:
        at = own + step
    day = reference.local_day(_instant(at), zone)
    forms = [day, day.isoformat(), at, at.replace(tzinfo=None), zulu(at)]
    return draw(st.sampled_from(forms))


def _instant(at: datetime) -> int:
    found = reference.instant(at)
    assert found is not None
    return found


def ids(records: Sequence[Document]) -> st.SearchStrategy[str]:
    """An integration; mostly one that is among the records."""
    known = sorted({key for r in records if (key := r.get("integration_id"))})
    some = st.sampled_from([*IDS, "f" * 24])
    return st.one_of(st.sampled_from(known), st.sampled_from(known), some) if known else some  # fmt: skip


def further() -> st.SearchStrategy[dict[str, str]]:
    """No further breakdowns, or some: of fields with another role too."""
    some = st.dictionaries(
        st.sampled_from(FURTHER), st.sampled_from(FURTHER_COLUMNS), max_size=3
    )
    return st.just({}) | some


@st.composite
def wheres(
    draw: st.DrawFn,
    records: Sequence[Document] = (),
    further: Mapping[str, str] = reference.NONE,
) -> dict[str, list[str]]:
    """No labels, or some; most are those of a record, so that not all are dropped."""
    if draw(st.sampled_from([True, True, False])):
        return {}
    record = draw(st.sampled_from(records)) if records else {}
    labels = {
        name: reference.own_text(record.get(column)) or default
        for name, column, default in reference.dimensions(further)
    }
    outcome = reference.outcome(record.get("status"))
    names = st.sampled_from([*labels, "outcome"])
    where = {}
    for name in sorted(draw(st.sets(names, min_size=1, max_size=2))):
        own = outcome if name == "outcome" else labels[name]
        any_ = st.sampled_from(OUTCOMES if name == "outcome" else SHOWN)
        others = draw(st.lists(any_, max_size=2))
        where[name] = (
            others or [own] if draw(st.integers(0, 5)) == 0 else [own, *others]
        )
    return where


@st.composite
def cases(draw: st.DrawFn, *, scoped: bool = False) -> Case:
    zone = draw(zones())
    records = draw(documents(zone, scoped=scoped))
    named = draw(further())
    where = draw(wheres(records, named))
    ask, hours = draw(asks(zone, records)), draw(st.booleans())
    return Case(records, ask, zone, named, where, hours)


def frame(records: Sequence[Document], schema: pl.Schema = SCHEMA) -> pl.DataFrame:
    return pl.DataFrame(records, schema=schema, orient="row")


def as_answer(stats: AppointmentStatistics) -> reference.Answer:
    return reference.Answer(
        stats.total,
        stats.undated,
        stats.trends.rows(),
        {name: df.rows() for name, df in stats.breakdowns().items()},
        stats.hours().rows() if stats.has_hours else None,
    )


def counted(records: Sequence[Document], zone: str = "UTC") -> AppointmentStatistics:
    return appointment_statistics(frame(records), timezone=zone)


@st.composite
def splits(draw: st.DrawFn, records: Sequence[Document]) -> list[list[Document]]:
    """The records dealt out to up to four parts, some of them empty."""
    parts = draw(st.integers(1, 4))
    size = len(records)
    places = [place % parts for place in range(size)]  # each part with its share
    if draw(st.booleans()):
        part = st.integers(0, parts - 1)
        places = draw(st.lists(part, min_size=size, max_size=size))
    return [
        [record for record, at in zip(records, places, strict=True) if at == part]
        for part in range(parts)
    ]


def a_part_of_the_examples(part: int) -> Callable[[Test], Test]:
    """For tests whose one example costs many statistics: one in `part` of them."""
    return settings(max_examples=max(5, settings().max_examples // part))
