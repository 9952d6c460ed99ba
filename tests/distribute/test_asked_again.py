"""What was recalled and comes back asks what holds by then, and is told once for each time it is asked."""

from collections.abc import Callable
from datetime import datetime, timedelta
from importlib import import_module
from random import Random
from typing import Any

import pytest
from django.db import connection
from django.test import Client
from django.utils import timezone

from headwater.core.models import Organisation
from headwater.distribute.actions import issue_directive, recall_directive, remove_profile, save_directive, save_profile
from headwater.distribute.attending import candidates_of, is_essential
from headwater.distribute.because import sentences
from headwater.distribute.deadlines import dues_of
from headwater.distribute.delivering import Hit, deliver_hits
from headwater.distribute.ladder import climb
from headwater.distribute.models import Channel, Delivery, Directive, Dispatch, InterestProfile, Reason
from headwater.distribute.posting import STUCK_AFTER, _finish
from headwater.distribute.proof import with_manner
from headwater.distribute.sending import asked_by, channels_of, plan_among
from headwater.distribute.withdrawing import release_leavers, settle_entries, settle_everything
from headwater.people.models import Audience, AudienceMember, Notice, Person
from headwater.search.models import Entry, EntryVersion
from tests.conftest import enrol
from tests.distribute.conftest import Postbox, send_all, text_of

Ask = Callable[..., Directive]
Interested = Callable[..., InterestProfile]
Q = Dispatch.State
NOTHING = ("due", False, False, None)


@pytest.fixture
def ask(nadia: Person, everyone: Audience, version: EntryVersion) -> Ask:
    """Issue a directive on the version, urgent by default, due in so many days."""
    enrol(everyone)

    def asked(days: int = 1, audience: Audience | None = None, urgent: bool = True, **fields: Any) -> Directive:
        fields = {"due_at": timezone.now() + timedelta(days=days)} | fields
        draft = save_directive(nadia, audience or everyone, entry=version.entry, urgent=urgent, **fields)
        return issue_directive(nadia, draft)

    return asked


@pytest.fixture
def follow(ines: Person, version: EntryVersion) -> Interested:
    """An interest of Ines, and the version brought by it."""

    def followed(when: str = "digest") -> InterestProfile:
        profile = save_profile(ines, "air", when=when, confirmed=True)
        deliver_hits([Hit(version.pk, profile.pk, ["air"], 5.0)])
        return profile

    return followed


def asks(person: Person) -> tuple[str, bool, bool, datetime | None]:
    row = Delivery.objects.get(person=person)
    return row.state, row.must_acknowledge, row.urgent, row.due_at


def close(version: EntryVersion) -> None:
    Entry.objects.filter(pk=version.entry_id).update(classification=2)
    settle_entries([version.entry_id])


def reopen(version: EntryVersion) -> None:
    Entry.objects.filter(pk=version.entry_id).update(classification=1)
    settle_entries([version.entry_id])


def audience_of(slug: str, *people: Person) -> Audience:
    audience = Audience.objects.create(slug=slug, name=slug, rule={"any": [{"person": each.pk} for each in people]})
    AudienceMember.objects.bulk_create(AudienceMember(audience=audience, person=each) for each in people)
    return audience


# --- What it asks -----------------------------------------------------------------------------------------------------


def test_a_recalled_must_read_that_an_interest_brings_asks_nothing(
    nadia: Person, ines: Person, ask: Ask, follow: Interested
) -> None:
    recall_directive(nadia, ask())
    follow("weekly")
    assert asks(ines) == NOTHING
    row = Delivery.objects.get(person=ines)
    assert (row.push, row.score, row.withdrawn_at, row.withdrawn_because) == ("weekly", 5.0, None, "")
    assert sentences(row.reasons.all()) == ["Your profile air: “air”"]


def test_sent_again_without_a_signature_it_asks_none(nadia: Person, ines: Person, ask: Ask) -> None:
    recall_directive(nadia, ask())
    ask(acknowledge=False, urgent=False, due_at=None)
    assert asks(ines) == NOTHING


def test_a_corrected_must_read_has_its_own_deadline_and_sentence(nadia: Person, ines: Person, ask: Ask) -> None:
    recall_directive(nadia, ask(sentence="Read by Friday"))
    again = ask(30, urgent=False, sentence="Read by Monday")
    assert asks(ines) == ("due", True, False, again.due_at)
    assert Delivery.objects.get(person=ines).eligible_at == again.issued_at


def test_one_that_was_recalled_while_it_could_not_be_read_asks_nothing_afterwards(
    nadia: Person, ines: Person, version: EntryVersion, ask: Ask, follow: Interested
) -> None:
    follow()
    directive = ask()
    close(version)
    recall_directive(nadia, directive)
    reopen(version)
    assert asks(ines) == NOTHING
    assert Delivery.objects.get(person=ines).push == "digest"


def test_what_could_not_be_read_for_a_while_asks_as_before(ines: Person, version: EntryVersion, ask: Ask) -> None:
    directive = ask()
    close(version)
    reopen(version)
    assert asks(ines) == ("due", True, True, directive.due_at)


def test_what_an_interest_brings_to_one_who_was_released_asks_nothing_at_once(
    organisation: Organisation, ines: Person, ask: Ask, follow: Interested
) -> None:
    crew = audience_of("crew", ines)
    ask(audience=crew)
    AudienceMember.objects.filter(audience=crew).delete()
    release_leavers(organisation.pk)
    follow()
    assert asks(ines) == NOTHING


def test_what_its_person_did_is_kept(nadia: Person, ines: Person, ask: Ask) -> None:
    directive, at = ask(), timezone.now()
    Delivery.objects.filter(person=ines).update(state="opened", opened_at=at, read_at=at, useful=True)
    eligible = Delivery.objects.get(person=ines).eligible_at
    recall_directive(nadia, directive)
    ask(9, urgent=False)
    row = Delivery.objects.get(person=ines)
    assert (row.state, row.opened_at, row.read_at, row.useful, row.eligible_at) == ("opened", at, at, True, eligible)


def test_what_was_recalled_says_so_and_only_where_nothing_else_brought_it(
    nadia: Person, ines: Person, everyone: Audience, ask: Ask
) -> None:
    recall_directive(nadia, ask())
    reasons = Reason.objects.filter(delivery__person=ines)
    assert sentences(reasons) == [f"Recalled since it was sent to {everyone.name}"]
    ask()
    assert sentences(reasons.all()) == [f"You must read this because you belong to {everyone.name}"]


def test_what_an_earlier_version_left_asking_is_put_right_by_the_upgrade(
    organisation: Organisation, ines: Person, otto: Person, ask: Ask, follow: Interested
) -> None:
    """Ines follows what was recalled; Otto was asked once more, by a directive that stands."""
    crew = audience_of("crew", otto)
    standing, recalled = ask(audience=crew), ask(2)
    follow()
    plan_among(Delivery.objects.all())
    Directive.objects.filter(pk=recalled.pk).update(state=Directive.State.RECALLED)
    with connection.cursor() as cursor:
        cursor.execute(import_module("headwater.distribute.migrations.0028_ease_what_was_left").FILL)
        cursor.execute("SELECT set_config('headwater.organisation', %s, true)", [str(organisation.pk)])
    assert asks(ines) == NOTHING
    assert asks(otto) == ("due", True, True, standing.due_at)
    told = Dispatch.objects.filter(delivery__isnull=False).values_list("delivery__person", "taken_back")
    assert set(told) >= {(ines.pk, True), (otto.pk, False)}


def test_what_was_acknowledged_stays_as_it_was_asked(
    nadia: Person, ines: Person, version: EntryVersion, ask: Ask
) -> None:
    directive = ask()
    Delivery.objects.filter(person=ines).update(state="acknowledged", acknowledged_at=timezone.now())
    recall_directive(nadia, directive)
    assert asks(ines) == ("acknowledged", True, True, directive.due_at)


def test_who_left_the_audience_while_it_could_not_be_read_is_asked_nothing_afterwards(
    ines: Person, version: EntryVersion, ask: Ask, follow: Interested
) -> None:
    follow()
    crew = audience_of("crew", ines)
    ask(audience=crew)
    close(version)
    AudienceMember.objects.filter(audience=crew).delete()
    reopen(version)
    assert asks(ines) == NOTHING


class World:
    """Ines, an entry, two audiences; every kind of change, by number, and what her delivery ought to ask then."""

    def __init__(self, nadia: Person, ines: Person, version: EntryVersion, ask: Ask, follow: Interested) -> None:
        self.nadia, self.ines, self.version, self.ask, self.follow = nadia, ines, version, ask, follow
        self.crews = [audience_of("crew", ines), audience_of("camp", ines)]
        self.others = [AudienceMember(audience=crew, person=nadia) for crew in self.crews]
        AudienceMember.objects.bulk_create(self.others)
        self.issued: list[Directive] = []
        self.profiles: list[InterestProfile] = []

    def step(self, dice: Random) -> None:
        crew = dice.choice(self.crews)
        membership = AudienceMember.objects.filter(audience=crew, person=self.ines)
        match dice.randrange(8):
            case 0 | 1:
                fields = {"acknowledge": False, "due_at": None} if dice.random() < 0.3 else {}
                self.issued.append(self.ask(dice.randrange(1, 30), crew, dice.random() < 0.5, **fields))
            case 2 | 3 if self.issued:
                recall_directive(self.nadia, self.issued.pop(dice.randrange(len(self.issued))))
            case 4:
                self.profiles.append(self.follow(dice.choice(["weekly", "digest", "at_once"])))
            case 5 if self.profiles:
                remove_profile(self.ines, self.profiles.pop())
            case 6:
                close(self.version)
            case 7:
                if not membership.delete()[0]:
                    AudienceMember.objects.create(audience=crew, person=self.ines)
        if dice.random() < 0.7:
            Entry.objects.filter(pk=self.version.entry_id).update(classification=1)
        settle_everything(self.nadia.organisation_id)

    def check(self) -> None:
        row = Delivery.objects.filter(person=self.ines).first()
        if row is None or row.state == Delivery.State.WITHDRAWN:
            return
        belongs = AudienceMember.objects.filter(person=self.ines).values("audience")
        issued = row.reasons.filter(directive__state="issued")
        must = issued.filter(directive__acknowledge=True, directive__audience__in=belongs)
        sent = issued.filter(directive__acknowledge=False)
        assert row.must_acknowledge == must.exists()
        assert row.urgent == (must | sent).filter(directive__urgent=True).exists()
        plan_among(Delivery.objects.all())
        told = row.dispatches.filter(taken_back=False, asked__gte=asked_by(row)).exclude(state=Q.CANCELLED)
        assert told.exists() or not is_essential(row)
        Dispatch.objects.filter(state=Q.QUEUED).update(state=Q.SENT, sent_at=timezone.now())
        Delivery.objects.filter(dispatches__state=Q.SENT).update(sent_at=timezone.now())
        assert row.due_at == dues_of(Delivery.objects.filter(pk=row.pk)).get(row.pk)


@pytest.mark.parametrize("seed", range(4))
def test_whatever_comes_in_whatever_order_it_asks_what_its_reasons_that_hold_ask(
    seed: int, nadia: Person, ines: Person, version: EntryVersion, ask: Ask, follow: Interested
) -> None:
    world, dice = World(nadia, ines, version, ask, follow), Random(seed)
    for _turn in range(20):
        world.step(dice)
        world.check()


# --- What is told -----------------------------------------------------------------------------------------------------


def planned(person: Person) -> list[tuple[str, str]]:
    """Plan what is new, twice; (purpose, state) of all that was queued for the person."""
    for _again in range(2):
        plan_among(Delivery.objects.all())
    return list(Dispatch.objects.filter(delivery__person=person).order_by("pk").values_list("purpose", "state"))


def being_sent(person: Person) -> Dispatch:
    """The person's only dispatch, as the worker that has it in hand knows it."""
    Dispatch.objects.filter(delivery__person=person).update(state=Q.SENDING, claimed_at=timezone.now(), attempts=1)
    return Dispatch.objects.get(delivery__person=person)


def mails_to(person: Person, box: Postbox) -> list[str]:
    return [text_of(mail).splitlines()[0] for mail in box.mails if mail["To"] and str(person.email) in mail["To"]]


def test_one_that_was_recalled_before_it_went_out_is_told_when_it_is_issued_again(
    organisation: Organisation, postbox: Postbox, nadia: Person, ines: Person, ask: Ask
) -> None:
    directive = ask()
    assert planned(ines) == [("first", Q.QUEUED)]
    recall_directive(nadia, directive)
    assert planned(ines) == [("first", Q.CANCELLED)]
    ask()
    assert planned(ines) == [("first", Q.CANCELLED), ("first", Q.QUEUED)]
    send_all(organisation)
    assert len(mails_to(ines, postbox)) == 1
    assert planned(ines) == [("first", Q.CANCELLED), ("first", Q.SENT)]


@pytest.mark.parametrize("is_read", [False, True])
def test_one_that_was_told_is_told_again_each_time_it_is_issued_again(
    organisation: Organisation, postbox: Postbox, nadia: Person, ines: Person, ask: Ask, is_read: bool
) -> None:
    for days in (1, 9, 20):
        directive = ask(days, urgent=False)
        planned(ines)
        send_all(organisation)
        if is_read:
            now = timezone.now()
            Delivery.objects.filter(person=ines).update(state="opened", opened_at=now, read_at=now)
        planned(ines)
        if days < 20:
            recall_directive(nadia, directive)
    told = mails_to(ines, postbox)
    assert len(told) == len(set(told)) == 3, told
    keys = [mail["Message-ID"] for mail in postbox.mails if "ines" in mail["To"]]
    assert len(set(keys)) == 3


def test_what_was_only_sent_and_is_recalled_is_told_when_it_is_sent_again(
    organisation: Organisation, postbox: Postbox, nadia: Person, ines: Person, ask: Ask
) -> None:
    for _time in range(2):
        directive = ask(acknowledge=False, urgent=False, due_at=None)
        planned(ines)
        send_all(organisation)
        recall_directive(nadia, directive)
    assert len(mails_to(ines, postbox)) == 2


def test_who_was_released_and_is_asked_again_is_told_again(
    organisation: Organisation, postbox: Postbox, ines: Person, ask: Ask
) -> None:
    crew = audience_of("crew", ines)
    for days in (1, 5):
        ask(days, audience=crew, urgent=False)
        planned(ines)
        send_all(organisation)
        AudienceMember.objects.filter(audience=crew).delete()
        release_leavers(organisation.pk)
        AudienceMember.objects.create(audience=crew, person=ines)
    assert len(mails_to(ines, postbox)) == 2


def test_what_an_interest_told_is_not_told_again_when_a_must_read_on_it_is_recalled(
    organisation: Organisation, nadia: Person, ines: Person, ask: Ask, follow: Interested
) -> None:
    follow("at_once")
    planned(ines)
    Delivery.objects.update(sent_at=None)
    Dispatch.objects.update(state=Q.SENT)
    recall_directive(nadia, ask(urgent=False))
    assert planned(ines) == [("first", Q.SENT)]


def test_a_corrected_one_that_is_issued_before_the_first_is_recalled_is_told(
    organisation: Organisation, postbox: Postbox, nadia: Person, ines: Person, ask: Ask
) -> None:
    first = ask(1, urgent=False)
    planned(ines)
    send_all(organisation)
    ask(9, urgent=False)
    assert planned(ines) == [("first", Q.SENT)]
    recall_directive(nadia, first)
    assert planned(ines) == [("first", Q.SENT), ("must", Q.QUEUED)]


def test_who_could_not_read_for_a_while_is_not_told_twice_and_not_left_out(
    organisation: Organisation, postbox: Postbox, ines: Person, version: EntryVersion, ask: Ask
) -> None:
    ask()
    planned(ines)
    close(version)
    send_all(organisation)
    for _again in range(2):
        reopen(version)
        planned(ines)
        send_all(organisation)
        close(version)
    assert len(mails_to(ines, postbox)) == 1
    assert planned(ines) == [("first", Q.CANCELLED), ("first", Q.SENT)]


def test_what_one_channel_never_took_is_told_by_another_and_not_tried_again_by_the_first(
    organisation: Organisation, postbox: Postbox, ines: Person, ask: Ask
) -> None:
    postbox.refused["ines@waterworks.example"] = "550 No such person"
    ask()
    planned(ines)
    send_all(organisation)
    assert planned(ines) == [("first", Q.CANCELLED)]
    other = Channel.objects.create(person=ines, kind=Channel.Kind.MAIL, address="ines@elsewhere.example")
    planned(ines)
    send_all(organisation)
    assert planned(ines) == [("first", Q.CANCELLED), ("urgent", Q.SENT)]
    assert Dispatch.objects.get(delivery__person=ines, state=Q.SENT).channel == other
    Channel.objects.filter(person=ines).update(state=Channel.State.ACTIVE)
    assert len(planned(ines)) == 2


def test_what_was_given_up_is_not_tried_again_by_the_same_channel_unless_more_is_asked(
    organisation: Organisation, ines: Person, ask: Ask
) -> None:
    ask(urgent=False)
    planned(ines)
    Dispatch.objects.filter(delivery__person=ines).update(state=Q.CANCELLED, error="552 Not this message")
    assert planned(ines) == [("first", Q.CANCELLED)]
    ask()
    assert planned(ines) == [("first", Q.CANCELLED), ("urgent", Q.QUEUED)]


@pytest.mark.parametrize("asking", [{}, {"acknowledge": False, "due_at": None}])
def test_what_is_recalled_while_it_goes_out_is_told_when_it_is_issued_again(
    organisation: Organisation, postbox: Postbox, nadia: Person, ines: Person, ask: Ask, asking: dict[str, Any]
) -> None:
    directive = ask(urgent=False, **asking)
    planned(ines)
    going = being_sent(ines)
    recall_directive(nadia, directive)
    ask(9, urgent=False, **asking)
    _finish(going, Q.SENT)
    assert Delivery.objects.get(person=ines).sent_at is None
    planned(ines)
    send_all(organisation)
    assert len(mails_to(ines, postbox)) == 1
    assert Delivery.objects.get(person=ines).sent_at is not None


def test_a_sending_that_ends_when_something_else_took_its_place_is_recorded_and_no_fault(
    organisation: Organisation, postbox: Postbox, nadia: Person, ines: Person, ask: Ask, follow: Interested
) -> None:
    """It hung until it was taken for stuck; then a must-read came in its place, and was recalled."""
    follow("at_once")
    planned(ines)
    hanging = being_sent(ines)
    Dispatch.objects.filter(pk=hanging.pk).update(state=Q.QUEUED)
    directive = ask(urgent=False)
    assert planned(ines) == [("first", Q.CANCELLED), ("must", Q.QUEUED)]
    recall_directive(nadia, directive)
    assert planned(ines) == [("first", Q.CANCELLED), ("must", Q.CANCELLED), ("first", Q.QUEUED)]
    _finish(hanging, Q.SENT)
    assert planned(ines) == [("first", Q.SENT), ("must", Q.CANCELLED), ("first", Q.QUEUED)]


def test_what_a_killed_worker_was_sending_does_not_go_out_beside_what_was_issued_since(
    organisation: Organisation, postbox: Postbox, nadia: Person, ines: Person, ask: Ask
) -> None:
    directive = ask()
    planned(ines)
    long_ago = timezone.now() - 2 * STUCK_AFTER
    Dispatch.objects.filter(delivery__person=ines).update(state=Q.SENDING, claimed_at=long_ago, attempts=1)
    recall_directive(nadia, directive)
    ask(9)
    planned(ines)
    send_all(organisation)
    assert len(mails_to(ines, postbox)) == 1
    assert sorted(planned(ines)) == [("first", Q.CANCELLED), ("first", Q.SENT)]


def test_a_chat_that_was_perhaps_sent_is_not_repeated_when_it_was_taken_back(
    organisation: Organisation, nadia: Person, ines: Person, ask: Ask
) -> None:
    channels_of([ines])
    Channel.objects.filter(person=ines).update(kind=Channel.Kind.CHAT)
    directive = ask()
    long_ago = timezone.now() - 2 * STUCK_AFTER
    plan_among(Delivery.objects.filter(person=ines))
    Dispatch.objects.filter(channel__kind="chat").update(state=Q.SENDING, claimed_at=long_ago, attempts=1)
    recall_directive(nadia, directive)
    send_all(organisation)
    assert set(Dispatch.objects.values_list("purpose", "taken_back")) == {("first", True)}


def test_a_chat_that_was_perhaps_sent_and_is_repeated_counts_for_what_it_asked(
    organisation: Organisation, ines: Person, ask: Ask
) -> None:
    channels_of([ines])
    Channel.objects.filter(person=ines).update(kind=Channel.Kind.CHAT)
    ask()
    plan_among(Delivery.objects.filter(person=ines))
    long_ago = timezone.now() - 2 * STUCK_AFTER
    Dispatch.objects.filter(channel__kind="chat").update(state=Q.SENDING, claimed_at=long_ago, attempts=1)
    send_all(organisation)
    sendings = Dispatch.objects.filter(delivery__person=ines).values_list("purpose", "asked")
    assert set(sendings) == {("first", Dispatch.Asked.AT_ONCE), ("repeat", Dispatch.Asked.AT_ONCE)}


def test_the_mail_says_what_its_weightiest_directive_says(
    organisation: Organisation, postbox: Postbox, ines: Person, ask: Ask
) -> None:
    ask(acknowledge=False, urgent=False, due_at=None, sentence="For those who are curious")
    ask(urgent=False, sentence="Read before you go down")
    planned(ines)
    send_all(organisation)
    mail = next(text_of(mail) for mail in postbox.mails if mail["To"] and str(ines.email) in mail["To"])
    assert "Read before you go down" in mail
    assert "curious" not in mail


def test_the_channels_of_a_recalled_one_are_not_those_of_the_next(nadia: Person, ines: Person, ask: Ask) -> None:
    channels_of([ines])
    recall_directive(nadia, ask(urgent=False, channels=["mail"]))
    ask(urgent=False, channels=["chat"])
    assert planned(ines) == []


def test_recalling_what_pressed_tells_nobody_again_of_what_still_asks(
    organisation: Organisation, nadia: Person, ines: Person, otto: Person, ask: Ask
) -> None:
    now = timezone.now()
    first = ask(10, urgent=False, remind_days=[3, 0], tell_head_after_days=1)
    pressing = ask(20, remind_days=[1])
    assert planned(ines) == [("first", Q.QUEUED)]
    for days in (7.1, 10.1, 12.1):
        climb(first, now + timedelta(days=days))
    told = planned(ines)
    assert [purpose for purpose, _state in told] == ["first", "remind:3", "remind:0"]
    assert {notice.person.name for notice in Notice.objects.all()} == {otto.name, nadia.name}
    Notice.objects.update(done_at=now)
    recall_directive(nadia, pressing)
    assert asks(ines) == ("due", True, False, first.due_at)
    climb(first, now + timedelta(days=12.2))
    assert planned(ines) == told
    assert not Notice.objects.filter(done_at=None).exists()


def test_what_presses_again_is_told_again_each_time(
    organisation: Organisation, nadia: Person, ines: Person, ask: Ask
) -> None:
    ask(1, urgent=False)
    planned(ines)
    send_all(organisation)
    for times in (1, 2, 3):
        pressing = ask(20)
        assert [purpose for purpose, _state in planned(ines)] == ["first", *["urgent"] * times]
        send_all(organisation)
        recall_directive(nadia, pressing)
        assert len(planned(ines)) == 1 + times


def test_the_list_of_what_is_overdue_shows_no_reminder_of_what_was_recalled(
    nadia: Person, ines: Person, ask: Ask, sign_in: Callable[[Person], Client]
) -> None:
    now, page = timezone.now(), "/o/waterworks/distribute/proof/overdue/"
    directive = ask(2, urgent=False, remind_days=[1])
    climb(directive, now + timedelta(days=1, hours=3))
    Delivery.objects.filter(person=ines).update(due_at=now - timedelta(days=1))
    assert "Reminded" in sign_in(nadia).get(page).content.decode()
    recall_directive(nadia, directive)
    ask(9, urgent=False)
    Delivery.objects.filter(person=ines).update(due_at=now - timedelta(days=1))
    shown = sign_in(nadia).get(page).content.decode()
    assert ines.name in shown
    assert "Reminded" not in shown


def test_the_proof_names_the_must_read_that_still_asks(nadia: Person, ines: Person, ask: Ask) -> None:
    recalled, standing = ask(1), ask(9)
    recall_directive(nadia, recalled)
    assert with_manner(Delivery.objects.filter(person=ines)).get().directive == standing.pk


def test_what_was_recalled_weighs_nothing_in_a_day(nadia: Person, ines: Person, ask: Ask, follow: Interested) -> None:
    follow()
    now, mine = timezone.now(), Delivery.objects.filter(person=ines)

    def value() -> float:
        return candidates_of(mine, {}, now)[mine.get().pk].value

    before = value()
    directive = ask()
    assert value() != before
    recall_directive(nadia, directive)
    assert value() == before


def test_reminders_begin_anew_with_what_is_issued_again(nadia: Person, ines: Person, ask: Ask) -> None:
    now = timezone.now()
    directive = ask(2, urgent=False, remind_days=[1])
    climb(directive, now + timedelta(days=1, hours=3))
    recall_directive(nadia, directive)
    again = ask(9, urgent=False, remind_days=[1, 20])
    climb(again, now + timedelta(days=2))
    climb(again, now + timedelta(days=8, hours=3))
    reminded = Dispatch.objects.filter(delivery__person=ines, purpose__startswith="remind").order_by("pk")
    assert list(reminded.values_list("purpose", "taken_back")) == [("remind:1", True), ("remind:1", False)]
    assert list(Delivery.objects.get(person=ines).reminders.order_by("pk").values_list("taken_back", flat=True)) == [
        True,
        False,
    ]
