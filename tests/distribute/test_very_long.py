"""Very long texts: nobody waits for them, and they come to everybody they concern, once."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from pkgutil import resolve_name
from typing import Any

import psycopg
import pytest
from django.test import Client
from django.utils import timezone

from headwater.core.models import Organisation
from headwater.core.worker import connection_parameters
from headwater.distribute import matching, matching_aside, very_long
from headwater.distribute.actions import issue_directive, retry_versions, save_directive, save_profile
from headwater.distribute.jobs import FOLLOWERS
from headwater.distribute.matching import forget_standing, match_new_versions
from headwater.distribute.matching_aside import match_very_long
from headwater.distribute.models import Delivery, InterestProfile, MatchShard, Reason, UnmatchedVersion
from headwater.distribute.shards import divide
from headwater.distribute.standing import Standing
from headwater.distribute.unmatched import PATIENCE, unmatched_versions
from headwater.people.models import Person
from headwater.search.models import Entry, EntryVersion
from tests.distribute.test_matching import House, profile

BOOK = "A pump stands in the valley. " * 20


@pytest.fixture
def house(committed: None, monkeypatch: pytest.MonkeyPatch) -> Iterator[House]:
    """Where 500 characters are very long."""
    monkeypatch.setattr(very_long, "VERY_LONG", 500)
    forget_standing()
    yield House()
    forget_standing()


def step(house: House) -> None:
    """What the stream does, without what goes on beside it."""
    house.await_others()
    while match_new_versions(house.organisation.pk):
        pass


def waiting(house: House) -> list[tuple[str, int, int, str, bool]]:
    """Title, shard, shards, fault, and whether it was matched before."""
    with house.inside():
        rows = UnmatchedVersion.objects.order_by("version", "number").select_related("version")
        return [(row.version.title, row.number, row.of, row.fault, row.is_again) for row in rows]


def test_nobody_waits_for_it_and_it_comes_once(house: House) -> None:
    profile(house, house.ines, "pump")
    house.publish("Book", BOOK)
    house.publish("Leaflet", "a pump")
    step(house)
    assert house.got(house.ines) == ["Leaflet"]
    assert waiting(house) == [("Book", 0, 1, "", False)]
    house.match()
    house.match()
    assert house.got(house.ines) == ["Leaflet", "Book"]
    assert waiting(house) == []
    with house.inside():
        assert Reason.objects.get(delivery__version__title="Book").words == ["pump"]
        version, row = EntryVersion.objects.get(title="Book"), Delivery.objects.get(version__title="Book")
        assert row.eligible_at == max(version.published_at, Reason.objects.get(delivery=row).profile.created_at)


def test_a_million_words_of_all_kinds(committed: None) -> None:
    forget_standing()
    house = House()
    for query in ("pump", '"the last word"', "pum* NEAR/2 valley", "word77777", "nowhere"):
        profile(house, house.ines, query, name=query)
    house.publish("Library", f"{'The pump in the valley rests. ' * 166_666} and the last word")
    house.publish("Catalogue", " ".join(f"wörd{number}" for number in range(50_000, 100_000)))
    house.match()
    assert house.got(house.ines) == ["Library", "Catalogue"]
    with house.inside():
        words = Reason.objects.order_by("delivery", "profile").values_list("profile__name", "words")
        assert list(words) == [
            ("pump", ["pump"]),
            ('"the last word"', ["the last word"]),
            ("pum* NEAR/2 valley", ["pump in the valley"]),
            ("word77777", ["wörd77777"]),
        ]
    forget_standing()


def test_it_is_delivered_in_pieces_and_gone_on_with_after_a_kill(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each piece is a transaction; who got it in one that was committed gets nothing twice."""
    for person in (house.ines, house.omar, house.nadia):
        profile(house, person, "pump")
    house.publish("Book", BOOK)
    step(house)
    monkeypatch.setattr(matching_aside, "AT_ONCE", 1)
    deliver, pieces = matching_aside.deliver_hits, list[int]()

    def dying(hits: Any, again: bool) -> int:
        pieces.append(len(hits))
        if len(pieces) == 2:
            raise KeyboardInterrupt
        return deliver(hits, again)

    monkeypatch.setattr(matching_aside, "deliver_hits", dying)
    with pytest.raises(KeyboardInterrupt):
        match_very_long(house.organisation.pk)
    assert sum(len(house.got(person)) for person in (house.ines, house.omar, house.nadia)) == 1
    assert waiting(house) == [("Book", 0, 1, "", False)]
    forget_standing()
    house.match()
    assert pieces == [1, 1, 1, 1, 1]
    assert [house.got(person) for person in (house.ines, house.omar, house.nadia)] == [["Book"]] * 3
    with house.inside():
        assert Reason.objects.count() == 3


def test_who_asks_while_it_is_delivered_gets_it_too(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """A query that was asked before the text came, and becomes known when the text has been matched already."""
    profile(house, house.ines, "pump")
    book = house.publish("Book", BOOK)
    step(house)
    sort_out = matching_aside.sorted_out

    def meanwhile(version: EntryVersion, matches: Any) -> Any:
        monkeypatch.setattr(matching_aside, "sorted_out", sort_out)
        with house.inside():
            late = save_profile(house.omar, "pump")
            InterestProfile.objects.filter(pk=late.pk).update(since_tx=book.tx - 1)
        step(house)
        return sort_out(version, matches)

    monkeypatch.setattr(matching_aside, "sorted_out", meanwhile)
    assert match_very_long(house.organisation.pk)
    assert (house.got(house.ines), house.got(house.omar)) == (["Book"], [])
    assert waiting(house) == [("Book", 0, 1, "", True)]
    house.match()
    assert (house.got(house.ines), house.got(house.omar)) == (["Book"], ["Book"])
    assert waiting(house) == []


def test_it_waits_for_the_queries_that_stood_when_it_came(house: House) -> None:
    profile(house, house.ines, "pump")
    house.publish("Book", BOOK)
    step(house)
    forget_standing()
    assert match_very_long(house.organisation.pk) is False
    assert (house.got(house.ines), len(waiting(house))) == ([], 1)
    house.match()
    assert house.got(house.ines) == ["Book"]


def test_queries_made_after_it_do_not_get_it(house: House) -> None:
    house.publish("Book", BOOK)
    step(house)
    profile(house, house.ines, "pump")
    house.match()
    assert (house.got(house.ines), waiting(house)) == ([], [])


def test_each_shard_matches_it(house: House) -> None:
    for person in (house.ines, house.omar):
        profile(house, person, "pump")
    with house.inside():
        divide(2)
    house.publish("Book", BOOK)
    step(house)
    assert [row[:3] for row in waiting(house)] == [("Book", 0, 2), ("Book", 1, 2)]
    house.match()
    assert (house.got(house.ines), house.got(house.omar), waiting(house)) == (["Book"], ["Book"], [])


def test_dividing_anew_while_it_waits_loses_nobody(house: House) -> None:
    for person in (house.ines, house.omar):
        profile(house, person, "pump")
    house.publish("Book", BOOK)
    step(house)
    with house.inside():
        divide(2)
    house.match()
    assert (house.got(house.ines), house.got(house.omar), waiting(house)) == (["Book"], ["Book"], [])


def test_directives_get_it_by_its_words_and_by_its_entry(house: House) -> None:
    first = house.publish("First edition", "nothing yet")
    with house.inside():
        for name, asked in (("By words", {"query": "pump"}), ("By entry", {"entry": first.entry})):
            directive = save_directive(house.nadia, name=name, audience=house.everyone, due_days=5, **asked)
            issue_directive(house.nadia, directive)
    house.match()
    house.publish("Book", BOOK, entry=first.entry)
    house.match()
    assert house.got(house.ines)[-1] == "Book"
    with house.inside():
        reasons = Reason.objects.filter(delivery__person=house.ines, delivery__version__title="Book")
        assert set(reasons.values_list("directive__name", flat=True)) == {"By words", "By entry"}


def test_what_a_source_brought_at_first_stays_undelivered(house: House) -> None:
    profile(house, house.ines, "pump")
    old = timezone.now() - timedelta(days=400)
    house.publish("Old book", BOOK, is_backfill=True, published_at=old, source_slug="archive")
    step(house)
    assert (waiting(house), house.got(house.ines)) == ([], [])


def test_a_later_version_stays_the_latest(house: House) -> None:
    profile(house, house.ines, "pump")
    book = house.publish("Book", BOOK)
    house.publish("Summary", "a pump, and quite another text about draining", entry=book.entry)
    step(house)
    assert house.got(house.ines) == ["Summary"]
    house.match()
    assert house.got(house.ines, "due") == ["Summary"]


def test_what_is_opened_to_more_people_later_comes_to_them(house: House) -> None:
    profile(house, house.ines, "pump")
    book = house.publish("Book", BOOK, audience=None)
    house.match()
    assert house.got(house.ines) == []
    with house.inside():
        Entry.objects.filter(pk=book.entry_id).update(audience=house.everyone)
    step(house)
    assert waiting(house) == [("Book", 0, 1, "", True)]
    house.match()
    assert house.got(house.ines) == ["Book"]
    with house.inside():
        row = Delivery.objects.get()
        assert row.eligible_at == row.created_at, "it was not for her before"


def test_one_that_fails_is_set_aside_and_tried_again_beside_the_others(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile(house, house.ines, "pump")
    house.publish("Book", BOOK)
    found = Standing.found

    def stumble(standing: Standing, reading: Any, tx: int) -> Any:
        raise ZeroDivisionError("of all things")

    monkeypatch.setattr(Standing, "found", stumble)
    house.match()
    assert waiting(house) == [("Book", 0, 1, "ZeroDivisionError('of all things')", False)]
    assert match_very_long(house.organisation.pk) is False
    monkeypatch.setattr(Standing, "found", found)
    with house.inside():
        assert retry_versions(house.nadia) == 1
    step(house)
    assert [row[3] for row in waiting(house)] == [""]
    house.match()
    assert (house.got(house.ines), waiting(house)) == (["Book"], [])


def test_one_that_waits_is_no_fault_until_it_has_waited_long(house: House) -> None:
    house.publish("Book", BOOK)
    step(house)
    with house.inside():
        assert (retry_versions(house.nadia), list(unmatched_versions())) == (0, [])
        UnmatchedVersion.objects.update(since=timezone.now() - 2 * PATIENCE)
        assert [version.title for version in unmatched_versions()] == ["Book"]


def test_only_the_organisation_that_it_is_of_matches_it(house: House) -> None:
    profile(house, house.ines, "pump")
    house.publish("Book", BOOK)
    step(house)
    other = Organisation.objects.create(slug="elsewhere", name="Elsewhere")
    step(house)
    assert match_very_long(other.pk) is False
    assert len(waiting(house)) == 1


def test_a_worker_is_told_of_it() -> None:
    (follower,) = (each for each in FOLLOWERS if each.step is match_very_long)
    assert follower.channel == very_long.CHANNEL == UnmatchedVersion._meta.db_table


def test_the_page_of_matching_says_how_many_are_on_their_way(
    ada: Person, sign_in: Callable[[Person], Client], version: EntryVersion
) -> None:
    path = "/o/waterworks/distribute/matching/"
    assert "very long" not in sign_in(ada).get(path).content.decode()
    UnmatchedVersion.objects.create(version=version, fault="")
    page = sign_in(ada).get(path).content.decode()
    assert "1 very long text is being matched beside the others" in page
    assert "Every text could be matched" in page


@pytest.mark.parametrize("is_busy", [True, False])
def test_while_others_keep_coming_it_rests_between_two_pieces(
    house: House, monkeypatch: pytest.MonkeyPatch, is_busy: bool
) -> None:
    for person in (house.ines, house.omar):
        profile(house, person, "pump")
    house.publish("Book", BOOK)
    step(house)
    rests: list[float] = []
    monkeypatch.setattr(matching_aside, "AT_ONCE", 1)
    monkeypatch.setattr(matching_aside.time, "sleep", rests.append)
    monkeypatch.setattr(matching, "LATELY", 60.0 if is_busy else 0.0)
    assert match_very_long(house.organisation.pk)
    assert len(rests) == (2 if is_busy else 0)
    assert (house.got(house.ines), house.got(house.omar)) == (["Book"], ["Book"])


def test_what_is_ordered_is_delivered_before_what_is_wished_for(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    profile(house, house.ines, "pump")
    with house.inside():
        directive = save_directive(house.nadia, name="Pumps", query="pump", audience=house.everyone, due_days=5)
        issue_directive(house.nadia, directive)
    house.publish("Book", BOOK)
    step(house)

    def refuse(hits: Any, again: bool) -> int:
        raise KeyboardInterrupt

    monkeypatch.setattr(matching_aside, "deliver_hits", refuse)
    with pytest.raises(KeyboardInterrupt):
        match_very_long(house.organisation.pk)
    assert house.got(house.omar) == ["Book"]


@pytest.mark.parametrize(
    "place", ["very_long.cut", "standing._words", "matching_aside.sorted_out", "matching_aside.deliver_hits"]
)
def test_one_that_fails_anywhere_holds_up_no_other(house: House, monkeypatch: pytest.MonkeyPatch, place: str) -> None:
    profile(house, house.ines, "pump")
    house.publish("Book", BOOK)
    house.publish("Second book", BOOK)
    step(house)
    whole, times = resolve_name(f"headwater.distribute.{place}"), list[int]()

    def stumble(*given: Any) -> Any:
        times.append(1)
        if len(times) == 1:
            raise ZeroDivisionError("of all things")
        return whole(*given)

    monkeypatch.setattr(f"headwater.distribute.{place}", stumble)
    house.match()
    assert house.got(house.ines) == ["Second book"]
    assert waiting(house) == [("Book", 0, 1, "ZeroDivisionError('of all things')", False)]


def test_it_waits_for_every_query_that_became_known(house: House) -> None:
    """A worker that held the shard before, and was away while another took in a late query, has to follow first."""
    profile(house, house.ines, "pump")
    house.publish("Book", BOOK)
    step(house)
    with house.inside():
        now = MatchShard.objects.get()
        MatchShard.objects.update(profiles_tx=now.tx + 1_000_000)
    assert match_very_long(house.organisation.pk) is False
    with house.inside():
        MatchShard.objects.update(profiles_tx=now.profiles_tx)
    assert match_very_long(house.organisation.pk) is True
    assert house.got(house.ines) == ["Book"]


def test_it_is_announced_when_its_step_is_committed(house: House) -> None:
    house.publish("Book", BOOK)
    with psycopg.connect(**connection_parameters(), autocommit=True) as listener:
        listener.execute(f"LISTEN {very_long.CHANNEL}")
        step(house)
        told = [notice.payload for notice in listener.notifies(timeout=5, stop_after=1)]
    assert told == [str(house.organisation.pk)]
