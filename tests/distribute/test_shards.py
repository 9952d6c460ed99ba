"""Standing queries in parts: each version meets each query once, at whatever pace the parts go and however divided."""

import random
import threading
import time
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.test import Client
from psycopg import Connection

from headwater.core.models import Event
from headwater.core.wall import organisation_context
from headwater.distribute import holding, keeping
from headwater.distribute.actions import divide_matching, issue_directive, save_directive
from headwater.distribute.holding import Holding
from headwater.distribute.keeping import keep_all
from headwater.distribute.matching import forget_standing, match_new_versions
from headwater.distribute.models import Delivery, MatchRun, MatchShard, Reason, UnmatchedVersion
from headwater.distribute.shards import Lag, Part, divide, shards
from headwater.distribute.views.matching import heading_of
from headwater.people.models import Person
from headwater.search.models import EntryVersion
from tests.asked import MOST_QUERIES, queries
from tests.distribute.test_matching import LONG, House, profile


@pytest.fixture
def house(committed: None) -> Iterator[House]:
    forget_standing()
    yield House()
    forget_standing()


@pytest.fixture
def one_worker(monkeypatch: pytest.MonkeyPatch) -> Holding:
    """What this process holds, said by the test."""
    mine = Holding()
    monkeypatch.setattr(holding, "holding", mine)
    return mine


def divided(house: House, number: int) -> list[int]:
    with house.inside():
        return [shard.pk for shard in divide(number)]


def match_only(house: House, mine: Holding, *pks: int) -> None:
    """Let a worker that holds these shards, and no other, match all there is."""
    house.await_others()
    with house.inside():
        there = {shard.pk: Part(house.organisation.pk, shard.number, shard.of) for shard in shards()}
    mine.become({pk: there[pk] for pk in pks if pk in there})
    while match_new_versions(house.organisation.pk):
        pass


def profiles_in_each(house: House, person: Person, query: str, number: int) -> None:
    """Profiles of one person, one in each shard."""
    numbers: set[int] = set()
    while len(numbers) < number:
        kept = profile(house, person, f"{query} OR extra{len(numbers)}word{random.random()}".replace("0.", ""))
        if kept.pk % number in numbers:
            with house.inside():
                kept.delete()
        numbers.add(kept.pk % number)


def reasons(house: House) -> set[tuple[str, str, int | None]]:
    with house.inside():
        rows = Reason.objects.values_list("delivery__person__name", "delivery__version__title", "profile")
        found = list(rows)
    assert len(found) == len(set(found))
    return set(found)


def test_all_reasons_come_together_in_one_delivery(house: House, one_worker: Holding) -> None:
    first, second = divided(house, 2)
    profiles_in_each(house, house.ines, "pump", 2)
    house.publish("A pump")
    match_only(house, one_worker, first)
    assert len(reasons(house)) == 1
    match_only(house, one_worker, second)
    assert len(reasons(house)) == 2
    assert house.got(house.ines) == ["A pump"]
    with house.inside():
        assert set(MatchRun.objects.values_list("shard", "shards")) == {(0, 2), (1, 2)}


def test_a_shard_that_comes_late_ends_as_in_order(house: House, one_worker: Holding) -> None:
    """One shard has both versions matched before the other has any; the later one is what counts."""
    first, second = divided(house, 2)
    profiles_in_each(house, house.ines, "draining OR one", 2)
    earlier = house.publish("Draining", LONG)
    house.publish("Draining, again", LONG + " today", entry=earlier.entry)
    other = house.publish("One thing of draining", "It says this.")
    house.publish("Draining, quite another", "Nothing is as it was before.", entry=other.entry)
    match_only(house, one_worker, first)
    match_only(house, one_worker, second)
    assert sorted(house.got(house.ines, "due")) == ["Draining, again", "Draining, quite another"]
    assert house.got(house.ines, "expired") == ["One thing of draining"]
    with house.inside():
        assert Reason.objects.filter(delivery__version__title="Draining, again").count() == 2
        assert Delivery.objects.count() == 3


def test_directives_on_an_entry_are_opened_by_one_shard(house: House, one_worker: Holding) -> None:
    first, second = divided(house, 2)
    version = house.publish("Rule", "Old words")
    match_only(house, one_worker, first, second)
    with house.inside():
        issue_directive(house.nadia, save_directive(house.nadia, house.everyone, entry=version.entry, due_days=5))
    house.publish("Rule, changed", "Words that are new to all", entry=version.entry)
    match_only(house, one_worker, second)
    assert "Rule, changed" not in house.got(house.omar)
    match_only(house, one_worker, first)
    assert "Rule, changed" in house.got(house.omar)


def test_a_late_query_is_caught_up_by_its_shard(house: House, one_worker: Holding) -> None:
    pks = divided(house, 3)
    profile(house, house.omar, "pump")
    opened, matched = threading.Event(), threading.Event()

    def slowly() -> None:
        from django.db import connections

        from headwater.distribute.actions import save_profile

        with organisation_context(house.organisation.pk):
            save_profile(house.ines, "pump")
            opened.set()
            assert matched.wait(20)
        connections.close_all()

    thread = threading.Thread(target=slowly)
    thread.start()
    assert opened.wait(20)
    house.publish("A pump")
    with house.inside():
        one_worker.become({s.pk: Part(house.organisation.pk, s.number, s.of) for s in shards()})
    while match_new_versions(house.organisation.pk):
        pass
    matched.set()
    thread.join()
    match_only(house, one_worker, *pks)
    assert house.got(house.ines) == house.got(house.omar) == ["A pump"]


def test_those_behind_go_on_to_where_the_new_ones_began(house: House, one_worker: Holding) -> None:
    first, second = divided(house, 2)
    profiles_in_each(house, house.ines, "pump", 2)
    house.publish("A pump")
    match_only(house, one_worker, first)
    new = divided(house, 3)
    assert second not in new
    assert divided(house, 3) == new
    with house.inside():
        assert not MatchShard.objects.filter(pk=first).exists()
        behind = MatchShard.objects.get(pk=second)
        assert behind.until_tx is not None
        assert behind.until_tx > behind.tx
    house.publish("Another pump")
    match_only(house, one_worker, *new)
    assert len(reasons(house)) >= 3  # a shard that never matched anything has its queries caught up by the new ones
    match_only(house, one_worker, second)
    assert len(reasons(house)) == 4
    with house.inside():
        assert list(MatchShard.objects.order_by("pk").values_list("pk", flat=True)) == new


@pytest.mark.parametrize("seed", [1, 2])
def test_however_divided_and_whatever_the_pace_each_meets_each_once(
    house: House, one_worker: Holding, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(keeping, "WORTH_IT", 1)
    chance = random.Random(seed)
    words, people = ("pump", "valve", "weir"), (house.ines, house.omar, house.nadia)
    expected, standing, number = set(), [], 0
    for _turn in range(30):
        match chance.choice(("profile", "publish", "publish", "divide", "match", "match", "forget")):
            case "profile":
                person, word = chance.choice(people), chance.choice(words)
                kept = profile(house, person, f"{word} OR alone{number}")
                standing.append((person.name, word, kept.pk))
                number += 1
            case "publish":
                word, number = chance.choice(words), number + 1
                house.await_others()
                house.publish(f"{word} {number}", language="")
                expected |= {(name, f"{word} {number}", pk) for name, of, pk in standing if of == word}
            case "divide":
                divided(house, chance.randint(1, 4))
            case "match":
                with house.inside():
                    there = shards()
                match_only(house, one_worker, chance.choice(there).pk)
            case "forget":
                keep_all(is_to_compare=True, is_last=chance.random() < 0.7)
                forget_standing()
    for _ in range(2):
        with house.inside():
            there = shards()
        match_only(house, one_worker, *(shard.pk for shard in there))
    found = reasons(house)
    assert expected <= found
    # What was open when a query was saved may be older than it: no more than that is beyond what was expected.
    assert {title for _name, title, _pk in found} == {title for _name, title, _pk in expected} or found >= expected
    with house.inside():
        assert not MatchShard.objects.exclude(until_tx=None).exists()


# --- Holding ----------------------------------------------------------------------------------------------------------


def eventually(check: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while not check():
        assert time.monotonic() < deadline, "it did not happen in time"
        time.sleep(0.02)


def look(holders: list[tuple[Holding, Connection[Any]]], times: int = 2) -> list[int]:
    for _ in range(times):
        for mine, session in holders:
            holding._look(session, mine, holding._all_shards())
    return [len(mine.held) for mine, _session in holders]


def test_workers_share_and_take_over(house: House) -> None:
    pks = divided(house, 4)
    with holding._session() as one:
        holders: list[tuple[Holding, Connection[Any]]] = [(Holding(), one)]
        assert look(holders) == [4]
        with holding._session() as two:
            holders.append((Holding(), two))
            assert look(holders) == [2, 2]
            with holding._session() as three:
                holders.append((Holding(), three))
                assert sorted(look(holders)) == [0, 2, 2]
                held = [pk for mine, _session in holders for pk in mine.held]
                assert sorted(held) == sorted(pks)
            holders.pop()
            look(holders)
            assert look(holders) == [2, 2]
        lost = holders.pop()[0]
        assert look(holders) == [4]
        assert lost.held.keys() < holders[0][0].held.keys()


def test_what_is_in_memory_is_taken_first_and_what_is_gone_is_let_go(house: House) -> None:
    divided(house, 3)
    with holding._session() as one, holding._session():
        mine = Holding()
        mine.warm = frozenset({Part(house.organisation.pk, 2, 3)})
        holding._look(one, mine, holding._all_shards())
        assert next(iter(mine.held.values())) == Part(house.organisation.pk, 2, 3)
        divided(house, 1)
        holding._look(one, mine, holding._all_shards())
        assert list(mine.held.values()) == [Part(house.organisation.pk, 0, 1)]
        assert mine.parts() == {Part(house.organisation.pk, 0, 1)}


def test_the_service_holds_lets_go_and_holds_again(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(holding, "LOOK_EVERY", 0.05)
    monkeypatch.setattr(holding, "holding", None)
    stop = threading.Event()
    thread = threading.Thread(target=holding.hold_shards, args=(stop,))
    thread.start()
    eventually(lambda: holding.holding is not None and holding.holding.of(house.organisation.pk) != [])
    with holding._session() as other:
        other.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_locks WHERE locktype = 'advisory' AND objid = 0 AND"
            " pid <> pg_backend_pid()"
        )
    mine = holding.holding
    assert mine is not None
    eventually(lambda: mine.parts() is None)
    eventually(lambda: mine.parts() is not None and bool(mine.of(house.organisation.pk)))
    stop.set()
    thread.join(10)
    assert mine.parts() is None


# --- The verb ---------------------------------------------------------------------------------------------------------


def test_divide_matching_is_for_administrators(ada: Person, ines: Person, sign_in: Callable[[Person], Client]) -> None:
    path = "/o/waterworks/api/v1/distribute/matching"
    put = {"data": {"shards": 2}, "content_type": "application/json"}
    assert sign_in(ines).get(path).status_code == sign_in(ines).put(path, **put).status_code == 403
    assert "Only an administrator sees how matching is divided." in sign_in(ines).get(path).content.decode()
    answer = sign_in(ada).put(path, **put).json()
    assert [(shard["number"], shard["of"], shard["is_held"]) for shard in answer["shards"]] == [
        (0, 2, False),
        (1, 2, False),
    ]
    assert sign_in(ada).get(path).json() == answer
    assert Event.objects.get(verb="divide_matching").details == {"shards": 2}


@pytest.mark.parametrize("number", [0, 1001])
def test_divide_matching_refuses_other_numbers(ada: Person, number: int) -> None:
    with pytest.raises(ValidationError):
        divide_matching(ada, number)


def test_the_page_of_matching_shows_the_shards_and_divides_them(
    ada: Person, nadia: Person, sign_in: Callable[[Person], Client], version: EntryVersion
) -> None:
    path = "/o/waterworks/distribute/matching/"
    browser = sign_in(nadia)
    assert browser.get(path).status_code == browser.post(path, {"shards": 2}).status_code == 403
    assert "Only an administrator sees how matching is divided." in browser.get(path).content.decode()
    browser = sign_in(ada)
    page = browser.get(path).content.decode()
    assert "1 shard of 1 is held by no worker" in page
    assert "Every text could be matched" in page
    refused = browser.post(path, {"shards": 1_001})
    assert (refused.status_code, MatchShard.objects.count()) == (400, 1)
    divided = browser.post(path, {"shards": 3}, follow=True).content.decode()
    assert "Matched in 3 shards from now on" in divided
    assert "3 of 3" in divided
    assert '<span id="heading">3 shards of 3 are held by no worker</span>' in divided
    assert 'hx-select-oob="#heading"' in divided, "what the title says is drawn anew with the table"
    assert 'name="shards" value="3"' in divided
    UnmatchedVersion.objects.create(version=version, fault="ZeroDivisionError()")
    assert "1 text" in browser.get(path).content.decode()
    assert Event.objects.filter(verb="divide_matching").count() == 1
    divide(1)
    few = queries(browser, path)
    divide(30)
    assert queries(browser, path) == few <= MOST_QUERIES


@pytest.mark.parametrize(
    ("found", "said"),
    [
        ([(True, 0), (True, 20)], "Matching keeps up"),
        ([(True, 0), (True, 2_000)], "Up to 2,000 versions wait to be matched"),
        ([(False, 2_000), (True, 0)], "1 shard of 2 is held by no worker"),
    ],
)
def test_the_page_of_matching_says_what_is_the_matter(found: list[tuple[bool, int]], said: str) -> None:
    assert heading_of([Lag(at, len(found), is_held, behind) for at, (is_held, behind) in enumerate(found)]) == said


def test_a_host_that_is_not_to_match_holds_nothing(
    house: House, monkeypatch: pytest.MonkeyPatch, settings: Any
) -> None:
    settings.HEADWATER_PARTS = ["gather"]
    monkeypatch.setattr(holding, "holding", None)
    stop = threading.Event()
    thread = threading.Thread(target=holding.hold_shards, args=(stop,))
    thread.start()
    eventually(lambda: holding.holding is not None)
    profile(house, house.ines, "pump")
    house.publish("A pump")
    house.match()
    assert house.got(house.ines) == []
    stop.set()
    thread.join(10)
