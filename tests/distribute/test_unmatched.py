"""A version whose matching fails is set aside with its fault, all else goes on, and it is matched when it can be."""

from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from django.core.exceptions import PermissionDenied
from django.test import Client
from django.utils import timezone

from headwater.core.models import Event
from headwater.distribute import unmatched
from headwater.distribute.actions import issue_directive, retry_versions, save_directive
from headwater.distribute.matching import forget_standing
from headwater.distribute.models import MatchShard, UnmatchedVersion
from headwater.distribute.shards import divide
from headwater.distribute.standing import Standing
from headwater.distribute.unmatched import still_shards, unmatched_versions
from headwater.home.cockpit import Cockpit
from headwater.home.needs import Trust, needs_of
from headwater.people.models import Grant, Permission, Person
from headwater.search.language.searchable import Searchable
from headwater.search.models import EntryVersion
from tests.distribute.test_matching import House, profile

HOUR = timedelta(hours=1)


@pytest.fixture
def house(committed: None) -> Iterator[House]:
    forget_standing()
    yield House()
    forget_standing()


@pytest.fixture
def unlucky(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Titles that matching stumbles over, half-way."""
    titles = {"Unlucky"}
    match = Standing.match

    def stumble(standing: Standing, version: Searchable, *others: Any) -> Any:
        if version.title in titles:
            raise ZeroDivisionError("of all things")
        return match(standing, version, *others)

    monkeypatch.setattr(Standing, "match", stumble)
    return titles


def ask_again(house: House) -> int:
    with house.inside():
        return retry_versions(house.nadia)


def aside(house: House) -> list[tuple[str, int, int, int]]:
    """Title, shard, shards and tries of what was set aside."""
    with house.inside():
        rows = UnmatchedVersion.objects.order_by("version", "number")
        return [(row.version.title, row.number, row.of, row.tries) for row in rows.select_related("version")]


def test_everything_else_goes_on(house: House, unlucky: set[str]) -> None:
    profile(house, house.ines, "pump")
    for title in ("Before", "Unlucky", "After"):
        house.publish(title, "a pump")
    house.match()
    house.publish("Later", "a pump")
    house.match()
    assert sorted(house.got(house.ines)) == ["After", "Before", "Later"]
    assert aside(house) == [("Unlucky", 0, 1, 1)]
    with house.inside():
        assert "ZeroDivisionError('of all things')" in UnmatchedVersion.objects.get().fault
        assert not MatchShard.objects.filter(tx__lte=EntryVersion.objects.get(title="Later").tx).exists()


def test_it_is_tried_again_when_asked_for_and_comes_once(house: House, unlucky: set[str]) -> None:
    profile(house, house.ines, "pump")
    house.publish("Unlucky", "a pump")
    house.match()
    assert ask_again(house) == 1
    house.match()
    assert (aside(house), house.got(house.ines)) == ([("Unlucky", 0, 1, 2)], [])
    house.match()
    assert aside(house) == [("Unlucky", 0, 1, 2)]
    unlucky.clear()
    house.match()
    assert house.got(house.ines) == []
    assert ask_again(house) == 1
    house.match()
    house.match()
    assert (aside(house), house.got(house.ines)) == ([], ["Unlucky"])
    with house.inside():
        assert [event.details for event in Event.objects.filter(verb="retry_versions")] == [{"versions": 1}] * 2
    assert ask_again(house) == 0


def test_a_worker_that_starts_tries_it_once(house: House, unlucky: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    profile(house, house.ines, "pump")
    house.publish("Unlucky", "a pump")
    house.match()
    monkeypatch.setattr(unmatched, "_started_at", timezone.now())
    forget_standing()
    house.match()
    house.match()
    assert aside(house) == [("Unlucky", 0, 1, 2)]
    unlucky.clear()
    monkeypatch.setattr(unmatched, "_started_at", timezone.now())
    house.match()
    assert (aside(house), house.got(house.ines)) == ([], ["Unlucky"])


def test_queries_made_meanwhile_do_not_get_it_and_those_from_before_do(house: House, unlucky: set[str]) -> None:
    profile(house, house.ines, "pump")
    house.publish("Unlucky", "a pump")
    house.match()
    profile(house, house.omar, "pump")
    unlucky.clear()
    ask_again(house)
    house.match()
    assert (house.got(house.ines), house.got(house.omar)) == (["Unlucky"], [])


def test_directives_get_it_too(house: House, unlucky: set[str]) -> None:
    with house.inside():
        directive = save_directive(house.nadia, name="Pumps", query="pump", audience=house.everyone, due_days=5)
        issue_directive(house.nadia, directive)
    house.publish("Unlucky", "a pump")
    house.match()
    assert house.got(house.ines) == []
    unlucky.clear()
    ask_again(house)
    house.match()
    assert house.got(house.ines) == ["Unlucky"]


def test_after_dividing_anew_it_is_for_every_shard(house: House, unlucky: set[str]) -> None:
    for person in (house.ines, house.omar):
        profile(house, person, "pump")
    house.publish("Unlucky", "a pump")
    house.match()
    with house.inside():
        divide(2)
    house.match()
    unlucky.clear()
    ask_again(house)
    house.match()
    assert (aside(house), house.got(house.ines), house.got(house.omar)) == ([], ["Unlucky"], ["Unlucky"])


def test_a_later_version_is_delivered_and_stays_the_latest(house: House, unlucky: set[str]) -> None:
    profile(house, house.ines, "pump")
    first = house.publish("Unlucky", "a pump")
    house.publish("Lucky", "a pump, and quite another text about draining the valley", entry=first.entry)
    house.match()
    assert house.got(house.ines) == ["Lucky"]
    unlucky.clear()
    ask_again(house)
    house.match()
    assert house.got(house.ines, "due") == ["Lucky"]


def test_a_shard_that_stands_still_is_told(house: House) -> None:
    version = house.publish("Waiting", "a pump")
    with house.inside():
        assert still_shards() == set()
        EntryVersion.objects.filter(pk=version.pk).update(gathered_at=timezone.now() - HOUR)
        assert still_shards() == {(0, 1)}
    house.match()
    with house.inside():
        assert still_shards() == set()


def test_the_cockpit_says_so_and_lists_them(
    nadia: Person, sign_in: Callable[[Person], Client], version: EntryVersion
) -> None:
    assert not [need for need in needs_of(Cockpit(nadia), Trust()) if need.url.endswith("unmatched/")]
    for number in range(2):
        UnmatchedVersion.objects.create(version=version, number=number, of=2, fault="ZeroDivisionError()")
    assert list(unmatched_versions()) == [version]
    (need,) = (need for need in needs_of(Cockpit(nadia), Trust()) if need.url.endswith("unmatched/"))
    assert need.title == "1 text did not reach everybody: matching it failed"
    page = sign_in(nadia).get(need.url)
    assert page.status_code == 200
    assert "What could not be matched, and did not reach everybody: 1" in page.content.decode()
    assert "Try again" in page.content.decode()


def test_retry_versions_is_for_those_who_run_it(
    ada: Person, nadia: Person, ines: Person, sign_in: Callable[[Person], Client]
) -> None:
    path = "/o/waterworks/api/v1/distribute/matching/retries"
    assert [sign_in(person).post(path).status_code for person in (ines, nadia, ada)] == [403, 200, 200]
    assert sign_in(ada).post(path).json() == {"versions": 0}
    with pytest.raises(PermissionDenied, match="an administrator or a knowledge manager has versions tried again"):
        retry_versions(ines)


def test_the_button_over_the_list_tries_them_again(
    ada: Person, nadia: Person, ines: Person, sign_in: Callable[[Person], Client], version: EntryVersion
) -> None:
    """Whoever sees the list and may not have them tried again sees no button."""
    listed, retries = "/o/waterworks/cockpit/unmatched/", "/o/waterworks/distribute/matching/retries/"
    assert "Try again" not in sign_in(nadia).get(listed).content.decode()
    row = UnmatchedVersion.objects.create(version=version, fault="ZeroDivisionError()")
    Grant.objects.create(person=ines, permission=Permission.EXECUTIVE)
    for person, code in ((ines, 403), (nadia, 302), (ada, 302)):
        browser = sign_in(person)
        assert (retries in browser.get(listed).content.decode()) is (code == 302)
        UnmatchedVersion.objects.update(again_at=None)
        assert browser.post(retries).status_code == code
        row.refresh_from_db()
        assert (row.again_at is not None) is (code == 302)
    assert sign_in(ada).get(retries).status_code == 405
    page = sign_in(ada).post(retries, follow=True)
    assert page.redirect_chain[-1][0] == listed
    assert "1 text is tried again within seconds" in page.content.decode()
    row.delete()
    assert "nothing to try again" in sign_in(ada).post(retries, follow=True).content.decode()
