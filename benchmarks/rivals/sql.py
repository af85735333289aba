"""The contract in SQL: raw groups first, labels on the few groups afterwards."""

from collections.abc import Callable
from typing import NamedTuple

from benchmarks.question import SEARCHED, Question
from benchmarks.rivals.contract import DEFAULTS, FAILED, SUCCESSFUL

SECTIONS = ("trends", *DEFAULTS)
# The column of each section, in one select.
KEYS = ("day", *DEFAULTS)
_INVISIBLE = r"[\p{Z}\p{Cc}\p{Cf}]+"


class Dialect(NamedTuple):
    """How a database says what SQL has no common words for; templates of `format`.

    Attributes:
        trimmed: `{column}` without what matches the pattern `{around}`.
        contains: Whether `{column}` holds a `{word}`, whatever its case.
        literal: A word as `contains` takes it for itself, not for a pattern.
        backslashed: Whether a backslash escapes in a string literal.
        instant: The instant that is `{text}`.
        integer: The type of a count.
    """

    trimmed: str
    contains: str
    literal: Callable[[str], str]
    backslashed: bool
    instant: str
    integer: str

    def where(self, question: Question) -> str:
        """The condition on a raw record."""
        conditions = []
        if question.appointment_type is not None:
            conditions.append(
                f"appointment_type = {self.quoted(question.appointment_type)}"
            )
        for sign, bound in ((">=", question.start), ("<", question.end)):
            if bound is not None:
                text = self.quoted(f"{bound:%Y-%m-%d %H:%M:%S.%f}")
                conditions.append(f"created_at {sign} {self.instant.format(text=text)}")
        conditions += (self._found(word) for word in question.words)
        return " AND ".join(conditions) or "true"

    def section(self, name: str, groups: str) -> str:
        """A section of the answer from a select of its raw `value, status, n`."""
        return (
            self._trends(groups) if name == "trends" else self._breakdown(name, groups)
        )

    def quoted(self, text: str) -> str:
        """A string literal."""
        escaped = text.replace("\\", "\\\\") if self.backslashed else text
        return "'" + escaped.replace("'", "''") + "'"

    def _around(self) -> str:
        return self.quoted(f"^{_INVISIBLE}|{_INVISIBLE}$")

    def _found(self, word: str) -> str:
        literal = self.quoted(self.literal(word))
        found = (self.contains.format(column=name, word=literal) for name in SEARCHED)
        return f"({' OR '.join(found)})"

    def _trends(self, groups: str) -> str:
        return f"""
            SELECT value AS day, {self._outcomes()}
            FROM (SELECT value, {self._word()} AS word, n FROM ({groups}) AS groups)
            AS words GROUP BY value ORDER BY day NULLS FIRST
        """

    def _breakdown(self, name: str, groups: str) -> str:
        text = self.trimmed.format(column="value", around=self._around())
        return f"""
            SELECT CASE WHEN text = '' THEN {self.quoted(DEFAULTS[name])} ELSE text END
                AS value, {self._sum("true")} AS count,
                {self._sum("text = ''")} AS unset, {self._outcomes()}
            FROM (SELECT coalesce({text}, '') AS text, {self._word()} AS word, n
                  FROM ({groups}) AS groups) AS words
            GROUP BY value ORDER BY count DESC, value
        """

    def _word(self) -> str:
        return f"lower({self.trimmed.format(column='status', around=self._around())})"

    def _outcomes(self) -> str:
        good, bad = (
            ", ".join(map(self.quoted, words)) for words in (SUCCESSFUL, FAILED)
        )
        other = f"coalesce(word NOT IN ({good}, {bad}), true)"
        return f"""
            {self._sum(f"word IN ({good})")} AS successful,
            {self._sum(f"word IN ({bad})")} AS failed,
            {self._sum(other)} AS other
        """

    def _sum(self, condition: str) -> str:
        counted = f"sum(CASE WHEN {condition} THEN n ELSE 0 END)"
        return f"CAST({counted} AS {self.integer})"
