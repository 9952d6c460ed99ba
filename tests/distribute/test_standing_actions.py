"""Profiles, directives and what people do with deliveries: each verb, each rule, each refusal."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from headwater.core.actions import OPERATOR, Refused
from headwater.core.models import Classification, Event
from headwater.distribute import rules
from headwater.distribute.actions import (
    acknowledge_delivery,
    end_directive,
    issue_directive,
    mark_deliveries_read,
    mark_deliveries_unread,
    open_delivery,
    pause_profile,
    rate_delivery,
    recall_directive,
    record_acknowledgement,
    remove_directive,
    remove_profile,
    restore_profile,
    resume_profile,
    save_directive,
    save_profile,
)
from headwater.distribute.deadlines import due_for
from headwater.distribute.delivering import row_for
from headwater.distribute.due import after_working_days
from headwater.distribute.inbox import inbox_of
from headwater.distribute.models import Acknowledgement, Broadcast, Delivery, Directive, Reason
from headwater.distribute.waiting import counts_of
from headwater.people.models import Audience, Community, Grant, Permission, Person, Unit
from headwater.search.actions import publish_version
from headwater.search.models import Entry, EntryVersion
from tests.conftest import enrol, make_person
from tests.distribute.conftest import make_version


def field_of(error: pytest.ExceptionInfo[ValidationError]) -> str:
    """The one field a refusal of values names."""
    return ", ".join(error.value.message_dict)


def soon() -> Any:
    return timezone.now() + timedelta(days=10)


@pytest.fixture
def directive(version: EntryVersion, nadia: Person, everyone: Audience, ines: Person) -> Directive:
    """A must-read about confined spaces for everyone, issued."""
    enrol(everyone)
    draft = save_directive(nadia, everyone, entry=version.entry, due_at=soon(), sentence="Test the air first.")
    return issue_directive(nadia, draft)


# --- Profiles ---------------------------------------------------------------------------------------------------------


def test_a_person_keeps_changes_and_removes_their_profile(ines: Person) -> None:
    profile = save_profile(ines, " pump  OR valve ", when="at_once")
    assert (profile.person, profile.query, profile.name) == (ines, "pump  OR valve", "pump  OR valve")
    changed = save_profile(ines, "pump", name="Pumps", profile=profile)
    assert (changed.pk, changed.name, changed.when) == (profile.pk, "Pumps", "digest")
    assert pause_profile(ines, profile).is_active is False
    assert resume_profile(ines, profile).is_active is True
    assert remove_profile(ines, profile).removed_at is not None
    assert restore_profile(ines, profile).removed_at is None
    verbs = set(Event.objects.values_list("verb", flat=True))
    assert {"save_profile", "pause_profile", "resume_profile", "remove_profile", "restore_profile"} <= verbs


def test_renaming_does_not_ask_anew(ines: Person) -> None:
    profile = save_profile(ines, "pump")
    profile.since_tx, profile.asked_tx = 1, 1
    profile.save()
    assert save_profile(ines, "pump", name="Pumps", profile=profile).since_tx == 1
    assert save_profile(ines, "valve", profile=profile).since_tx > 1


@pytest.mark.parametrize(
    ("query", "said"),
    [
        ("", "at least one word"),
        ("  ", "at least one word"),
        ("😀", "signs alone"),
        (" !!!", "position 1"),
        ('a "open', "position 3"),
        ("(a", "position 1"),
    ],
)
def test_a_query_that_cannot_be_read_is_refused_with_the_place(ines: Person, query: str, said: str) -> None:
    with pytest.raises(ValidationError, match=said) as error:
        save_profile(ines, query)
    assert field_of(error) == "query"


def test_names_in_a_profile_are_kept_as_slugs_and_outlive_them(ines: Person, unit: Unit) -> None:
    water = Unit.objects.create(slug="water", name="Water and Drainage", parent=unit)
    profile = save_profile(ines, 'culvert kind:how-to unit:"Water and Drainage"', name="Culverts")
    assert profile.query == "culvert kind:howto unit:water"
    water.name = "Drains"
    water.save()
    assert save_profile(ines, "culvert unit:drains", profile=profile).query == "culvert unit:water"
    water.delete()
    renamed = save_profile(ines, "culvert unit:water", name="Water", profile=profile)
    assert (renamed.name, renamed.query) == ("Water", "culvert unit:water")
    with pytest.raises(ValidationError, match=r"no “unit:drains”, at position 12"):
        save_profile(ines, "valve unit:drains", profile=profile)


def test_other_values_of_a_profile_are_checked(ines: Person, everyone: Audience) -> None:
    with pytest.raises(ValidationError) as error:
        save_profile(ines, "pump", when="hourly")
    assert field_of(error) == "when"
    with pytest.raises(ValidationError) as error:
        save_profile(ines, "pump", person=ines, audience=everyone)
    assert field_of(error) == "audience"
    with pytest.raises(ValidationError) as error:
        save_profile(OPERATOR, "pump")
    assert field_of(error) == "person"


def test_nobody_keeps_anothers_profile(ines: Person, otto: Person, nadia: Person) -> None:
    profile = save_profile(ines, "pump")
    for actor in (otto, nadia):
        with pytest.raises(Refused):
            save_profile(actor, "pump", person=ines)
        with pytest.raises(Refused):
            remove_profile(actor, profile)
    assert save_profile(OPERATOR, "pump", person=ines).person == ines


def test_too_many_profiles_are_refused(ines: Person, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headwater.distribute.actions.profiles.MOST_PROFILES", 1)
    save_profile(ines, "pump")
    with pytest.raises(ValidationError, match="Remove one"):
        save_profile(ines, "valve")


def test_a_groups_profile_is_for_its_manager_or_community_lead(
    ines: Person, nadia: Person, otto: Person, everyone: Audience
) -> None:
    Community.objects.create(slug="divers", name="Divers", lead=otto)
    divers = Audience.objects.create(slug="divers", name="Divers", rule={"community": "divers"})
    assert save_profile(nadia, "pump", audience=everyone).audience == everyone
    assert save_profile(otto, "pump", audience=divers).audience == divers
    with pytest.raises(Refused):
        save_profile(otto, "pump", audience=everyone)
    with pytest.raises(Refused):
        save_profile(ines, "pump", audience=divers)


# --- Directives -------------------------------------------------------------------------------------------------------


def test_an_issued_directive_is_in_each_inbox_with_its_reason(directive: Directive, ines: Person) -> None:
    (delivery,) = inbox_of(ines)
    assert delivery.must_acknowledge
    assert delivery.due_at == directive.due_at
    assert [reason.directive for reason in delivery.reasons.all()] == [directive]
    assert counts_of(ines).to_acknowledge == 1


def test_only_a_knowledge_manager_of_these_people_directs(
    version: EntryVersion, everyone: Audience, ines: Person, otto: Person, hadia: Person, ada: Person
) -> None:
    for actor in (ines, otto, hadia, ada):
        with pytest.raises(Refused):
            save_directive(actor, everyone, entry=version.entry, due_at=soon())


def test_a_units_knowledge_manager_directs_its_people_only(unit: Unit, ines: Person, organisation: Any) -> None:
    manager = make_person("Mona", unit=unit)
    Grant.objects.create(person=manager, permission=Permission.KNOWLEDGE_MANAGER, unit=unit)
    drainers = Audience.objects.create(slug="drainers", name="Drainers", rule={"unit": "drainage"})
    enrol(drainers)
    assert rules.may_direct(manager, drainers)
    make_person("Elsewhere")
    enrol(drainers)
    assert not rules.may_direct(manager, drainers)


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({}, "due_at"),
        ({"due_at": "soon", "due_days": 3}, "due_days"),
        ({"due_days": 0}, "due_days"),
        ({"due_days": 3, "tell_head_after_days": -1}, "tell_head_after_days"),
        ({"due_days": 3, "remind_days": [-1]}, "remind_days"),
        ({"due_days": 3, "query": "pump"}, "entry"),
    ],
)
def test_the_values_of_a_directive_are_checked(
    version: EntryVersion, everyone: Audience, nadia: Person, values: dict[str, Any], field: str
) -> None:
    values = {name: soon() if value == "soon" else value for name, value in values.items()}
    with pytest.raises(ValidationError) as error:
        save_directive(nadia, everyone, entry=version.entry, **values)
    assert field_of(error) == field


def test_a_standing_directive_needs_a_readable_query(everyone: Audience, nadia: Person) -> None:
    with pytest.raises(ValidationError, match="position"):
        save_directive(nadia, everyone, query="(pump", due_days=3)
    assert save_directive(nadia, everyone, query="scour kind:how-to", due_days=5).query == "scour kind:howto"
    with pytest.raises(ValidationError, match="one entry"):
        save_directive(nadia, everyone, due_days=3)


def test_nobody_sends_what_they_may_not_read(everyone: Audience, nadia: Person, otto: Person) -> None:
    secret = make_version("Secret", "", None, otto)
    with pytest.raises(Refused):
        save_directive(nadia, everyone, entry=secret.entry, due_days=3)


def test_a_directive_is_issued_only_as_a_draft_to_somebody_in_time(
    version: EntryVersion, everyone: Audience, nadia: Person, directive: Directive
) -> None:
    with pytest.raises(ValidationError, match="draft"):
        issue_directive(nadia, directive)
    with pytest.raises(ValidationError, match="Recall or end"):
        save_directive(nadia, everyone, entry=version.entry, due_days=3, directive=directive)
    nobody = Audience.objects.create(slug="nobody", name="Nobody", rule={"tag": "none"})
    draft = save_directive(nadia, nobody, entry=version.entry, due_days=3)
    with pytest.raises(ValidationError, match="Nobody"):
        issue_directive(nadia, draft)
    late = save_directive(nadia, everyone, entry=version.entry, due_at=timezone.now() - timedelta(hours=1))
    with pytest.raises(ValidationError, match="passed"):
        issue_directive(nadia, late)
    remove_directive(nadia, late)
    with pytest.raises(ValidationError, match="Only a draft"):
        remove_directive(nadia, directive)


def test_a_withdrawn_entry_cannot_be_sent(version: EntryVersion, everyone: Audience, nadia: Person) -> None:
    enrol(everyone)
    draft = save_directive(nadia, everyone, entry=version.entry, due_days=3)
    Entry.objects.filter(pk=version.entry_id).update(withdrawn_at=timezone.now())
    with pytest.raises(ValidationError, match="withdrawn"):
        issue_directive(nadia, Directive.objects.get(pk=draft.pk))


def test_who_may_not_read_gets_nothing(everyone: Audience, nadia: Person, ines: Person) -> None:
    enrol(everyone)
    restricted = make_version("Restricted", "", everyone, nadia, classification=Classification.RESTRICTED)
    issue_directive(nadia, save_directive(nadia, everyone, entry=restricted.entry, due_days=3))
    assert list(inbox_of(ines)) == []
    assert [row.version for row in inbox_of(nadia)] == [restricted]


def test_a_recalled_directive_leaves_what_nothing_else_asked_for(
    directive: Directive, nadia: Person, ines: Person, otto: Person, version: EntryVersion
) -> None:
    mine = row_for(ines, version)
    Reason.objects.create(delivery=mine, profile=save_profile(ines, "air"), words=["air"])
    recall_directive(nadia, directive)
    mine.refresh_from_db()
    assert (mine.state, mine.must_acknowledge, mine.due_at) == ("due", False, None)
    of_nadia = Delivery.objects.get(person=nadia)
    assert (of_nadia.state, of_nadia.withdrawn_because) == ("withdrawn", "recalled")
    assert list(inbox_of(nadia)) == []
    with pytest.raises(ValidationError, match="Only an issued"):
        recall_directive(nadia, directive)


def test_an_ended_directive_asks_for_nothing_new(directive: Directive, nadia: Person, ines: Person) -> None:
    end_directive(nadia, directive)
    assert Broadcast.objects.get().closed_at is not None
    assert Delivery.objects.get(person=ines).state == "due"
    with pytest.raises(ValidationError, match="Only an issued"):
        end_directive(nadia, directive)


def test_a_late_version_has_as_long_as_the_first_one(directive: Directive) -> None:
    assert directive.due_at is not None
    assert due_for(directive, directive.due_at - timedelta(days=6)) == directive.due_at
    later = directive.due_at + timedelta(days=1)
    due = due_for(directive, later)
    assert due is not None
    assert timedelta(days=9) < due - later < timedelta(days=13)  # a weekend may come between


@pytest.mark.parametrize(("start", "days", "end"), [("02", 1, "03"), ("06", 1, "09"), ("06", 5, "13"), ("07", 1, "09")])
def test_working_days_leave_out_weekends(start: str, days: int, end: str) -> None:
    """2 March 2026 is a Monday."""
    begun = datetime.fromisoformat(f"2026-03-{start}T10:00:00+00:00")
    assert after_working_days(begun, days).isoformat() == f"2026-03-{end}T10:00:00+00:00"


# --- Deliveries -------------------------------------------------------------------------------------------------------


def test_acknowledging_attests_exactly_one_version_once(
    directive: Directive, ines: Person, version: EntryVersion
) -> None:
    delivery = row_for(ines, version)
    open_delivery(ines, delivery)
    given = acknowledge_delivery(ines, delivery, checksum=version.checksum)
    assert (given.version, given.checksum, given.manner) == (version, version.checksum, "signed_in")
    assert given.directive == directive
    assert acknowledge_delivery(ines, delivery) == given
    delivery.refresh_from_db()
    assert delivery.state == "acknowledged"
    assert counts_of(ines).to_acknowledge == 0


def test_what_changed_since_it_was_shown_is_not_acknowledged(
    directive: Directive, ines: Person, version: EntryVersion
) -> None:
    with pytest.raises(ValidationError) as error:
        acknowledge_delivery(ines, row_for(ines, version), checksum="another")
    assert field_of(error) == "checksum"


@pytest.mark.parametrize(("state", "said"), [("expired", "newer version"), ("withdrawn", "withdrawn")])
def test_what_was_replaced_or_withdrawn_is_not_acknowledged(
    directive: Directive, ines: Person, version: EntryVersion, state: str, said: str
) -> None:
    delivery = row_for(ines, version)
    Delivery.objects.filter(pk=delivery.pk).update(state=state)
    with pytest.raises(ValidationError, match=said):
        acknowledge_delivery(ines, delivery)


def test_what_nobody_asked_for_is_not_acknowledged(ines: Person, deliver: Any) -> None:
    with pytest.raises(ValidationError, match="Nobody asks"):
        acknowledge_delivery(ines, deliver(ines))


def test_nobody_handles_anothers_delivery(
    directive: Directive, ines: Person, nadia: Person, version: EntryVersion
) -> None:
    delivery = row_for(ines, version)
    for verb in (open_delivery, acknowledge_delivery):
        with pytest.raises(Refused):
            verb(nadia, delivery)
    with pytest.raises(Refused):
        rate_delivery(nadia, delivery, useful=True)
    with pytest.raises(Refused):
        mark_deliveries_read(nadia, [delivery])


def test_lost_access_is_lost_for_acknowledging_too(directive: Directive, ines: Person, version: EntryVersion) -> None:
    delivery = row_for(ines, version)
    Entry.objects.update(classification=Classification.CONFIDENTIAL)
    with pytest.raises(Refused):
        acknowledge_delivery(ines, delivery)
    assert counts_of(ines).to_acknowledge == 0


def test_a_signature_on_a_list_is_marked_as_such(
    directive: Directive, ines: Person, otto: Person, version: EntryVersion, unit: Unit
) -> None:
    unit.refresh_from_db()
    ines.unit = unit
    version.published_at = timezone.now() - timedelta(days=2)
    version.save(update_fields=["published_at"])
    signed = timezone.now() - timedelta(days=1)
    given = record_acknowledgement(otto, row_for(ines, version), "Binder 3, page 2", signed_at=signed)
    assert (given.manner, given.recorded_by, given.at, given.evidence) == ("list", otto, signed, "Binder 3, page 2")
    delivery = Delivery.objects.get(person=ines)
    assert (delivery.state, delivery.opened_at) == ("acknowledged", None)


def test_signatures_are_recorded_by_the_right_people_for_others(
    directive: Directive, ines: Person, nadia: Person, hadia: Person, version: EntryVersion
) -> None:
    delivery = row_for(ines, version)
    for actor in (ines, hadia):
        with pytest.raises(Refused):
            record_acknowledgement(actor, delivery, "Binder")
    with pytest.raises(Refused):
        record_acknowledgement(nadia, row_for(nadia, version), "Binder")
    with pytest.raises(ValidationError) as error:
        record_acknowledgement(nadia, delivery, " ")
    assert field_of(error) == "evidence"
    with pytest.raises(ValidationError) as error:
        record_acknowledgement(nadia, delivery, "Binder", signed_at=soon())
    assert field_of(error) == "signed_at"
    assert Acknowledgement.objects.count() == 0


def test_marking_and_rating(ines: Person, deliver: Any) -> None:
    delivery = deliver(ines)
    assert mark_deliveries_read(ines, [delivery]) == 1
    assert mark_deliveries_read(ines, [delivery]) == 0
    assert mark_deliveries_unread(ines, [delivery]) == 1
    assert rate_delivery(ines, delivery, useful=True).useful is True
    opened = open_delivery(ines, delivery)
    assert (opened.state, opened.opened_at is not None, opened.read_at is not None) == ("opened", True, True)
    assert mark_deliveries_unread(ines, [delivery]) == 0


def test_a_new_version_asks_again(directive: Directive, ines: Person, nadia: Person, version: EntryVersion) -> None:
    from headwater.distribute.broadcasts import broadcast_new_versions

    acknowledge_delivery(ines, row_for(ines, version))
    second = publish_version(
        version.entry, title="New", text="Other", language="en", author="", published_at=timezone.now()
    )
    assert second is not None
    broadcast_new_versions([second], [])
    states = Delivery.objects.filter(person=ines).order_by("pk").values_list("version", "state")
    assert list(states) == [(version.pk, "acknowledged"), (second.pk, "due")]
    of_nadia = Delivery.objects.filter(person=nadia).order_by("pk").values_list("version", "state")
    assert list(of_nadia) == [(version.pk, "expired"), (second.pk, "due")]


def test_there_is_no_row_for_what_was_never_sent(ines: Person, version: EntryVersion) -> None:
    with pytest.raises(Delivery.DoesNotExist):
        row_for(ines, version)
