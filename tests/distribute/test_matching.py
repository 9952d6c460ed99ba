"""From a committed version to deliveries: real transactions, as the application's role."""

import gc
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from django.db.models import F
from django.utils import timezone

from headwater.core.actions import OPERATOR
from headwater.core.jobs import safe_tx
from headwater.core.models import Classification, Organisation
from headwater.core.wall import organisation_context
from headwater.distribute import broadcasts, matching
from headwater.distribute.actions import (
    issue_directive,
    remove_profile,
    save_directive,
    save_profile,
)
from headwater.distribute.broadcasts import spread_open_broadcasts
from headwater.distribute.following import current_tx
from headwater.distribute.inbox import inbox_of
from headwater.distribute.matching import forget_standing, match_new_versions
from headwater.distribute.matching_aside import match_very_long
from headwater.distribute.models import Broadcast, Delivery, InterestProfile, MatchRun, Reason
from headwater.distribute.waiting import counts_of
from headwater.distribute.widening import FOLLOWERS as WIDENING
from headwater.distribute.withdrawing import follow_entries, follow_members, hand_over, settle_everything
from headwater.gather.models import Source
from headwater.people.actions import change_person, create_unit, grant_permission, move_unit, revoke_permission
from headwater.people.membership import refresh
from headwater.people.models import Audience, AudienceMember, Permission, Person, Unit
from headwater.search.actions import publish_version, restore_entry, withdraw_entry
from headwater.search.models import Entry, EntryVersion, Kind
from tests.conftest import make_person

LONG = " ".join(f"sentence number {n} about draining the valley of water" for n in range(30))


class House:
    """An organisation with three people, whose every step is a transaction of its own."""

    def __init__(self) -> None:
        self.organisation = Organisation.objects.create(slug="waterworks", name="Waterworks")
        with self.inside():
            self.unit = Unit.objects.create(slug="drainage", name="Drainage")
            self.unit.path = f"/{self.unit.pk}/"
            self.unit.save()
            self.ines = make_person("Ines", unit=self.unit)
            self.omar = make_person("Omar", unit=self.unit, language="fr")
            self.nadia = make_person("Nadia", Permission.KNOWLEDGE_MANAGER)
            self.everyone = self.audience("everyone", {"everyone": True})

    @contextmanager
    def inside(self) -> Iterator[None]:
        with organisation_context(self.organisation.pk):
            yield

    def audience(self, slug: str, rule: dict[str, Any]) -> Audience:
        audience = Audience.objects.create(slug=slug, name=slug, rule=rule)
        refresh([audience])
        return audience

    def publish(self, title: str, text: str = "", entry: Entry | None = None, **fields: Any) -> EntryVersion:
        """A version committed by itself; a new entry for everyone, unless given."""
        version_fields = {
            name: fields.pop(name) for name in ("is_backfill", "published_at", "language") if name in fields
        }
        with self.inside():
            entry = entry or Entry.objects.create(
                **{"kind": Kind.PROCEDURE, "title": title, "audience": self.everyone, "owner": self.nadia, **fields}
            )
            return self.version(entry, title, text, **version_fields)

    def version(self, entry: Entry, title: str, text: str, **fields: Any) -> EntryVersion:
        given = {"language": "en", "author": "", "published_at": timezone.now(), **fields}
        version = publish_version(entry, title=title, text=text, **given)
        assert version is not None
        return version

    def match(self, patiently: bool = True) -> None:
        """Run every follower until there is nothing left; first wait for whatever other tests have open."""
        if patiently:
            self.await_others()
        wider = (each.step for each in WIDENING)
        steps = (match_new_versions, match_very_long, spread_open_broadcasts, follow_entries, follow_members, *wider)
        while [step for step in steps if step(self.organisation.pk)]:
            pass
        with self.inside():
            elsewhere = Delivery.objects.exclude(entry=F("version__entry"))
            assert not elsewhere.exists(), "a delivery names the entry of its version"

    def await_others(self) -> None:
        """Transactions are numbered for the whole server, so a test in another process can hold a follower back."""
        with self.inside():
            drawn = current_tx()
        deadline = time.monotonic() + 60
        while time.monotonic() < deadline:
            with self.inside():
                if safe_tx() > drawn:
                    return
            time.sleep(0.05)

    def got(self, person: Person, state: str | None = None) -> list[str]:
        """The titles delivered to a person, in order, perhaps only those in a state."""
        with self.inside():
            rows = Delivery.objects.filter(person=person).order_by("pk")
            return [row.version.title for row in rows.select_related("version") if state in (None, row.state)]


@pytest.fixture
def house(committed: None) -> Iterator[House]:
    forget_standing()
    yield House()
    forget_standing()


def profile(house: House, person: Person, query: str, **fields: Any) -> InterestProfile:
    with house.inside():
        return save_profile(person, query, **fields)


def test_a_matching_version_is_delivered_once_with_the_words_that_brought_it(house: House) -> None:
    profile(house, house.ines, "pump OR pumps valve", name="Pumps")
    house.publish("A pump that leaks")
    house.publish("Nothing of interest")
    house.match()
    house.match()
    assert house.got(house.ines) == ["A pump that leaks"]
    assert house.got(house.omar) == []
    with house.inside():
        reason = Reason.objects.get()
        assert reason.profile is not None
        assert (reason.profile.name, reason.words) == ("Pumps", ["pump"])


def test_words_are_matched_in_the_readers_language(house: House) -> None:
    profile(house, house.omar, "pompe")
    profile(house, house.ines, "pompe")
    house.publish("Les pompes", language="fr")
    house.match()
    assert house.got(house.omar) == ["Les pompes"]
    assert house.got(house.ines) == []


def test_a_change_of_language_counts_from_the_next_version(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("headwater.distribute.standing.LANGUAGES_EVERY", 0.0)
    monkeypatch.setattr("headwater.distribute.standing.LANGUAGES_SHARE", 1e9)
    profile(house, house.ines, "pompe")
    house.publish("Les pompes", language="fr")
    house.match()
    with house.inside():
        Person.objects.filter(pk=house.ines.pk).update(chosen_language="fr")
    house.publish("Deux pompes", language="fr")
    house.match()
    assert house.got(house.ines) == ["Deux pompes"]


def test_who_came_after_the_last_look_at_languages_is_matched_in_theirs(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("headwater.distribute.standing.LANGUAGES_EVERY", 0.5)
    monkeypatch.setattr("headwater.distribute.standing.LANGUAGES_SHARE", 1e9)
    with house.inside():
        save_profile(house.nadia, "tubos", audience=house.everyone, name="Everybody's")
    house.match()
    with house.inside():
        lea = make_person("Lea", language="es")
        refresh([house.everyone])
    profile(house, lea, "tubos")
    house.match()
    time.sleep(0.5)
    house.publish("Un tubo", language="es")
    house.match()
    assert house.got(lea) == house.got(house.ines) == ["Un tubo"]
    with house.inside():
        assert Reason.objects.filter(delivery__person=lea).count() == 2


def test_several_reasons_make_one_delivery_as_soon_as_the_soonest(house: House) -> None:
    profile(house, house.ines, "pump", when="weekly")
    profile(house, house.ines, "leak*", when="at_once")
    house.publish("A pump that leaks")
    house.match()
    with house.inside():
        delivery = Delivery.objects.get()
        assert delivery.push == "at_once"
        assert delivery.reasons.count() == 2


def test_only_those_who_may_read_receive(house: House) -> None:
    profile(house, house.ines, "pump")
    with house.inside():
        save_profile(house.nadia, "pump", audience=house.everyone)
    house.publish("Secret pump", classification=Classification.RESTRICTED)
    house.publish("Private pump", audience=None)
    house.match()
    assert house.got(house.ines) == []
    assert house.got(house.nadia) == ["Private pump"]


def test_a_group_profile_reaches_all_in_its_audience(house: House) -> None:
    with house.inside():
        save_profile(house.nadia, "pump", audience=house.audience("drainers", {"unit": "drainage"}))
    house.publish("A pump")
    house.match()
    assert house.got(house.ines) == house.got(house.omar) == ["A pump"]
    assert house.got(house.nadia) == []


def test_a_profile_gets_nothing_from_before_it_and_everything_after(house: House) -> None:
    house.publish("An old pump")
    house.await_others()  # what was open while it was published might be what the profile was asked before
    profile(house, house.ines, "pump")
    house.publish("A new pump")
    house.match()
    assert house.got(house.ines) == ["A new pump"]


def test_a_changed_or_removed_profile_counts_for_the_next_version(house: House) -> None:
    standing = profile(house, house.ines, "pump")
    house.match()
    with house.inside():
        save_profile(house.ines, "valve", profile=standing)
    house.publish("A pump")
    house.publish("A valve")
    house.match()
    with house.inside():
        remove_profile(house.ines, standing)
    house.publish("Another valve")
    house.match()
    assert house.got(house.ines) == ["A valve"]


def test_nothing_is_lost_when_commits_come_out_of_order(house: House) -> None:
    """A version drawn first and committed last is matched, and a profile saved meanwhile gets it."""
    database = settings.DATABASES["default"]
    dsn = {"host": database["HOST"], "port": database["PORT"] or None, "user": database["USER"]}
    with psycopg.connect(**dsn, password=database["PASSWORD"], dbname=database["NAME"]) as slow:
        slow.execute("SELECT set_config('headwater.organisation', %s, true)", [str(house.organisation.pk)])
        with house.inside():
            entry = Entry.objects.create(kind=Kind.PROCEDURE, title="Slow", audience=house.everyone, owner=house.nadia)
        slow.execute(
            "INSERT INTO search_entryversion (entry_id, number, title, text, language, author, checksum, summary,"
            " published_at, gathered_at, is_backfill, tx)"
            " VALUES (%s, 1, 'A slow pump', '', 'en', '', 'x', '', now(), now(), false, 0)",
            [entry.pk],
        )
        house.publish("A quick pump")
        profile(house, house.ines, "pump")
        house.match(patiently=False)
        assert house.got(house.ines) == []
        slow.commit()
    house.match()
    assert "A slow pump" in house.got(house.ines)


def test_a_profile_committed_after_its_version_was_matched_is_caught_up(house: House) -> None:
    """The profile's transaction is open while a version is committed and matched."""
    opened, matched = threading.Event(), threading.Event()

    def slowly() -> None:
        with organisation_context(house.organisation.pk):
            save_profile(house.ines, "pump")
            opened.set()
            assert matched.wait(10)
        connections.close_all()

    thread = threading.Thread(target=slowly)
    thread.start()
    assert opened.wait(10)
    house.publish("A pump")
    house.match(patiently=False)
    assert house.got(house.ines) == []
    matched.set()
    thread.join()
    house.match()
    assert house.got(house.ines) == ["A pump"]


def test_what_a_dead_step_did_is_done_again_once(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    profile(house, house.ines, "pump")
    house.publish("A pump")

    def dies(*_args: object) -> None:
        raise RuntimeError("killed")

    house.await_others()

    with monkeypatch.context() as patch:
        patch.setattr("headwater.distribute.matching._record", dies)
        with pytest.raises(RuntimeError):
            match_new_versions(house.organisation.pk)
    assert house.got(house.ines) == []
    house.match()
    assert house.got(house.ines) == ["A pump"]
    with house.inside():
        assert MatchRun.objects.count() == 1


def test_a_back_fill_is_quiet_unless_recent_or_asked_for(house: House) -> None:
    profile(house, house.ines, "pump")
    with house.inside():
        Source.objects.create(slug="archive", name="Archive", kind="folder", owner=house.nadia)
    old = timezone.now() - timedelta(days=30)
    house.publish("Old pump", source_slug="archive", is_backfill=True, published_at=old)
    house.publish("Recent pump", source_slug="archive", is_backfill=True)
    house.match()
    assert house.got(house.ines) == ["Recent pump"]
    with house.inside():
        Source.objects.update(deliver_backfill_days=60)
    house.publish("Asked pump", source_slug="archive", is_backfill=True, published_at=old)
    house.match()
    assert house.got(house.ines) == ["Recent pump", "Asked pump"]


def test_a_nearly_identical_version_updates_what_was_not_opened(house: House) -> None:
    profile(house, house.ines, "draining")
    profile(house, house.omar, "draining")
    first = house.publish("Draining", LONG)
    house.match()
    with house.inside():
        opened = Delivery.objects.get(person=house.omar)
        opened.state, opened.opened_at = Delivery.State.OPENED, timezone.now()
        opened.save()
    second = house.publish("Draining", LONG + " today", entry=first.entry)
    house.match()
    with house.inside():
        assert list(Delivery.objects.filter(person=house.ines).values_list("version", "state")) == [(second.pk, "due")]
        of_omar = Delivery.objects.filter(person=house.omar).order_by("pk").values_list("version", "state")
        assert list(of_omar) == [(first.pk, "opened"), (second.pk, "due")]


def test_a_new_version_replaces_what_was_not_read(house: House) -> None:
    profile(house, house.ines, "pump")
    first = house.publish("Pump one")
    house.match()
    house.publish("Pump two, quite different", entry=first.entry)
    house.match()
    assert house.got(house.ines, "expired") == ["Pump one"]
    assert house.got(house.ines, "due") == ["Pump two, quite different"]


def test_several_versions_of_an_entry_at_once_end_with_the_newest(house: House) -> None:
    profile(house, house.ines, "pump")
    first = house.publish("Pump one")
    for title in ("Pump two", "Pump three"):
        house.publish(title, entry=first.entry)
    house.match()
    assert house.got(house.ines, "due") == ["Pump three"]


def test_a_withdrawn_entry_is_withdrawn_and_comes_back(house: House) -> None:
    profile(house, house.ines, "pump")
    version = house.publish("A pump")
    house.match()
    with house.inside():
        withdraw_entry(version.entry)
    house.match()
    assert house.got(house.ines, "withdrawn") == ["A pump"]
    with house.inside():
        assert [row.withdrawn_because for row in inbox_of(house.ines)] == ["gone"]
        restore_entry(version.entry)
    house.match()
    assert house.got(house.ines, "due") == ["A pump"]


def test_lost_access_hides_at_once_and_returns(house: House) -> None:
    profile(house, house.ines, "pump")
    version = house.publish("A pump")
    house.match()
    with house.inside():
        Entry.objects.filter(pk=version.entry_id).update(classification=Classification.CONFIDENTIAL)
        assert list(inbox_of(house.ines)) == []
    house.match()
    assert house.got(house.ines, "withdrawn") == ["A pump"]
    with house.inside():
        Entry.objects.filter(pk=version.entry_id).update(classification=Classification.PUBLIC)
    house.match()
    assert house.got(house.ines, "due") == ["A pump"]


def test_whoever_leaves_is_withdrawn_from(house: House) -> None:
    standing = profile(house, house.ines, "pump")
    house.publish("A pump")
    house.match()
    with house.inside():
        Person.objects.filter(pk=house.ines.pk).update(left_on=timezone.localdate())
        refresh()
    hand_over(house.organisation.pk)
    with house.inside():
        assert Delivery.objects.get().withdrawn_because == "left"
        standing.refresh_from_db()
        assert not standing.is_active


def standing_directive(house: House, query: str, audience: Audience | None = None, **fields: Any) -> Any:
    with house.inside():
        draft = save_directive(house.nadia, audience or house.everyone, query=query, **{"due_days": 5, **fields})
        return issue_directive(house.nadia, draft)


def test_a_standing_directive_asks_for_each_version_that_matches(house: House) -> None:
    standing_directive(house, "path:safety/*", urgent=True)
    house.publish("Helmets", path="safety/helmets.md")
    house.publish("Lunch", path="canteen/lunch.md")
    house.match()
    assert house.got(house.ines) == ["Helmets"]
    with house.inside():
        delivery = Delivery.objects.get(person=house.ines)
        assert delivery.must_acknowledge
        assert delivery.urgent
        assert delivery.push == "at_once"
        assert delivery.due_at is not None
        assert delivery.due_at > timezone.now() + timedelta(days=4)
        assert delivery.reasons.get().words == ["safety/*"]


def test_a_standing_directive_ends_with_its_day(house: House) -> None:
    standing_directive(house, "pump", until=timezone.localdate() - timedelta(days=1))
    house.publish("A pump")
    house.match()
    assert house.got(house.ines) == []


def test_whoever_joins_later_gets_it_with_as_much_time(house: House) -> None:
    with house.inside():
        drainers = house.audience("drainers", {"unit": "drainage"})
    standing_directive(house, "helmet", audience=drainers)
    house.publish("A helmet")
    house.match()
    with house.inside():
        Broadcast.objects.update(
            opened_at=timezone.now() - timedelta(days=30), due_at=timezone.now() - timedelta(days=25)
        )
        newcomer = make_person("Paula", unit=house.unit)
        refresh()
    house.match()
    assert house.got(newcomer) == ["A helmet"]
    with house.inside():
        delivery = Delivery.objects.get(person=newcomer)
        assert delivery.due_at is not None
        # five days, then until their working day ends, after the weekend if there is one
        assert timedelta(days=4, hours=23) < delivery.due_at - timezone.now() < timedelta(days=8, hours=1)
        assert timezone.now() - delivery.eligible_at < timedelta(minutes=1)


def days_later(house: House) -> None:
    """What was asked was asked a month ago."""
    with house.inside():
        before = timezone.now() - timedelta(days=30)
        Broadcast.objects.update(opened_at=before, due_at=before + timedelta(days=5))
        AudienceMember.objects.update(since=before)
        EntryVersion.objects.update(published_at=before)
    house.match()


def test_a_raised_clearance_brings_what_stands_at_once_and_with_as_much_time(house: House) -> None:
    standing_directive(house, "helmet")
    house.publish("A helmet", classification=Classification.RESTRICTED)
    house.match()
    days_later(house)
    assert house.got(house.ines) == []
    with house.inside():
        change_person(OPERATOR, house.ines, clearance=Classification.RESTRICTED)
    house.match()
    assert house.got(house.ines, "due") == ["A helmet"]
    assert house.got(house.omar) == []
    with house.inside():
        delivery = Delivery.objects.get(person=house.ines)
        assert delivery.due_at is not None
        assert delivery.due_at > timezone.now() + timedelta(days=4)
        assert timezone.now() - delivery.eligible_at < timedelta(minutes=1)


def test_a_lowered_clearance_takes_it_back_at_once(house: House) -> None:
    standing_directive(house, "helmet")
    house.publish("A helmet", classification=Classification.INTERNAL)
    house.match()
    assert house.got(house.ines, "due") == ["A helmet"]
    with house.inside():
        change_person(OPERATOR, house.ines, clearance=Classification.PUBLIC)
        assert list(inbox_of(Person.objects.get(pk=house.ines.pk))) == []
    house.match()
    assert house.got(house.ines, "withdrawn") == ["A helmet"]
    assert house.got(house.omar, "due") == ["A helmet"]


def test_a_stewards_grant_and_a_moved_unit_bring_what_stands_and_their_loss_hides_it(house: House) -> None:
    standing_directive(house, "helmet")
    with house.inside():
        roads = create_unit(OPERATOR, "Roads")
        few = house.audience("few", {"person": house.nadia.pk})
    house.publish("A helmet", audience=few, unit=roads)
    house.match()
    assert house.got(house.ines) == []
    with house.inside():
        grant = grant_permission(OPERATOR, house.ines, Permission.STEWARD, roads)
        grant_permission(OPERATOR, house.omar, Permission.STEWARD, house.unit)
    house.match()
    assert (house.got(house.ines, "due"), house.got(house.omar)) == (["A helmet"], [])
    with house.inside():
        move_unit(OPERATOR, roads, house.unit)
    house.match()
    assert house.got(house.omar, "due") == ["A helmet"]
    with house.inside():
        revoke_permission(OPERATOR, grant)
        move_unit(OPERATOR, Unit.objects.get(pk=roads.pk), None)
        for person in Person.objects.filter(pk__in=[house.ines.pk, house.omar.pk]):
            assert list(inbox_of(person)) == []
    house.match()
    assert house.got(house.omar, "withdrawn") == ["A helmet"]


def test_whoever_leaves_the_audience_is_asked_no_more(house: House) -> None:
    with house.inside():
        drainers = house.audience("drainers", {"unit": "drainage"})
    standing_directive(house, "helmet", audience=drainers)
    house.publish("A helmet")
    house.match()
    with house.inside():
        Person.objects.filter(pk=house.ines.pk).update(unit=None)
        refresh()
    settle_everything(house.organisation.pk)
    assert house.got(house.ines, "withdrawn") == house.got(house.omar, "due") == ["A helmet"]


def test_a_large_audience_has_it_at_once_and_rows_follow(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(broadcasts, "FEW", 2)
    monkeypatch.setattr(broadcasts, "ROWS_AT_ONCE", 1)
    standing_directive(house, "helmet")
    house.publish("A helmet")
    house.await_others()
    assert not match_new_versions(house.organisation.pk)
    with house.inside():
        assert Delivery.objects.count() == 0
        assert counts_of(house.ines).to_acknowledge == 1
        assert [row.version.title for row in inbox_of(house.ines)] == ["A helmet"]
        assert Delivery.objects.count() == 1
        assert counts_of(house.ines).to_acknowledge == 1
    house.match()
    with house.inside():
        assert Delivery.objects.count() == 3
        assert Broadcast.objects.get().spread_at is not None


def test_a_query_that_can_no_longer_be_read_stops_nobody_else(house: House) -> None:
    with house.inside():
        InterestProfile.objects.create(name="broken", person=house.omar, query='"open')
    profile(house, house.ines, "pump")
    house.publish("A pump")
    house.match()
    assert house.got(house.ines) == ["A pump"]


def test_matching_issuing_and_withdrawing_at_once_lose_and_repeat_nothing(house: House) -> None:
    """Four threads work on the same rows: every version ends with exactly one delivery a person, in its right state."""
    profile(house, house.ines, "pump*")
    standing_directive(house, "pump*")
    versions = [house.publish(f"pump{number}") for number in range(12)]
    stop = threading.Event()
    faults: list[BaseException] = []

    def repeatedly(step: Callable[[int], object]) -> None:
        try:
            while not stop.is_set():
                step(house.organisation.pk)
        except BaseException as fault:
            faults.append(fault)
        finally:
            connections.close_all()

    steps = (match_new_versions, follow_entries, follow_members, settle_everything)
    threads = [threading.Thread(target=repeatedly, args=(step,)) for step in steps]
    for thread in threads:
        thread.start()
    for version in versions[::2]:
        with house.inside():
            draft = save_directive(house.nadia, house.everyone, entry=version.entry, due_days=3)
            issue_directive(house.nadia, draft)
            withdraw_entry(Entry.objects.get(pk=version.entry_id))
    stop.set()
    for thread in threads:
        thread.join()
    assert faults == []
    house.match()
    settle_everything(house.organisation.pk)
    for person in (house.ines, house.omar, house.nadia):
        assert sorted(house.got(person, "withdrawn") + house.got(person, "due")) == sorted(v.title for v in versions)
        assert sorted(house.got(person, "due")) == sorted(version.title for version in versions[1::2])


def test_what_was_loaded_is_not_looked_through_for_garbage(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(matching, "MANY", 2)
    gc.unfreeze()
    profile(house, house.ines, "pump")
    house.match()
    assert gc.get_freeze_count() == 0
    profile(house, house.omar, "valve")
    forget_standing()
    house.match()
    assert gc.get_freeze_count() > 0
    gc.unfreeze()
