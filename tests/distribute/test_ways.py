"""By which ways a must-read goes, and by which ladder it is followed up: its own, or the organisation's."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client

from headwater.core.actions import Refused
from headwater.distribute.actions import add_channel, change_ladder, issue_directive, preview_directive, save_directive
from headwater.distribute.ladder import climb
from headwater.distribute.models import Channel, Delivery, Directive, Dispatch, InterestProfile, Ladder, Reason
from headwater.distribute.rungs import read_days, report_after, rungs_of, usual_ladder
from headwater.distribute.sending import plan, queue_dispatches
from headwater.people.models import Audience, Person
from headwater.search.models import EntryVersion
from tests.conftest import enrol, make_person


@pytest.fixture
def written(version: EntryVersion, nadia: Person, ines: Person, everyone: Audience) -> Callable[..., Directive]:
    """Write a must-read for everyone; Ines has a chat beside her mail, Old only a chat and no account."""
    enrol(everyone)
    old = make_person("Old")
    Person.objects.filter(pk=old.pk).update(user=None, email="")
    enrol(everyone)
    for person in (ines, old):
        Channel.objects.create(person=person, kind="chat", address="json", secret=b"x")
    values = {"entry": version.entry, "due_days": 10}
    return lambda **more: save_directive(nadia, everyone, **values | more)


def sent(purpose: str = "first") -> dict[str, set[str]]:
    """{person: the kinds of channel by which something went to them}."""
    kinds: dict[str, set[str]] = {}
    rows = Dispatch.objects.filter(purpose=purpose).values_list("channel__person__name", "channel__kind")
    for name, kind in rows:
        kinds.setdefault(name, set()).add(kind)
    return kinds


def send(directive: Directive, nadia: Person) -> dict[str, set[str]]:
    issue_directive(nadia, directive)
    plan(list(Delivery.objects.select_related("person")))
    return sent()


# --- Channels ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("values", "ways"),
    [
        ({}, {"mail", "chat"}),
        ({"channels": ["webhook", "chat", "mail"]}, {"mail", "chat"}),
        ({"channels": ["mail"]}, {"mail"}),
        ({"channels": ["chat", "inbox"]}, {"chat"}),
        ({"channels": ["webhook"]}, set()),
        ({"channels": ["inbox"]}, set()),
        ({"channels": ["mail"], "urgent": True}, {"mail", "chat"}),
    ],
)
def test_a_must_read_goes_by_the_chosen_ways(
    written: Callable[..., Directive], nadia: Person, values: dict[str, Any], ways: set[str]
) -> None:
    found = send(written(**values), nadia)
    assert found.get("Ines", set()) == ways
    assert found["Old"] == {"chat"}, "who cannot sign in is told as they can be"


def test_reminders_go_by_the_same_ways(written: Callable[..., Directive], nadia: Person) -> None:
    directive = written(channels=["chat"])
    send(directive, nadia)
    due = Delivery.objects.exclude(due_at=None)[0].due_at
    assert due is not None
    directive.refresh_from_db()
    climb(directive, due - timedelta(days=2.5))
    assert sent("remind:3")["Ines"] == {"chat"}


def test_what_another_reason_wants_goes_by_every_way(
    written: Callable[..., Directive], nadia: Person, ines: Person
) -> None:
    """Two must-reads go by the ways of both; what a person wants at once comes to them by all of theirs."""
    issue_directive(nadia, written(channels=["mail"]))
    issue_directive(nadia, written(channels=["chat"]))
    delivery = Delivery.objects.get(person=ines)
    queue_dispatches([delivery], "first")
    assert sent()["Ines"] == {"mail", "chat"}
    Directive.objects.update(channels=["webhook"])
    profile = InterestProfile.objects.create(person=ines, query="air", when="digest")
    Reason.objects.create(delivery=delivery, profile=profile)
    queue_dispatches([delivery], "second")
    assert "Ines" not in sent("second")
    InterestProfile.objects.update(when="at_once")
    queue_dispatches([delivery], "third")
    assert sent("third")["Ines"] == {"mail", "chat"}


def test_the_preview_goes_by_the_same_ways(written: Callable[..., Directive], nadia: Person) -> None:
    preview_directive(nadia, written(channels=["mail"]))
    assert sent("preview 1") == {"Nadia": {"mail"}}
    with pytest.raises(ValidationError, match="no channel but the inbox"):
        preview_directive(nadia, written(channels=["chat"]))
    add_channel(nadia, nadia, "webhook", "https://hooks.example/x")
    preview_directive(nadia, written(channels=["webhook"]))
    assert Dispatch.objects.latest("pk").channel.kind == "webhook"


def test_ways_that_there_are_not(written: Callable[..., Directive]) -> None:
    with pytest.raises(ValidationError, match="mail, chat and webhook"):
        written(channels=["pigeon"])


# --- The ladder -------------------------------------------------------------------------------------------------------


def test_a_must_read_has_the_organisations_ladder_unless_it_has_its_own(
    written: Callable[..., Directive], nadia: Person
) -> None:
    before = written()
    assert (before.remind_days, before.tell_head_after_days) == ([3, 1, 0], 1)
    change_ladder(nadia, [1, 7, 7], 2)
    change_ladder(nadia, [7, 2, 2], 3)
    assert Ladder.objects.count() == 1
    usual, own = written(), written(remind_days=[], tell_head_after_days=0)
    assert (usual.remind_days, usual.tell_head_after_days) == ([7, 2], 3)
    assert (own.remind_days, own.tell_head_after_days) == ([], 0)
    before.refresh_from_db()
    assert before.remind_days == [3, 1, 0], "one that was written keeps its own"


def test_who_sets_the_usual_ladder_and_how(nadia: Person, ines: Person, ada: Person) -> None:
    for actor in (ines, ada):
        with pytest.raises(Refused):
            change_ladder(actor, [1], 1)
    for days, head in (([-1], 1), ([400], 1), (list(range(11)), 1), ([1], -1), ([1], 366)):
        with pytest.raises(ValidationError):
            change_ladder(nadia, days, head)
    assert usual_ladder().pk is None


@pytest.mark.parametrize(
    ("days", "head", "words"),
    [
        (
            [3, 1, 0],
            1,
            "a reminder 3 days before it is due, 1 day before, when it is due, "
            "the head of their unit is told 1 day after, whoever issued it 2 days after",
        ),
        ([0], 0, "a reminder when it is due, the head of their unit is told at once, whoever issued it 2 days after"),
        ([], 3, "the head of their unit is told 3 days after, whoever issued it 6 days after"),
    ],
)
def test_a_ladder_in_words(days: list[int], head: int, words: str) -> None:
    ladder = Ladder(remind_days=days, tell_head_after_days=head)
    assert ", ".join(rungs_of(ladder)) == words
    assert f"{report_after(ladder)} days after" in words


@pytest.mark.parametrize(("text", "days"), [("", []), (" 3, 1;0 ", [3, 1, 0]), ("7 2\n1", [7, 2, 1]), ("٣، ١", [3, 1])])
def test_days_are_read_from_a_text(text: str, days: list[int]) -> None:
    assert read_days(text) == days


@pytest.mark.parametrize("text", ["three", "-1", "1.5", "9" * 19, "²"])
def test_what_is_no_number_of_days(text: str) -> None:
    with pytest.raises(ValidationError, match="such as 3, 1, 0"):
        read_days(text)


def test_the_api_has_both(
    written: Callable[..., Directive],
    nadia: Person,
    ines: Person,
    everyone: Audience,
    version: EntryVersion,
    sign_in: Callable[[Person], Client],
) -> None:
    base, browser = "/o/waterworks/api/v1/distribute", sign_in(nadia)
    assert browser.get(f"{base}/ladder").json() == {"remind_days": [3, 1, 0], "tell_head_after_days": 1}
    asked = {"remind_days": [5], "tell_head_after_days": 2}
    assert browser.put(f"{base}/ladder", json.dumps(asked), content_type="application/json").json() == asked
    body = {"audience": everyone.pk, "entry": version.entry_id, "due_days": 3, "channels": ["mail"]}
    made = browser.post(f"{base}/directives", json.dumps(body), content_type="application/json").json()
    assert (made["channels"], made["remind_days"], made["tell_head_after_days"]) == (["mail"], [5], 2)
    body |= {"remind_days": [2], "tell_head_after_days": 4}
    path = f"{base}/directives/{made['id']}"
    changed = browser.put(path, json.dumps(body), content_type="application/json").json()
    assert (changed["remind_days"], changed["tell_head_after_days"]) == ([2], 4)
    assert sign_in(ines).get(f"{base}/ladder").status_code == 403
