"""Stretches of an inbox: each line once, in the order of its tab, both ways, whatever is level or empty."""

import random
import re
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

from headwater.distribute.inbox import NEWEST_FIRST
from headwater.distribute.lines import TABS, Stretch, Tab
from headwater.distribute.models import Delivery
from headwater.people.models import Audience, Person
from tests.conftest import enrol
from tests.distribute.conftest import make_version

DAY = timedelta(days=1)


@pytest.fixture
def full(ines: Person, otto: Person, everyone: Audience, nadia: Person) -> Person:
    """Ines with deliveries in every tab, many of which came at one hour, are due at one, or never."""
    enrol(everyone)
    chance, now = random.Random(5), timezone.now().replace(microsecond=0)
    for number in range(36):
        version = make_version(f"Text {number}", "Text.", everyone, nadia)
        Delivery.objects.create(person=otto, version=version, created_at=now)
        Delivery.objects.create(person=ines, version=version, **_fields(chance, now))
    return ines


def _fields(chance: random.Random, now: datetime) -> dict[str, Any]:
    fields = {"created_at": now - chance.randrange(3) * DAY}
    kind = chance.choice(("must", "unread", "done", "read"))
    if kind == "must":
        return fields | {"must_acknowledge": True, "due_at": chance.choice((None, now, now + DAY))}
    if kind == "done":
        return fields | {"state": "acknowledged", "acknowledged_at": now - chance.randrange(2) * DAY, "read_at": now}
    return fields | ({"state": "opened", "read_at": now} if kind == "read" else {})


def _forwards(tab: Tab, length: int) -> Iterator[Stretch]:
    stretch = tab.stretch(length)
    yield stretch
    while stretch.has_later:
        stretch = tab.stretch(length, after=stretch.last)
        yield stretch


def _backwards(tab: Tab, length: int) -> list[Stretch]:
    """From the last page to the first, in the order they stand."""
    found = [list(_forwards(tab, length))[-1]]
    while found[0].has_earlier:
        found.insert(0, tab.stretch(length, before=found[0].first))
    return found


def _keys(stretch: Stretch) -> list[int]:
    return [line.delivery.pk for line in stretch.lines]


@pytest.mark.parametrize("name", TABS)
@pytest.mark.parametrize("length", [1, 4, 9])
def test_each_line_comes_once_in_both_directions(full: Person, name: str, length: int) -> None:
    rows, order = TABS[name]
    everything = list(order.sorted(rows(full)).values_list("pk", flat=True))
    pages = [_keys(page) for page in _forwards(Tab(full, name), length)]
    assert [key for page in pages for key in page] == everything
    assert all(len(page) == length for page in pages[:-1])
    back = list(_backwards(Tab(full, name), length))
    assert [key for stretch in back for key in _keys(stretch)][-len(everything) :] == everything


def test_only_the_first_has_none_before_and_only_the_last_none_after(full: Person) -> None:
    pages = list(_forwards(Tab(full, "all"), 10))
    assert [page.has_earlier for page in pages] == [False, True, True, True]
    assert [page.has_later for page in pages] == [True, True, True, False]


def test_a_page_stays_full_on_the_way_back(full: Person) -> None:
    """Before the third line are two: the first page is shown, whole."""
    first = Tab(full, "all").stretch(10)
    back = Tab(full, "all").stretch(10, before=NEWEST_FIRST.written(first.lines[2].delivery))
    assert (_keys(back), back.has_earlier) == (_keys(first), False)


def test_what_is_no_place_leads_to_the_beginning(full: Person) -> None:
    """Too short, too long, empty where nothing may be, of another order, or beyond all years."""
    first, of_must = Tab(full, "all").stretch(10), Tab(full, "must").stretch(1).first
    for place in ("", "1", "1.2.3", "x.2", "1.x", "-.1", "1.٣", "1.\0", f"{'9' * 18}.1", f"1.{'9' * 19}", of_must):
        assert Tab(full, "all").stretch(10, after=place) == first
        assert Tab(full, "all").stretch(10, before=place) == first
        with pytest.raises(ValueError, match=f"^{re.escape(place)}$"):
            Tab(full, "all").after(place, 10)


def test_pages_of_others_hold_nothing(full: Person, otto: Person) -> None:
    """A place is no more than moments and a number: after somebody else's come one's own lines only."""
    foreign = Tab(otto, "all").stretch(1).first
    assert {line.delivery.person_id for line in Tab(full, "all").stretch(10, after=foreign).lines} == {full.pk}


@pytest.mark.parametrize("change", ["read", "moved", "deleted"])
def test_the_next_page_begins_where_the_last_one_ended(full: Person, change: str) -> None:
    """Also when its last line was read meanwhile, is due at another hour, or is gone: none is skipped."""
    tab = Tab(full, "unread" if change == "read" else "must")
    first, second = tab.stretch(3), tab.stretch(3, after=tab.stretch(3).last)
    last = Delivery.objects.filter(pk=first.lines[-1].delivery.pk)
    if change == "read":
        last.update(read_at=timezone.now())
    elif change == "moved":
        last.update(due_at=timezone.now() + 9 * DAY)
    else:
        last.delete()
    assert _keys(tab.stretch(3, after=first.last)) == _keys(second)
