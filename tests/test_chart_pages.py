"""The pages of charts in a real browser, headless and without a network."""

import json
import os
import shutil
from collections.abc import Callable, Iterator
from datetime import date, timedelta
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from selenium import webdriver
from selenium.webdriver.chrome.service import Service
from selenium.webdriver.common.action_chains import ActionChains
from selenium.webdriver.common.by import By
from selenium.webdriver.remote.webelement import WebElement
from selenium.webdriver.support.wait import WebDriverWait

from stats_core import AppointmentStatistics, StatisticsQuery, appointment_statistics
from stats_core.charts import DashboardChart, dashboard_chart
from stats_core.sample import sample_records
from stats_core.schema import OUTCOMES

FIRST = date(2024, 5, 1)
WORDS = {"successful": "success", "failed": "failed", "other": "noshow"}
SIZE = 1_000, 1_400


@pytest.fixture(scope="module")
def chromium() -> Iterator[webdriver.Chrome]:
    binary, driver = shutil.which("chromium"), shutil.which("chromedriver")
    if not (binary and driver):
        if os.environ.get("CI"):
            pytest.fail("no Chromium and chromedriver, which .ci/run installs")
        pytest.skip("no Chromium and chromedriver on this machine")
    options = webdriver.ChromeOptions()
    options.binary_location = binary
    options.add_argument("--headless=new")
    options.add_argument("--no-sandbox")  # which root cannot have
    options.add_argument("--hide-scrollbars")
    options.add_argument("--window-size={},{}".format(*SIZE))
    options.add_argument("--host-resolver-rules=MAP * ~NOTFOUND")
    options.set_capability(
        "goog:loggingPrefs", {"browser": "ALL", "performance": "ALL"}
    )
    browser = webdriver.Chrome(options, Service(driver))
    yield browser
    browser.quit()


class Page:
    """A page that is open; whatever it asked of a network or complained of is found."""

    def __init__(self, browser: webdriver.Chrome, file: Path) -> None:
        self.browser = browser
        self.log("performance")
        browser.get(file.as_uri())
        WebDriverWait(browser, 20).until(lambda _: self.all("svg"))
        assert self.requests() == [file.as_uri()]
        assert self.log("browser") == []

    def log(self, kind: str) -> list[dict[str, Any]]:
        """What is new in a log of the browser."""
        found: list[dict[str, Any]] = self.browser.get_log(kind)  # type: ignore[no-untyped-call]
        return found

    def requests(self) -> list[str]:
        logged = (
            json.loads(entry["message"])["message"] for entry in self.log("performance")
        )
        sent = [it["params"] for it in logged if it["method"] == _REQUEST]
        return [it["request"]["url"] for it in sent]

    def all(self, selector: str) -> list[WebElement]:
        return self.browser.find_elements(By.CSS_SELECTOR, selector)

    def run(self, script: str, *arguments: object) -> Any:
        return self.browser.execute_script(script, *arguments)

    def texts(self, selector: str = "svg") -> list[str]:
        """Every text in it; one of several lines with spaces between them."""
        found: list[str] = self.run(
            "return [...document.querySelectorAll(arguments[0])].map(it =>"
            " it.children.length ? [...it.children].map(line => line.textContent)"
            ".join(' ') : it.textContent)",
            f"{selector} text",
        )
        return found

    def labels(self, axis: str) -> list[str]:
        return self.texts(f"[aria-label^='{axis}-axis'] .role-axis-label")

    def marks(self, kind: str) -> list[dict[str, str]]:
        """What every mark of a kind tells screen readers."""
        return [_told(it) for it in self.all(f"[aria-roledescription='{kind}']")]

    def bars(self) -> list[dict[str, str]]:
        return [bar for bar in self.marks("bar") if "label" in bar]

    def boxes(self, selector: str) -> list[dict[str, float]]:
        found: list[dict[str, float]] = self.run(
            "return [...document.querySelectorAll(arguments[0])]"
            ".map(it => it.getBoundingClientRect().toJSON())",
            selector,
        )
        return found

    def tooltip(self, element: WebElement) -> dict[str, str]:
        ActionChains(self.browser).move_to_element(element).perform()
        shown = WebDriverWait(self.browser, 5).until(
            lambda _: self.all("#vg-tooltip-element.visible tr")
        )
        cells = (row.find_elements(By.TAG_NAME, "td") for row in shown)
        return {key.text: value.text for key, value in cells}

    def background(self) -> str:
        colour: str = self.run("return getComputedStyle(document.body).backgroundColor")
        return colour


_REQUEST = "Network.requestWillBeSent"
Open = Callable[[DashboardChart], Page]


def _told(element: WebElement) -> dict[str, str]:
    label = element.get_attribute("aria-label") or ""
    pairs = (part.partition(": ") for part in label.split("; "))
    return {key: value for key, _, value in pairs}


@pytest.fixture
def open_page(chromium: webdriver.Chrome, tmp_path: Path) -> Iterator[Open]:
    def show(chart: DashboardChart) -> Page:
        file = tmp_path / "page.html"
        chart.save(file)
        return Page(chromium, file)

    yield show
    chromium.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": ""})
    chromium.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": []})


def prefer(page: Page, scheme: str) -> None:
    features = [{"name": "prefers-color-scheme", "value": scheme}]
    page.browser.execute_cdp_cmd("Emulation.setEmulatedMedia", {"features": features})


def of_days(*counts: tuple[int, int, int]) -> AppointmentStatistics:
    records: list[dict[str, Any]] = [
        {"created_at": FIRST + timedelta(day), "status": WORDS[outcome]}
        for day, outcomes in enumerate(counts)
        for outcome, count in zip(OUTCOMES, outcomes, strict=True)
        for _ in range(count)
    ]
    return appointment_statistics(records)


def of_sources(*values: str) -> AppointmentStatistics:
    return appointment_statistics(
        [{"created_at": FIRST, "status": "success", "source": it} for it in values]
    )


THREE = of_days((1_200, 300, 7), (0, 0, 0), (5, 0, 1))


def test_the_figures_are_in_the_page(open_page: Open) -> None:
    texts = open_page(dashboard_chart(THREE)).texts()
    for name, figure in (
        *(("total", "1,513"), ("successful", "1,205"), ("failed", "300")),
        *(("other", "8"), ("success rate", "80.1%")),
    ):
        assert name in texts
        assert figure in texts
    assert "1 May 2024 to 3 May 2024, by day" in texts
    assert "1,513 (100.0%)" in texts


def test_bars_have_the_counts_and_their_heights(open_page: Open) -> None:
    page = open_page(dashboard_chart(THREE))
    found = {
        (bar["label"], bar["outcome"]): bar["records"].replace(",", "")
        for bar in page.bars()
    }
    assert found == {
        (f"{day.day} May 2024", outcome): str(count)
        for day, *outcomes in THREE.trends_filled().iter_rows()
        for outcome, count in zip(OUTCOMES, outcomes, strict=True)
    }
    boxes = page.boxes("[aria-roledescription='bar'][aria-label^='label: 1 May']")
    heights = [box["height"] for box in boxes]
    assert heights[0] / heights[1] == pytest.approx(1_200 / 300, rel=0.02)
    assert boxes[0]["top"] == pytest.approx(boxes[1]["bottom"], abs=0.5)
    assert len({box["left"] for box in boxes}) == 1


def test_axes_have_the_days_and_round_numbers(open_page: Open) -> None:
    page = open_page(dashboard_chart(THREE))
    assert page.labels("X") == ["1 May 2024", "2 May 2024", "3 May 2024"]
    assert {"0", "500", "1,000", "1,500"} <= {*page.labels("Y")}
    assert {"not set", "direct"} <= {*page.labels("Y")}


def test_pointing_at_a_bar_shows_exact_figures(open_page: Open) -> None:
    page = open_page(dashboard_chart(THREE))
    [bar, *_] = page.all("[aria-roledescription='bar'][aria-label^='label: 1 May']")
    assert page.tooltip(bar) == {
        "period": "Wednesday, 1 May 2024",
        "total": "1,507",
        "successful": "1,200",
        "failed": "300",
        "other": "7",
        "success rate": "80.0%",
    }
    [bar] = page.all("[aria-roledescription='bar'][aria-label*='direct; outcome: su']")
    assert page.tooltip(bar) == {
        "value": "direct",
        "total": "1,513",
        "successful": "1,205",
        "failed": "300",
        "other": "8",
        "share": "100.0%",
        "success rate": "80.1%",
    }


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Auckland"])
def test_no_time_zone_of_a_browser_moves_a_day(
    chromium: webdriver.Chrome, open_page: Open, zone: str
) -> None:
    chromium.execute_cdp_cmd("Emulation.setTimezoneOverride", {"timezoneId": zone})
    page = open_page(dashboard_chart(THREE))
    used = page.run("return Intl.DateTimeFormat().resolvedOptions().timeZone")
    assert used == zone
    assert page.labels("X") == ["1 May 2024", "2 May 2024", "3 May 2024"]
    assert page.bars()[0]["period"] == "Wednesday, 1 May 2024"


HOSTILE = (
    *("<script>window.hit = 1</script>", "</script><script>window.hit = 1</script>"),
    *("<img src=x onerror='window.hit = 1'>", "<!--", "&lt;b&gt;", "'\"\\u0027"),
)


def test_markup_in_values_is_text(open_page: Open) -> None:
    query = StatisticsQuery(search="</script><script>window.hit = 1</script>")
    chart = dashboard_chart(of_sources(*HOSTILE), title=HOSTILE[1], query=query)
    page = open_page(chart)
    assert page.browser.title == HOSTILE[1]
    assert HOSTILE[1] in page.texts()
    assert {bar["value"] for bar in page.marks("bar") if "value" in bar} >= {*HOSTILE}
    for bar in page.all("[aria-roledescription='bar'][aria-label*='outcome: su']"):
        if "key" in _told(bar):
            assert page.tooltip(bar)["value"] == _told(bar)["value"]
    assert page.run("return window.hit") is None
    assert len(page.all("script")) == 2
    assert page.all("img") == []


def test_long_and_foreign_names_are_readable(open_page: Open) -> None:
    names = ["x" * 150, "診療所の春のキャンペーン" * 9, "مرحبا بالعالم", "e\u0301" * 90]
    page = open_page(dashboard_chart(of_sources(*names)))
    labels = page.boxes("[aria-label^='Y-axis'] .role-axis-label text")
    assert max(box["width"] for box in labels) <= 160
    bars = page.all("[aria-roledescription='bar'][aria-label*='outcome: su']")
    shown = [page.tooltip(bar)["value"] for bar in bars if "value" in _told(bar)]
    assert {*names} <= {*shown}


@pytest.mark.parametrize("days", [1, 2, 7, 106, 107, 1_000])
def test_any_number_of_days_is_readable(open_page: Open, days: int) -> None:
    page = open_page(dashboard_chart(of_days(*[(1, 1, 0)] * days)))
    bars = page.boxes("[aria-roledescription='bar'][aria-label^='label']")
    assert 3 <= len(bars) <= 3 * 106
    assert 3 <= max(box["width"] for box in bars) <= 60
    shown = "[aria-label^='X-axis'] .role-axis-label text:not([opacity='0'])"
    for box, following in pairwise(page.boxes(shown)):
        assert box["right"] < following["left"]
    assert page.boxes(shown)[0]["width"]
    [picture] = page.boxes("svg")
    assert max(box["right"] for box in bars) <= picture["right"]
    assert picture["width"] <= SIZE[0]


def test_nothing_counted_is_an_honest_page(open_page: Open) -> None:
    page = open_page(dashboard_chart(AppointmentStatistics.empty("Asia/Tokyo")))
    texts = page.texts()
    assert "days in Asia/Tokyo" in texts
    assert "no appointment was counted" in texts
    assert "0" in texts
    assert page.marks("bar") == []


def test_records_without_a_day_have_no_trend(open_page: Open) -> None:
    stats = appointment_statistics([{"created_at": None, "status": "failed"}])
    page = open_page(dashboard_chart(stats))
    assert "no appointment has a date" in page.texts()
    assert page.bars() == []


def test_both_answers_are_shown(open_page: Open) -> None:
    before = of_days(*[(1, 1, 1)] * 30)
    page = open_page(dashboard_chart(THREE, before=before))
    texts = page.texts()
    compared = "compared with 90 before of 1 May 2024 to 30 May 2024: the upright marks"
    assert compared in " ".join(texts)
    assert "before 90, +1581.1%" in texts
    assert "before 50.0%" in texts
    assert "Before: 1 May 2024 to 30 May 2024, by day" in texts
    assert len(page.bars()) == 3 * (3 + 30)
    [tick] = page.all("[aria-roledescription='tick'][aria-label*='direct']")
    shown = page.tooltip(tick)
    assert (shown["before"], shown["change"]) == ("90", "+1581.1%")


def test_readers_have_their_light_or_dark(open_page: Open) -> None:
    page = open_page(dashboard_chart(THREE))
    prefer(page, "dark")
    WebDriverWait(page.browser, 5).until(lambda _: page.background() == _DARK)
    prefer(page, "light")
    WebDriverWait(page.browser, 5).until(lambda _: page.background() == _LIGHT)
    assert page.log("browser") == []


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_theme_that_is_named_is_for_all_readers(open_page: Open, theme: Any) -> None:
    page = open_page(dashboard_chart(THREE, theme=theme))
    prefer(page, "light" if theme == "dark" else "dark")
    assert page.background() == {"light": _LIGHT, "dark": _DARK}[theme]


_LIGHT, _DARK = "rgb(255, 255, 255)", "rgb(13, 17, 23)"


def test_great_figures_do_not_touch_each_other(open_page: Open) -> None:
    frame = sample_records(900).drop("integration_id").collect()
    small = appointment_statistics(frame)
    counts = small.frame.select("count", "unset", *OUTCOMES) * 10**12
    stats = AppointmentStatistics(small.frame.with_columns(counts))
    page = open_page(dashboard_chart(stats))
    boxes = page.boxes("[aria-label*='figure:']")
    assert len(boxes) == 5
    for box, following in pairwise(boxes):
        assert box["right"] < following["left"]


def test_hours_of_the_week_are_a_map(open_page: Open) -> None:
    words = *("success",) * 3, "failed", "late", None
    records = [{"created_at": "2024-05-05T23:30:00Z", "status": it} for it in words]
    records += [{"created_at": "2024-05-06T00:00:00Z", "status": None}]
    stats = appointment_statistics(records, hours=True)
    page = open_page(dashboard_chart(stats, before=stats))
    fields = page.all("[aria-roledescription='rect mark']")
    assert len(fields) == 2 * 7 * 24
    [last, _] = page.all("[aria-label*='time: 23:00 to 23:59'][aria-label*='Sunday']")
    assert page.tooltip(last) == {
        "weekday": "Sunday",
        "time": "23:00 to 23:59",
        "total": "6",
        "successful": "3",
        "failed": "1",
        "other": "2",
        "success rate": "75.0%",
    }
    colours = {field.value_of_css_property("fill") for field in fields}
    assert len(colours) == 3
    assert {"Monday", "Sunday"} <= {*page.labels("Y")}
