import io
import json
import sys
from pathlib import Path

import polars as pl
import pytest
from typer.testing import CliRunner

from stats_core import StatisticsQuery, appointment_statistics
from stats_core.charts import dashboard_chart
from stats_core.cli import app as commands
from stats_core.cli.options import WrongUsageError, parsed_request
from stats_core.cli.pictures import Pictures
from stats_core.request import Request
from stats_core.sample import integration_ids, sample_records

ID = integration_ids(1)[0]


class Answer:
    def __init__(self, *arguments: object) -> None:
        words = list(map(str, arguments))
        result = CliRunner().invoke(commands.app, words, prog_name="stats-core")
        self.code, self.out, self.err = result.exit_code, result.stdout, result.stderr


@pytest.fixture
def sample(tmp_path: Path) -> Path:
    path = tmp_path / "sample.parquet"
    sample_records(300).collect().write_parquet(path)
    return path


def test_report_draws_its_answer_in_every_format(sample: Path) -> None:
    words = ["report", sample, "--integration-id", ID, "--start=2024-03-01"]
    words += [
        "--timezone=Asia/Tokyo",
        "--where=outcome=failed",
        "--where=source=website",
    ]
    paths = [sample.with_name(f"may.{form}") for form in ("html", "png", "svg")]
    drawn = Answer(*words, *(it for p in paths for it in (f"--{p.suffix[1:]}", p)))
    assert (drawn.code, drawn.err) == (0, "")
    assert drawn.out == Answer(*words).out
    query = StatisticsQuery(start="2024-03-01")
    where = {"outcome": "failed", "source": "website"}
    stats = appointment_statistics(
        pl.read_parquet(sample),
        query,
        integration_id=ID,
        where=where,
        timezone="Asia/Tokyo",
    )
    title = f"Appointments of {ID}"
    chart = dashboard_chart(stats, title=title, query=query, where=where)
    assert paths[0].read_text("utf-8") == chart.to_html()
    assert paths[1].read_bytes().startswith(b"\x89PNG")
    chart.save(svg := io.StringIO(), "svg")
    assert paths[2].read_text("utf-8") == svg.getvalue()


def test_merge_draws_what_it_adds_up(sample: Path) -> None:
    part, page = sample.with_name("part.parquet"), sample.with_name("page.html")
    Answer("tally", sample, "--integration-id", ID, "--out", part)
    merged = Answer("merge", part, "--html", page)
    assert (merged.code, merged.err) == (0, "")
    total = json.loads(merged.out)["overview"]["total"]
    assert f'"figure": "{total}"' in page.read_text("utf-8")


def test_merge_draws_the_filters_of_its_parts(sample: Path) -> None:
    part, pages = sample.with_name("part.parquet"), ("a.svg", "b.svg")
    words = ["--integration-id", ID, "--where=outcome=failed", "--where=kind=NP"]
    words += ["--breakdown=kind=appointment_type", "--search=a", "--search-in=source"]
    words += ["--appointment-type=NP", "--timezone=Asia/Tokyo"]
    drawn = [sample.with_name(name) for name in pages]
    Answer("tally", sample, *words, "--out", part)
    assert Answer("merge", part, "--svg", drawn[0]).code == 0
    assert Answer("report", sample, *words, "--svg", drawn[1]).code == 0
    assert drawn[0].read_text("utf-8") == drawn[1].read_text("utf-8")
    assert "kind is NP" in drawn[0].read_text("utf-8")


@pytest.mark.parametrize("option", ["--html", "--png", "--svg"])
def test_each_integration_has_no_picture(sample: Path, option: str) -> None:
    file = sample.with_name("x")
    answer = Answer("report", sample, "--each-integration", option, file)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == f"{option}: not together with --each-integration\n"
    part = sample.with_name("part.parquet")
    Answer("tally", sample, "--each-integration", "--out", part)
    answer = Answer("merge", part, option, file)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == f"{option}: the parts are of each integration\n"
    assert not file.exists()


def test_a_picture_never_replaces_records(sample: Path) -> None:
    before = sample.read_bytes()
    for words in (["report", sample, "--integration-id", ID], ["merge", sample]):
        answer = Answer(*words, "--svg", sample)
        assert (answer.code, answer.out) == (2, "")
        assert "is among the records" in answer.err
    assert sample.read_bytes() == before


def test_two_pictures_are_never_one_file(sample: Path) -> None:
    page, same = sample.with_name("x.html"), sample.parent / "." / "x.html"
    words = ["report", sample, "--integration-id", ID, "--html", page, "--png", same]
    link = sample.with_name("link.svg")
    link.symlink_to(page)
    answer = Answer(*words, "--svg", link)
    assert (answer.code, answer.out) == (2, "")
    assert answer.err == (
        f"--png {same}: is the file of --html\n--svg {link}: is the file of --html\n"
    )
    assert not page.exists()


def test_where_nothing_can_be_written_nothing_is_read(sample: Path) -> None:
    file = sample.parent / "nowhere" / "x.html"
    records = sample.with_name("none.parquet")
    answer = Answer("report", records, "--html", file)
    assert (answer.code, answer.out) == (1, "")
    assert answer.err == f"{file}: no such folder\n"


def test_without_the_extra_the_option_says_what_it_needs(
    monkeypatch: pytest.MonkeyPatch, sample: Path
) -> None:
    for name in [name for name in sys.modules if name.startswith("stats_core.charts")]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "altair", None)
    with pytest.raises(WrongUsageError, match=r"--png: pictures need an extra: .*\[ch"):
        Pictures(Request(), png=sample.with_name("x.png"))


def test_no_picture_needs_no_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "stats_core.charts", None)
    pictures = Pictures(parsed_request({}), html=None)
    pictures.draw((Request(), pl.DataFrame()))
    assert pictures.files == []


def test_a_comparison_is_drawn_with_both_answers(sample: Path) -> None:
    page = sample.with_name("page.html")
    words = ["report", sample, "--integration-id", ID, "--compare=year"]
    words += ["--start=2025-02-01", "--end=2025-02-28", "--html", page]
    answer = Answer(*words)
    assert (answer.code, answer.err) == (0, "")
    total = json.loads(answer.out)["total"]
    html = page.read_text("utf-8")
    assert f"compared with {total['before']} before of" in html
    assert f'"figure": "{total["now"]}"' in html
    assert "1 Feb 2025 to 28 Feb 2025, by day" in html
    assert "Before: 1 Feb 2024 to 28 Feb 2024, by day" in html
