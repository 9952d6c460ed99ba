"""By when, how, and what follows: the quick picks, the ways and the ladder on the page of a must-read."""

import re
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from django.test import Client
from hypothesis import given
from hypothesis import strategies as st

from headwater.distribute.actions import issue_directive, save_directive
from headwater.distribute.models import Directive, Ladder
from headwater.distribute.picks import picks
from headwater.people.models import Audience, Grant, Permission, Person, Unit
from headwater.search.models import EntryVersion
from tests.conftest import enrol, make_person

SignIn = Callable[[Person], Client]
ROOT = "/o/waterworks/distribute/directives/"
NAIROBI = ZoneInfo("Africa/Nairobi")


def at(text: str) -> dict[str, str]:
    """The picks of a moment in Nairobi: {key: words and deadline}."""
    found = picks(datetime.fromisoformat(text).replace(tzinfo=NAIROBI))
    return {pick.key: f"{pick.words}: {pick.at:%a %d %b %H:%M}" if pick.at else pick.words for pick in found}


# --- The picks --------------------------------------------------------------------------------------------------------


def test_the_picks_of_a_monday() -> None:
    assert at("2026-11-23 09:58:30") == {
        "urgent": "Urgent · 4 h: Mon 23 Nov 14:00",
        "tomorrow": "Tomorrow: Tue 24 Nov 17:00",
        "days": "In 3 days: Thu 26 Nov 17:00",
        "week": "End of the week: Fri 27 Nov 17:00",
        "month": "End of the month: Mon 30 Nov 17:00",
        "working": "5 working days",
    }


@pytest.mark.parametrize(
    ("moment", "key", "pick"),
    [
        ("2026-11-27 09:00", "tomorrow", "Monday: Mon 30 Nov 17:00"),
        ("2026-11-28 09:00", "tomorrow", "Monday: Mon 30 Nov 17:00"),
        ("2026-11-29 09:00", "tomorrow", "Tomorrow: Mon 30 Nov 17:00"),
        ("2026-11-25 09:00", "days", "In 3 days: Mon 30 Nov 17:00"),
        ("2026-11-27 09:00", "week", "End of next week: Fri 04 Dec 17:00"),
        ("2026-11-29 09:00", "week", "End of next week: Fri 04 Dec 17:00"),
        ("2026-11-30 09:00", "month", "End of next month: Thu 31 Dec 17:00"),
        ("2027-01-30 09:00", "month", "End of next month: Fri 26 Feb 17:00"),
        ("2026-10-05 09:00", "month", "End of the month: Fri 30 Oct 17:00"),
    ],
)
def test_no_pick_is_a_weekend_or_nearly_now(moment: str, key: str, pick: str) -> None:
    assert at(moment)[key] == pick


@given(
    st.datetimes(datetime(2020, 1, 1), datetime(2040, 1, 1)),
    st.sampled_from(["UTC", "Pacific/Auckland", "America/St_Johns"]),
)
def test_every_pick_lies_ahead_on_a_working_day(moment: datetime, zone: str) -> None:
    now = moment.replace(tzinfo=ZoneInfo(zone))
    for pick in picks(now):
        if pick.at is None:
            assert pick.days == 5
        elif pick.urgent:
            assert (
                timedelta(hours=4) <= timedelta(seconds=pick.at.timestamp() - now.timestamp()) <= timedelta(hours=4.1)
            )
        else:
            assert pick.at.date() > now.date()
            assert pick.at.weekday() < 5
            assert (pick.at.hour, pick.at.minute) == (17, 0)


# --- On the page ------------------------------------------------------------------------------------------------------


@pytest.fixture
def page(nadia: Person, ines: Person, everyone: Audience, sign_in: SignIn) -> Client:
    """Nadia, who writes must-reads, with the others in the audience of everyone."""
    enrol(everyone)
    return sign_in(nadia)


def fields(version: EntryVersion, everyone: Audience, **more: Any) -> dict[str, Any]:
    """What a browser sends of the page."""
    asked = {"entry": version.entry_id, "audience": everyone.pk, "acknowledge": "on", "due_days": 5}
    ladder = {"remind_days": "3, 1, 0", "tell_head_after_days": 1, "channels": ["inbox", "mail", "chat", "webhook"]}
    return {**asked, **ladder, **more}


def test_a_pick_fills_in_the_deadline_and_keeps_the_rest(
    page: Client, version: EntryVersion, everyone: Audience
) -> None:
    asked = fields(version, everyone, pick="week", sentence="Test the air first.")
    for path in (f"{ROOT}deadline/", f"{ROOT}new/"):
        shown = page.post(path, asked).content.decode()
        assert 'value="week" aria-pressed="true"' in shown
        assert 'value="working" aria-pressed="false"' in shown
        assert "T17:00" in shown
        assert "Test the air first." in shown
    assert not Directive.objects.exists(), "nothing is kept by it"
    assert page.post(f"{ROOT}deadline/", asked).content.decode().count('id="reach"') == 1
    shown = page.post(f"{ROOT}deadline/", fields(version, everyone, pick="urgent")).content.decode()
    assert re.search(r'name="urgent"[^>]* checked', shown)
    shown = page.post(f"{ROOT}deadline/", fields(version, everyone, due_days="", pick="working")).content.decode()
    assert 'value="working" aria-pressed="true"' in shown


def test_the_page_offers_every_way_and_says_the_ladder(page: Client, version: EntryVersion) -> None:
    shown = page.get(f"{ROOT}new/?entry={version.entry_id}").content.decode()
    assert shown.count('name="channels"') == 4
    for kind in ("mail", "chat", "webhook"):
        assert f'name="channels" value="{kind}" checked' in shown
    assert "a reminder 3 days before it is due, 1 day before, when it is due, the head" in shown
    assert 'value="3, 1, 0"' in shown


@pytest.mark.parametrize(
    ("chosen", "kept", "said"),
    [
        (["inbox", "mail", "chat", "webhook"], [], "by every way that each person has"),
        (["inbox", "mail"], ["mail"], "Inbox, Mail"),
        (["inbox"], ["inbox"], "<dd>Inbox</dd>"),
    ],
)
def test_ways_and_ladder_are_kept_and_shown(
    page: Client,
    version: EntryVersion,
    everyone: Audience,
    nadia: Person,
    chosen: list[str],
    kept: list[str],
    said: str,
) -> None:
    asked = fields(version, everyone, channels=chosen, remind_days="5 2", tell_head_after_days=3)
    page.post(f"{ROOT}new/", asked)
    directive = Directive.objects.get()
    assert (directive.channels, directive.remind_days, directive.tell_head_after_days) == (kept, [5, 2], 3)
    shown = page.get(f"{ROOT}{directive.pk}/").content.decode()
    assert 'value="5, 2"' in shown
    ticked = re.findall(r'name="channels" value="(\w+)" checked', shown)
    assert ticked == [kind for kind in ("mail", "chat", "webhook") if kind in chosen]
    issue_directive(nadia, directive)
    shown = page.get(f"{ROOT}{directive.pk}/").content.decode()
    assert said in shown
    assert "a reminder 5 days before it is due, 2 days before, the head of their unit is told 3 days after" in shown


def test_the_words_follow_what_is_typed(page: Client, version: EntryVersion, everyone: Audience) -> None:
    asked = fields(version, everyone, remind_days="7", tell_head_after_days=0)
    shown = page.post(f"{ROOT}reach/", asked).content.decode()
    assert "a reminder 7 days before it is due, the head of their unit is told at once" in shown
    shown = page.post(f"{ROOT}reach/", fields(version, everyone, remind_days="soon")).content.decode()
    assert "a reminder 3 days before it is due" in shown, "what cannot be read is said when it is kept"
    answer = page.post(f"{ROOT}new/", fields(version, everyone, remind_days="soon"))
    assert answer.status_code == 400
    assert "Write numbers of days, such as 3, 1, 0." in answer.content.decode()


def test_the_usual_ladder_has_a_page(page: Client, version: EntryVersion, unit: Unit, sign_in: SignIn) -> None:
    shown = page.get(f"{ROOT}ladder/").content.decode()
    assert "a reminder 3 days before it is due" in shown
    assert page.post(f"{ROOT}ladder/", {"remind_days": "x", "tell_head_after_days": 1}).status_code == 400
    page.post(f"{ROOT}ladder/", {"remind_days": "7, 1", "tell_head_after_days": 2})
    usual = Ladder.objects.get()
    assert (usual.remind_days, usual.tell_head_after_days) == ([7, 1], 2)
    assert 'value="7, 1"' in page.get(f"{ROOT}new/?entry={version.entry_id}").content.decode()
    page.post(f"{ROOT}ladder/", {"remind_days": "", "tell_head_after_days": 2})
    assert Ladder.objects.get().remind_days == []
    manager = make_person("Mona", unit=unit)
    Grant.objects.create(person=manager, permission=Permission.KNOWLEDGE_MANAGER, unit=unit)
    assert "<form" not in sign_in(manager).get(f"{ROOT}ladder/").content.decode().partition("<main")[2]
    answer = sign_in(manager).post(f"{ROOT}ladder/", {"remind_days": "1", "tell_head_after_days": 2})
    assert answer.status_code == 403


def test_a_form_that_says_nothing_of_the_ladder_has_the_usual_one(
    page: Client, version: EntryVersion, everyone: Audience, nadia: Person
) -> None:
    asked = {"entry": version.entry_id, "audience": everyone.pk, "acknowledge": "on", "due_days": 5}
    page.post(f"{ROOT}new/", asked)
    directive = Directive.objects.get()
    assert (directive.remind_days, directive.tell_head_after_days, directive.channels) == ([3, 1, 0], 1, [])
    same = save_directive(nadia, everyone, entry=version.entry, due_days=5)
    assert same.remind_days == directive.remind_days
