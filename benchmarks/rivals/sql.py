"""The contract in SQL: raw groups first, labels on the few groups afterwards."""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from operator import eq, ge, lt

from benchmarks.contract import DEFAULTS, INTEGRATION, SEARCHED, Answer, Question, Way
from benchmarks.rivals.labels import FAILED, SUCCESSFUL

_OPERATORS = {eq: "=", ge: ">=", lt: "<"}
_INVISIBLE = r"[\p{Z}\p{Cc}\p{Cf}]+"


def quoted(text: str) -> str:
    """Return a string literal of standard SQL."""
    return "'" + text.replace("'", "''") + "'"


@dataclass(kw_only=True)
class Database:
    """A database with the table `records`, and its own words.

    Attributes:
        by_integration: Whether each integration gets an answer of its own.
        create: The beginning of a statement that keeps a select as `{table}`.
        trimmed: `{column}` without what matches the pattern `{around}`.
        contains: Whether `{column}` contains `{word}`, in upper or lower case.
        day: Return the local date of `created_at` in a zone.
        instant: The instant that is `{text}`.
        integer: The type of a count.
        pattern: Return the word as `contains` needs it.
    """

    by_integration: bool
    execute: Callable[[str], object]
    fetch: Callable[[str], object]
    create: str
    trimmed: str
    contains: str
    day: Callable[[str], str]
    instant: str
    integer: str
    literal: Callable[[str], str] = quoted
    pattern: Callable[[str], str] = str

    def __post_init__(self) -> None:
        """Begin each key with the integration, or not."""
        self._by = f"{INTEGRATION}, " if self.by_integration else ""

    def ways(self) -> dict[str, Way]:
        """Return the ways to answer."""
        return {
            "grouping sets": self._grouping_sets,
            "a query a section": lambda it: self._grouped(f"({self._matching(it)})"),
            "filtered once": self._filtered_once,
        }

    def _grouping_sets(self, question: Question) -> Answer:
        keys = ("day", *DEFAULTS)
        names = ", ".join(keys)
        sets = ", ".join(f"({self._by}{key}, status)" for key in keys)
        select = f"""
            SELECT {self._by}{names}, status, count(*) AS n, grouping({names}) AS others
            FROM ({self._matching(question)}) AS matching
            GROUP BY GROUPING SETS ({sets})
        """
        table = self._keep("grouped", select)
        # GROUPING has a bit for each key that is not grouped, the first key's highest.
        every = (1 << len(keys)) - 1
        bits = {key: every - (1 << place) for place, key in enumerate(reversed(keys))}
        select = "SELECT {}{} AS value, status, n FROM {} WHERE others = {}"
        return self._answer(lambda key: select.format(self._by, key, table, bits[key]))

    def _filtered_once(self, question: Question) -> Answer:
        return self._grouped(self._keep("matching", self._matching(question)))

    def _grouped(self, table: str) -> Answer:
        select = "SELECT {0}{1} AS value, status, count(*) AS n FROM {2} AS matching "
        select += "GROUP BY {0}{1}, status"
        return self._answer(lambda key: select.format(self._by, key, table))

    def _answer(self, groups: Callable[[str], str]) -> Answer:
        day = self._section(groups("day"), "value", "text AS day")
        selects = {"trends": f"{day} GROUP BY {self._by}day ORDER BY {self._by}day"}
        selects["trends"] += " NULLS FIRST"
        text, empty = f"coalesce({self._trim('value')}, '')", self._sum("text = ''")
        for name, default in DEFAULTS.items():
            label = f"CASE WHEN text = '' THEN '{default}' ELSE text END AS value"
            columns = f"{label}, {self._sum('true')} AS count, {empty} AS unset"
            selects[name] = f"""
                {self._section(groups(name), text, columns)}
                GROUP BY {self._by}value ORDER BY {self._by}count DESC, value
            """
        return {name: self.fetch(select) for name, select in selects.items()}

    def _section(self, groups: str, text: str, columns: str) -> str:
        """Return a select of a section from one of raw `value, status, n`."""
        good, bad = (", ".join(map(quoted, it)) for it in (SUCCESSFUL, FAILED))
        word = f"coalesce(lower({self._trim('status')}), '')"
        return f"""
            SELECT {self._by}{columns}, {self._sum(f"word IN ({good})")} AS successful,
                {self._sum(f"word IN ({bad})")} AS failed,
                {self._sum(f"word NOT IN ({good}, {bad})")} AS other
            FROM (SELECT {self._by}{text} AS text, {word} AS word, n
                  FROM ({groups}) AS groups) AS words
        """

    def _matching(self, question: Question) -> str:
        tests = [
            f"{column} {_OPERATORS[compare]} {self._value(value)}"
            for column, compare, value in question.conditions
        ]
        tests += map(self._found, question.words)
        return f"""
            SELECT {self._by}{self.day(question.timezone)} AS day,
                {", ".join(DEFAULTS)}, status
            FROM records WHERE {" AND ".join(tests) or "true"}
        """

    def _value(self, value: str | datetime) -> str:
        if isinstance(value, str):
            return self.literal(value)
        return self.instant.format(text=f"'{value:%Y-%m-%d %H:%M:%S.%f}'")

    def _found(self, word: str) -> str:
        literal = self.literal(self.pattern(word))
        found = (self.contains.format(column=name, word=literal) for name in SEARCHED)
        return f"({' OR '.join(found)})"

    def _keep(self, table: str, select: str) -> str:
        self.execute(f"{self.create.format(table=table)} {select}")
        return table

    def _trim(self, column: str) -> str:
        around = self.literal(f"^{_INVISIBLE}|{_INVISIBLE}$")
        return self.trimmed.format(column=column, around=around)

    def _sum(self, condition: str) -> str:
        counted = f"sum(CASE WHEN {condition} THEN n ELSE 0 END)"
        return f"CAST({counted} AS {self.integer})"
