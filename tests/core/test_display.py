"""How numbers, dates, icons and charts are written."""

import html
import itertools
import json
import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from django.template import Context, Template, TemplateSyntaxError
from django.utils import timezone, translation
from hypothesis import given
from hypothesis import strategies as st

from headwater.core.counting import AtLeast
from headwater.core.display import assets, charts, dates, figures, heat, parts, sankey

STATIC = assets.FOLDER
NOW = datetime(2026, 11, 24, 9, 0, tzinfo=UTC)


# --- Figures ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (0, "0"),
        (1284, "1,284"),
        (21306, "21,306"),
        (2.5, "2.5"),
        (2.0, "2"),
        (AtLeast(1000), "1,000+"),
        (None, "–"),
    ],
)
def test_a_number_is_grouped(value: float | None, shown: str) -> None:
    assert figures.number(value) == shown


def test_a_number_follows_the_language() -> None:
    with translation.override("fr"):
        assert figures.number(1284).replace("\u202f", " ").replace("\xa0", " ") == "1 284"


@pytest.mark.parametrize(
    ("seconds", "shown"),
    [
        (0.3, "0.3\u00a0s"),
        (40, "40\u00a0s"),
        (90, "2\u00a0min"),
        (7560, "2\u00a0h\u00a006"),
        (3600 * 76, "3\u00a0d\u00a04\u00a0h"),
        (None, "–"),
    ],
)
def test_a_duration_has_two_units_at_the_most(seconds: float | None, shown: str) -> None:
    assert figures.duration(seconds) == shown


@given(st.integers(min_value=0, max_value=10**7))
def test_no_duration_has_sixty_minutes(seconds: int) -> None:
    shown = figures.duration(timedelta(seconds=seconds))
    assert "60 min" not in shown
    assert "h 60" not in shown


@pytest.mark.parametrize(("count", "shown"), [(0, "1 min"), (12, "12 min"), (599, "599 min"), (4701, "78 h")])
def test_what_is_read_for_days_is_told_in_hours(count: int, shown: str) -> None:
    assert figures.minutes(count) == shown


def test_a_share_of_nothing_is_a_dash() -> None:
    assert figures.percent(3, 0) == "–"
    assert figures.percent(190, 214) == "89 %"


@pytest.mark.parametrize(("count", "shown"), [(12, "12 B"), (1900, "1.9 kB"), (61_000_000_000, "61 GB"), (None, "–")])
def test_bytes_have_the_largest_unit(count: int | None, shown: str) -> None:
    assert figures.size(count) == shown


def test_a_figure_opens_its_list() -> None:
    shown = figures.figure(1284, "/list/", tone="bad", label="overdue")
    assert shown == '<a class="fig tone-bad" href="/list/"><bdi>1,284</bdi><span class="sr-only"> overdue</span></a>'
    assert figures.figure(3) == '<span class="fig"><bdi>3</bdi></span>'


# --- Dates ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("moment", "shown"),
    [
        (NOW - timedelta(hours=2), "today 07:00"),
        (NOW - timedelta(days=1), "yesterday 09:00"),
        (NOW + timedelta(days=1), "tomorrow 09:00"),
        (NOW + timedelta(days=2), "Thu 26 Nov 09:00"),
        (NOW - timedelta(days=400), "20 Oct 2025"),
    ],
)
def test_a_moment_is_said_as_people_say_it(moment: datetime, shown: str) -> None:
    assert dates.when_words(moment, NOW) == shown


@pytest.mark.parametrize(
    ("due", "title", "note", "state"),
    [
        (NOW - timedelta(hours=20), "Overdue", "since yesterday 13:00", "late"),
        (NOW + timedelta(hours=8), "Today", "by 17:00", "today"),
        (NOW + timedelta(days=2, hours=8), "Thursday", "26 Nov, 17:00", "soon"),
        (NOW + timedelta(days=6), "Mon 30 Nov", "in 4 working days", "later"),
    ],
)
def test_the_due_column(due: datetime, title: str, note: str, state: str) -> None:
    assert dates.due_words(due, NOW) == dates.Due(title, note, state)


@pytest.mark.parametrize("said", [dates.when, dates.due])
def test_each_reader_has_their_own_zone_and_language(said: Callable[[datetime], str]) -> None:
    """What was said to one is kept, and must not be said to the next."""
    moment = datetime(2031, 5, 6, 10, 0, 42, tzinfo=UTC)
    seen = {}
    for zone, language in itertools.product(("UTC", "Asia/Kathmandu"), ("en", "de")):
        with timezone.override(zone), translation.override(language):
            seen[zone, language] = said(moment)
    assert len(set(seen.values())) == 4
    assert "2031-05-06T10:00+00:00" in seen["UTC", "de"]
    assert "2031-05-06T15:45+05:45" in seen["Asia/Kathmandu", "en"]
    with timezone.override("Asia/Kathmandu"):
        assert said(moment.astimezone(ZoneInfo("Europe/Lisbon"))) == seen["Asia/Kathmandu", "en"]


def test_a_deadline_is_late_from_its_second_on(monkeypatch: pytest.MonkeyPatch) -> None:
    due = datetime(2026, 3, 2, 10, 0, 30, tzinfo=UTC)
    monkeypatch.setattr("django.utils.timezone.now", lambda: due)
    assert "is-today" in dates.due(due)
    monkeypatch.setattr("django.utils.timezone.now", lambda: due + timedelta(seconds=1))
    assert "is-late" in dates.due(due)


def test_a_range_of_hours_is_never_mirrored() -> None:
    assert 'dir="ltr"' in dates.span(NOW, NOW + timedelta(hours=1))


# --- Icons and built files --------------------------------------------------------------------------------------------


def test_an_icon_is_decoration_unless_it_has_a_label() -> None:
    assert 'aria-hidden="true"' in assets.icon("inbox")
    assert 'role="img" aria-label="Disputed"' in assets.icon("flag", label="Disputed")


def test_an_unknown_icon_is_refused() -> None:
    with pytest.raises(LookupError, match=r"add it to assets/icons\.txt"):
        assets.icon("no-such-thing")


def test_every_icon_named_in_a_template_is_in_the_sprite() -> None:
    import re

    root = STATIC.parents[2]
    named = re.compile(r'{% icon "([a-z0-9-]+)"|icon="([a-z0-9-]+)"|{% state [^%]*? "[a-z]*" "([a-z0-9-]+)"')
    used = {
        (name, path.name)
        for path in root.rglob("templates/**/*.html")
        for found in named.findall(path.read_text())
        for name in found
        if name
    }
    missing = [(name, page) for name, page in used if name not in assets.icon_names()]
    assert not missing


def test_built_files_name_no_source_map_and_no_other_host() -> None:
    for path in [*STATIC.glob("*.css"), *STATIC.glob("*.js")]:
        text = path.read_text()
        assert "sourceMappingURL" not in text, path
        assert 'url("data:' not in text, path
        assert "url(http" not in text, path


def test_the_address_of_a_built_file_changes_with_it() -> None:
    address = assets.asset("headwater.css")
    assert address.startswith("/static/headwater/headwater.css?v=")
    assert len(address.rsplit("=", 1)[1]) == 10


def test_every_file_that_a_style_sheet_names_is_there() -> None:
    import re

    for sheet in STATIC.glob("*.css"):
        for name in re.findall(r"url\(\"?([^)\"#]+)\"?\)", sheet.read_text()):
            assert (STATIC / name).is_file(), (sheet.name, name)


def test_templates_have_no_inline_script_or_style() -> None:
    import re

    root = STATIC.parents[2]
    banned = re.compile(r"<script(?![^>]*\bsrc=)|<style|\sstyle=|\son[a-z]+=|javascript:", re.IGNORECASE)
    found = [
        str(path.relative_to(root))
        for path in root.rglob("templates/**/*.html")
        if "/mail/" not in str(path) and banned.search(path.read_text())
    ]
    assert not found


# --- Parts ------------------------------------------------------------------------------------------------------------


def test_the_because_line_sets_the_name_strong_and_underlines_the_words() -> None:
    shown = parts.because("You hold the role {name} here", "Inspector", ["culvert", "<b>"], "procedure")
    assert "You hold the role <strong>Inspector</strong> here" in shown
    assert '<span class="hit">culvert</span>, <span class="hit">&lt;b&gt;</span>' in shown
    assert shown.endswith(" · procedure</span></p>")


@pytest.mark.parametrize(
    ("name", "shown"),
    [("Ines Marlow", "IM"), ("Ada", "A"), ("Jean de la Tour", "JT"), ("", "?"), ("إيناس مارلو", "إم")],
)
def test_initials(name: str, shown: str) -> None:
    assert parts.initials(name) == shown


def test_marks_begin_words_and_nothing_is_let_through() -> None:
    assert parts.marked("Confined <spaces>, unconfined", ["conf"]) == "<mark>Confined</mark> &lt;spaces&gt;, unconfined"
    assert parts.marked("a.b axb", ["a.b"]) == "<mark>a.b</mark> axb"


@given(st.text(max_size=80), st.lists(st.text(min_size=1, max_size=5), max_size=4))
def test_marking_changes_no_letter(text: str, words: list[str]) -> None:
    from django.utils.html import escape

    plain = parts.marked(text, words).replace("<mark>", "").replace("</mark>", "")
    assert plain == escape(text)


# --- Charts -----------------------------------------------------------------------------------------------------------


def _parse(html: str) -> ET.Element:
    return ET.fromstring(f"<root>{html.replace('&nbsp;', ' ')}</root>")


@given(st.lists(st.tuples(st.text("abc", max_size=4), st.floats(0, 10**6)), min_size=1, max_size=40))
def test_bars_stay_inside_their_picture_and_the_table_holds_every_number(rows: list[tuple[str, float]]) -> None:
    tree = _parse(charts.bars(rows, "t"))
    for bar in tree.iter("rect"):
        assert 0 <= float(bar.attrib["y"]) <= 150
        assert float(bar.attrib["height"]) >= 0
    assert len(list(tree.iter("tr"))) == len(rows) + 1


@given(st.floats(0, 1e-300))
def test_what_is_next_to_nothing_has_an_axis(value: float) -> None:
    assert charts.ceiling(value) >= value


@given(st.floats(0.001, 10**9))
def test_an_axis_ends_with_a_round_number_not_far_above(value: float) -> None:
    end = charts.ceiling(value)
    assert value <= end * 1.000001
    assert end <= value * 2.5


def test_lines_leave_out_what_is_not_known() -> None:
    tree = _parse(charts.lines([("median", [1, None, 3])], ["a", "b", "c"], "t"))
    assert [cell.text for cell in tree.iter("td")] == ["1", "–", "3"]
    assert charts.lines([("median", [None])], ["a"], "t") == ""


def test_a_line_and_its_area_break_where_nothing_is_known() -> None:
    tree = _parse(charts.lines([("median", [1, 2, None, 3, 4, None, 5])], list("abcdefg"), "t", width=260))
    drawn = [path.attrib["d"] for path in tree.iter("path") if path.attrib["class"].startswith("line")]
    assert [path.count("L") for path in drawn] == [1, 1]
    assert len(list(tree.iter("circle"))) == 2  # a day by itself, and the end


def test_lines_have_the_tones_they_are_given() -> None:
    tree = _parse(charts.lines([("a", [1, 2]), ("b", [2, 3]), ("c", [0, 1])], "xy", "t", tones=("s5", "s3", "warn")))
    assert {path.attrib["class"] for path in tree.iter("path") if "line" in path.attrib["class"]} == {
        "line is-s5",
        "line is-s3",
        "line is-warn",
    }


def test_a_meter_never_hides_a_small_part() -> None:
    bars = [float(bar.attrib["width"]) for bar in _parse(charts.meter([("s5", 9999), ("bad", 1)], 10000)).iter("rect")]
    assert bars[2] >= 6


def test_the_sankey_keeps_its_width_from_column_to_column() -> None:
    nodes = [sankey.Node("a", "A", 0), sankey.Node("b", "B", 1), sankey.Node("lost", "Lost", 1, "bad", "/lost/")]
    flows = [sankey.Flow("a", "b", 90), sankey.Flow("a", "lost", 10), sankey.Flow("b", "lost", 0)]
    tree = _parse(sankey.sankey(nodes, flows, "t"))
    heights = [float(bar.attrib["height"]) for bar in tree.iter("rect")]
    assert heights[0] == pytest.approx(heights[1] + heights[2], rel=0.02)
    assert len(list(tree.iter("path"))) >= 2
    assert tree.find(".//a").attrib["href"] == "/lost/"  # type: ignore[union-attr]
    assert sankey.sankey(nodes, [], "t") == ""


@given(st.tuples(*[st.integers(0, 400)] * 6))
def test_no_flow_of_the_sankey_crosses_the_words_of_what_was_lost(ends: tuple[int, ...]) -> None:
    """What ends on the way stands below everything that goes on, and all of it stays within the picture."""
    columns = {"a": 0, "b": 1, "wait": 1, "lost": 1, "c": 2, "shut": 2, "d": 3, "late": 3, "unsigned": 3}
    nodes = [sankey.Node(name, name, column) for name, column in columns.items()]
    wait, lost, shut, *signed = ends
    values = {"ab": shut + sum(signed), "a wait": wait, "a lost": lost, "bc": sum(signed), "b shut": shut}
    values |= dict(zip(("cd", "c late", "c unsigned"), signed, strict=True))
    flows = [sankey.Flow(way[0], way[1:].strip(), value) for way, value in values.items()]
    boxes = sankey._boxes(nodes, [flow for flow in flows if flow.value])
    if boxes:
        going_on = {flow.start for flow in flows if flow.value}
        scale = sankey._place(boxes, going_on, 4, 220)
        for key, box in boxes.items():
            assert box.y >= sankey.TOP
            assert box.y + box.value * scale <= 220 - sankey.TOP + 0.01
            later = [other for other in boxes.values() if other.node.column > box.node.column]
            if key not in going_on and later:
                assert box.y >= max(other.y + other.value * scale for other in later) + sankey.GAP - 0.01


def test_the_sankey_runs_downwards_where_there_is_no_room_beside() -> None:
    nodes = [sankey.Node("a", "A", 0), sankey.Node("b", "B", 1), sankey.Node("lost", "Lost", 1, "bad", "/lost/")]
    shown = sankey.sankey(nodes, [sankey.Flow("a", "b", 90), sankey.Flow("a", "lost", 10)], "t")
    rows = re.findall(r'<li class="([a-z-]*)">(.*?)</li>', shown.partition('<ol class="trail is-below">')[2])
    assert [(look, re.sub("<[^>]+>", "", words)) for look, words in rows] == [
        ("", "100 A"), ("", "90 B"), ("is-lost", "10 Lost")
    ]  # fmt: skip
    assert 'href="/lost/"' in rows[2][1]


def test_the_heat_map_is_a_table_and_says_what_it_cannot_know() -> None:
    shown = heat.heat("Reach", ["Safety", "Law"], [("Roads", [heat.Cell(58, "/x/"), heat.Cell(None)])])
    assert '<td class="is-s1 is-under"><a href="/x/">58</a></td>' in shown
    assert "not theirs" in shown


@pytest.mark.parametrize(("value", "step"), [(0, 1), (50, 1), (61, 2), (79, 3), (88, 4), (99, 5), (100, 5), (130, 5)])
def test_steps_of_the_scale(value: float, step: int) -> None:
    assert heat.step_of(value) == step


# --- Templates --------------------------------------------------------------------------------------------------------


def test_every_template_compiles() -> None:
    from django.template.loader import get_template

    root = STATIC.parents[2]
    for path in root.rglob("templates/**/*.html"):
        name = str(path).split("/templates/", 1)[1]
        try:
            get_template(name)
        except TemplateSyntaxError as error:
            pytest.fail(f"{name}: {error}")


def test_a_field_says_its_help_and_its_errors() -> None:
    from headwater.home.samples import SampleForm

    form = SampleForm({"name": "", "kind": "a"})
    html = Template("{% load headwater %}{% for bound in form %}{% field bound %}{% endfor %}").render(
        Context({"form": form})
    )
    assert 'id="id_name_helptext"' in html
    assert 'aria-invalid="true"' in html
    assert 'id="id_name_error"' in html
    assert "<fieldset" in html


def test_pages_show_ends_and_neighbours() -> None:
    from django.core.paginator import Paginator

    from headwater.core.templatetags.headwater import page_numbers

    assert page_numbers(Paginator(range(1000), 50).page(10)) == [1, 2, 0, 9, 10, 11, 0, 20]
    assert page_numbers(Paginator(range(10), 50).page(1)) == [1]


def test_the_guide_names_only_what_exists() -> None:
    """Every tag in docs/design.md can be loaded, every include it names is there."""
    import re

    guide = (Path(__file__).parents[2] / "docs" / "design.md").read_text()
    root = STATIC.parents[1] / "templates"
    for name in set(re.findall(r"components/[a-z_]+\.html", guide)):
        assert (root / name).is_file(), name


# --- What scripts and styles draw -------------------------------------------------------------------------------------


def test_the_buttons_of_the_editor_are_icons_of_the_sprite_with_words_of_the_reader() -> None:
    script = (STATIC / "editor.js").read_text()
    with translation.override("en"):
        page = Template("{% load headwater %}{% editor_words %}").render(Context())
    words = json.loads(html.unescape(page))
    assert set(words) <= assets.icon_names()
    assert [name for name in words if f'["{name}",' not in script] == []
    assert "🔗" not in script


def test_the_line_of_a_small_curve_is_not_filled() -> None:
    line = charts.spark([1, 3, 2], "Documents a second")
    assert 'class="line"' in line
    rules = re.findall(r"([^{}]+)\{([^{}]*)\}", (STATIC / "headwater.css").read_text())
    assert any(".spark" in selector and ".line" in selector and "fill:none" in body for selector, body in rules)


def test_marks_stand_under_their_bars_and_in_the_table() -> None:
    tree = _parse(charts.bars([("Mon", 2), ("Tue", 0)], "t", marks=[("s4", "3 runs"), ("warn", "3 runs, 1 failed")]))
    pictures = tree.findall(".//svg[@role='img']")
    assert [picture.attrib["class"] for picture in pictures] == ["is-roomy is-wide", "is-close"]
    for picture in pictures:
        bar, square = (picture.find(f".//rect[@class='fill-{tone}']") for tone in ("s5", "warn"))
        assert bar is not None
        assert square is not None
        assert float(square.attrib["x"]) > float(bar.attrib["x"])
    assert [cell.text for cell in tree.iter("td")] == ["2", "3 runs", "0", "3 runs, 1 failed"]


@given(st.text(max_size=60))
def test_an_address_that_may_be_broken_reads_the_same(text: str) -> None:
    from django.utils.html import escape

    assert parts.breakable(text).replace("<wbr>", "") == escape(text)


def test_what_stands_above_on_a_bar_is_drawn_over_it_and_counted_in_the_table() -> None:
    drawn = charts.bars(
        [{"label": "May", "value": 2, "above": 3}, ("June", 1)], "Items", heads=("When", "Mine", "Others")
    )
    assert drawn.count("fill-s3") == drawn.count("fill-s5") // 2
    assert '<td class="num">2</td><td class="num">3</td>' in drawn
    assert "Others" in drawn
    assert "fill-s3" not in charts.bars([("June", 1)], "Items")
