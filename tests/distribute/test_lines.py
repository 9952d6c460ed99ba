"""Stretches of an inbox: each line once, in the order of its tab, both ways, whatever is level or empty."""

import random
from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any

import pytest
from django.utils import timezone

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
    back = [pages[-1]]
    while (stretch := Tab(full, name).stretch(length, before=back[0][0])).has_earlier:
        back.insert(0, _keys(stretch))
    assert [_keys(stretch), *back][-len(pages) :] == pages


def test_only_the_first_has_none_before_and_only_the_last_none_after(full: Person) -> None:
    pages = list(_forwards(Tab(full, "all"), 10))
    assert [page.has_earlier for page in pages] == [False, True, True, True]
    assert [page.has_later for page in pages] == [True, True, True, False]


def test_a_page_stays_full_on_the_way_back(full: Person) -> None:
    """Before the third line are two: the first page is shown, whole."""
    first = Tab(full, "all").stretch(10)
    back = Tab(full, "all").stretch(10, before=first.lines[2].delivery.pk)
    assert (_keys(back), back.has_earlier) == (_keys(first), False)


def test_what_is_no_place_of_ones_own_leads_to_the_beginning(full: Person, otto: Person) -> None:
    first = Tab(full, "all").stretch(10)
    foreign = Delivery.objects.filter(person=otto).order_by("created_at", "pk").first()
    for place in (2**62, foreign.pk if foreign else 0):
        assert Tab(full, "all").stretch(10, after=place) == first
        assert Tab(full, "all").stretch(10, before=place) == first


def test_a_line_that_left_its_tab_is_still_a_place(full: Person) -> None:
    """Whoever reads the last line of a page and turns to the next does not start anew."""
    tab = Tab(full, "unread")
    first, second = tab.stretch(3), tab.stretch(3, after=tab.stretch(3).last)
    Delivery.objects.filter(pk=first.last).update(read_at=timezone.now())
    assert _keys(tab.stretch(3, after=first.last)) == _keys(second)


def test_what_was_never_signed_is_no_place_among_what_was(full: Person) -> None:
    tab, waiting = Tab(full, "done"), Tab(full, "must").stretch(1)
    assert _keys(tab.stretch(3, after=waiting.first)) == _keys(tab.stretch(3))
