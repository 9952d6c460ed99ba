"""What is ahead of an inbox, reckoned, against lists that are made anew when all of it is there."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from headwater.distribute.ahead import NOTHING_AHEAD, Ahead, Coming, Shown, Standing
from headwater.distribute.models import Delivery

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)
Inbox = dict[int, Standing]

hours = st.integers(-3, 3).map(lambda number: NOON + timedelta(hours=number))
brought = st.builds(
    Standing,
    version=st.just(0),
    must=st.booleans(),
    urgent=st.booleans(),
    due_at=st.none() | hours,
    came_at=hours,
    acknowledged_at=st.none(),
    is_read=st.just(False),
    rolled=st.just(False),
)
standings = st.builds(
    Standing._replace,
    brought,
    acknowledged_at=st.none() | hours,
    is_read=st.booleans(),
    rolled=st.booleans(),
)


@st.composite
def inboxes(draw: st.DrawFn) -> tuple[Inbox, list[Coming]]:
    """An inbox, and what comes: to some of what is in it, and new."""
    rows = {n: each._replace(version=n) for n, each in enumerate(draw(st.lists(standings, max_size=12)))}
    versions = draw(st.lists(st.integers(0, 20), unique=True, max_size=12))
    coming = []
    for version in versions:
        now, new = rows.get(version), draw(brought)._replace(version=version)
        coming.append(Coming(now, now.and_by(new) if now else new))
    return rows, coming


def listed(inbox: Inbox, name: str) -> list[Standing]:
    """The list as its page has it: what the tests of the database hold against the real one."""
    texts = list(inbox.values())
    if "must" in name:
        texts = [text for text in texts if text.must and text.waits]
    if "unread" in name or name == "rolled":
        texts = [text for text in texts if not text.must and text.waits and not text.is_read]
    if name == "rolled":
        texts = [text for text in texts if text.rolled]
    if "urgent" in name:
        texts = [text for text in texts if text.urgent]
    texts.sort(key=lambda text: (text.came_at, text.version), reverse=True)
    if "must" in name:
        texts.sort(key=lambda text: (text.due_at is None, text.due_at))
    return texts


def as_row(text: Standing) -> Delivery:
    row = Delivery(version_id=text.version, must_acknowledge=text.must, urgent=text.urgent, rolled=text.rolled)
    row.due_at, row.came_at = text.due_at, text.came_at
    row.acknowledged_at, row.read_at = text.acknowledged_at, NOON if text.is_read else None
    return row


def finder(rows: Inbox, name: str, lines: int) -> Callable[[int], Delivery | None]:
    def row_below(below: int) -> Delivery | None:
        found = listed(rows, name)
        place = lines - 1 + below
        return as_row(found[place]) if place < len(found) else None

    return row_below


LISTS = ["must", "urgent must", "unread", "urgent unread", "all"]


@pytest.mark.parametrize("name", LISTS)
@given(inbox=inboxes(), lines=st.integers(1, 6), leaving=st.integers(0, 3))
def test_with_what_it_shows_taken_in_a_page_is_what_it_will_be(
    name: str, inbox: tuple[Inbox, list[Coming]], lines: int, leaving: int
) -> None:
    """And what is put off changes no line of it. Some rows leave besides, of which the page knows how many at most."""
    rows, coming = inbox
    new = {text.then.version: text.then for text in coming}
    chosen = Shown(name, lines, finder(rows, name, lines)).of(coming, leaving)
    left = [version for version in rows if version not in new][:leaving]
    now, then = rows | {version: new[version] for version in chosen}, rows | new
    for version in left:
        del now[version], then[version]
    assert listed(now, name)[:lines] == listed(then, name)[:lines]


@pytest.mark.parametrize("name", LISTS)
@given(inbox=inboxes(), lines=st.integers(1, 6))
def test_no_new_text_is_chosen_beyond_the_lines(name: str, inbox: tuple[Inbox, list[Coming]], lines: int) -> None:
    rows, coming = inbox
    chosen = Shown(name, lines, finder(rows, name, lines)).of(coming, leaving=0)
    assert len(chosen - set(rows)) <= lines


@given(inbox=inboxes(), lines=st.integers(1, 6))
def test_where_nobody_says_which_rows_are_shown_all_that_change_are_chosen(
    inbox: tuple[Inbox, list[Coming]], lines: int
) -> None:
    rows, coming = inbox
    chosen = Shown("unread", lines).of(coming, leaving=0)
    assert chosen >= {text.then.version for text in coming if text.then.version in rows}


@given(inbox=inboxes(), hour=hours)
def test_what_is_ahead_counts_as_if_it_were_there(inbox: tuple[Inbox, list[Coming]], hour: datetime) -> None:
    rows, coming = inbox
    then, ahead = rows | {text.then.version: text.then for text in coming}, Ahead(coming)
    for name in ("must", "unread", "all", "rolled"):
        assert len(listed(rows, name)) + ahead.on(name) == len(listed(then, name))

    def late(texts: Inbox) -> int:
        return sum(1 for text in listed(texts, "must") if text.due_at and text.due_at < hour)

    assert late(rows) + ahead.due_before(hour) == late(then)


@given(inbox=inboxes(), hour=hours)
def test_what_will_have_been_acknowledged_late_counts_as_if_it_were(
    inbox: tuple[Inbox, list[Coming]], hour: datetime
) -> None:
    rows, coming = inbox

    def late(texts: Inbox) -> int:
        done = [(text.acknowledged_at, text.due_at) for text in texts.values() if text.due_at]
        return sum(1 for at, due in done if at and at >= hour and at > due)

    then = rows | {text.then.version: text.then for text in coming}
    assert late(rows) + Ahead(coming).late_since(hour) == late(then)


@given(inbox=inboxes())
def test_without_what_becomes_essential_a_budget_counts_what_it_will(inbox: tuple[Inbox, list[Coming]]) -> None:
    rows, coming = inbox
    becoming = Ahead(coming).becoming_essential

    def calm(texts: Inbox) -> set[int]:
        return {version for version in rows if not texts[version].must and not texts[version].urgent}

    then = rows | {text.then.version: text.then for text in coming}
    assert calm(rows) - set(becoming) == calm(then)


@given(inbox=inboxes())
def test_nothing_becomes_acknowledged_by_coming(inbox: tuple[Inbox, list[Coming]]) -> None:
    coming = inbox[1]
    assert Ahead(coming).on("done") == 0
    assert NOTHING_AHEAD.on("all") == 0


@pytest.mark.parametrize("row", [None, Delivery(version_id=99, came_at=NOON, acknowledged_at=NOON)])
@given(inbox=inboxes(), lines=st.integers(1, 6))
def test_what_was_acknowledged_is_shown_among_what_is_done(
    row: Delivery | None, inbox: tuple[Inbox, list[Coming]], lines: int
) -> None:
    coming = inbox[1]
    done = {text.now.version for text in coming if text.now and not text.now.waits}
    assert Shown("done", lines, lambda _below: row).of(coming, leaving=0) == done


@given(texts=st.lists(brought, min_size=3, max_size=3))
def test_it_makes_no_difference_which_broadcast_comes_first(texts: list[Standing]) -> None:
    first, second, third = texts
    at_once = first.and_by(second.and_by(third))
    assert at_once == first.and_by(second).and_by(third) == third.and_by(first).and_by(second)
