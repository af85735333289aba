import inspect
import pydoc
from datetime import date

import pytest

import stats_core
from stats_core import AppointmentIndex, RecordLayout, StatisticsQuery


class LocalQuery(StatisticsQuery):
    timezone: str = "UTC"


@pytest.mark.parametrize(
    ("model", "text"),
    [
        (StatisticsQuery(), "StatisticsQuery()"),
        (
            StatisticsQuery(start="2024-05-01", size=300, page=2),
            f"StatisticsQuery(page=2, start={date(2024, 5, 1)!r})",
        ),
        (LocalQuery(timezone="Asia/Tokyo"), "LocalQuery(timezone='Asia/Tokyo')"),
        (RecordLayout(), "RecordLayout()"),
        (
            RecordLayout(failed={"no"}, breakdowns={"clinic": "place"}),
            """RecordLayout(breakdowns=FrozenMapping({'clinic': 'place'}), failed=frozenset({'no'}))""",
        ),
    ],
    ids=str,
)
def test_a_text_has_only_what_is_not_a_default(
    model: StatisticsQuery | RecordLayout, text: str
) -> None:
    assert repr(model) == text


@pytest.mark.parametrize("model", [StatisticsQuery, LocalQuery, RecordLayout])
def test_a_signature_has_the_parameters_without_their_validators(
    model: type[StatisticsQuery | RecordLayout],
) -> None:
    found = inspect.signature(model)
    fields = {it.alias or name: it for name, it in model.model_fields.items()}
    assert [*found.parameters] == [*fields]
    assert "Annotated" not in str(found)


@pytest.mark.parametrize("name", stats_core.__all__)
def test_help_shows_short_signatures(name: str) -> None:
    shown = pydoc.plain(pydoc.render_doc(getattr(stats_core, name)))
    [signature] = [line for line in shown.splitlines() if f"{name}(" in line][:1]
    assert "Annotated" not in signature
    assert "LazyFrame" not in signature
    assert "0x" not in signature


def test_the_longest_signature_of_a_function_is_short() -> None:
    functions = (
        stats_core.appointment_statistics,
        stats_core.statistics_by_integration,
        AppointmentIndex.statistics,
    )
    assert max(len(str(inspect.signature(it))) for it in functions) < 450
