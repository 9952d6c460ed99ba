"""What standing queries are scored by: texts that came by, each once, and nothing that was only looked at."""

from collections.abc import Iterator
from datetime import datetime

import pytest
from django.db import Error as DatabaseError
from django.utils import timezone

from headwater.core.jobs import safe_tx
from headwater.core.models import Organisation
from headwater.core.wall import organisation_context
from headwater.distribute import lately as recent
from headwater.distribute import matching
from headwater.distribute.following import current_tx
from headwater.distribute.matcher.reading import Reading
from headwater.distribute.matching import at_rest, forget_standing, match_new_versions
from headwater.distribute.models import Forecast, ForecastAnswer, InterestProfile, Reason, UnmatchedVersion
from headwater.distribute.shards import Part, divide, shards
from headwater.distribute.snapshots import keep, take_up
from headwater.distribute.standing import Standing
from headwater.distribute.very_long import VERY_LONG
from headwater.people.membership import refresh
from headwater.search.language.searchable import Searchable
from headwater.search.models import Entry, EntryVersion
from headwater.search.seen import searchables
from tests.conftest import make_person
from tests.distribute.conftest import make_version
from tests.distribute.test_matching import House, profile


@pytest.fixture
def house(committed: None) -> Iterator[House]:
    forget_standing()
    yield House()
    forget_standing()


@pytest.fixture
def part(house: House) -> Part:
    with house.inside():
        shards()
    return Part(house.organisation.pk)


def counted(part: Part) -> int:
    """How many versions the worker's standing queries have counted."""
    with at_rest(part) as standing:
        assert standing is not None
        return int(standing.saved()["asked.features.state"][0])


def tx_of(version: EntryVersion) -> int:
    """The transaction that published it, which the database wrote down."""
    return EntryVersion.objects.values_list("tx", flat=True).get(pk=version.pk)


def test_a_version_that_passes_counts_once_however_often_it_is_matched(house: House, part: Part) -> None:
    profile(house, house.ines, "pump")
    house.match()
    version = house.publish("A pump")
    house.publish("Nothing of interest")
    house.match()
    assert counted(part) == 2
    # Matched again: its entry has changed, and a query that comes late may want it.
    with house.inside():
        since = tx_of(version)
        Entry.objects.get(pk=version.entry_id).save()
        InterestProfile.objects.create(person=house.omar, query="pump", since_tx=since, asked_tx=current_tx())
    house.match()
    assert house.got(house.omar) == ["A pump"]
    assert counted(part) == 2


def test_who_comes_late_has_the_score_that_others_had(house: House) -> None:
    profile(house, house.ines, "pump")
    with house.inside():
        lea = make_person("Lea")
        refresh([house.everyone])
    house.match()
    for number in range(30):
        house.publish(f"Nothing of interest, number {number}")
    version = house.publish("A pump")
    house.match()
    with house.inside():
        InterestProfile.objects.create(
            person=lea, name="Late", query="pump", since_tx=tx_of(version), asked_tx=current_tx()
        )
    house.match()
    with house.inside():
        scores = list(Reason.objects.values_list("score", flat=True))
    assert len(scores) == 2
    assert scores[0] == scores[1] > 3


def test_a_step_that_is_done_again_counts_nothing_twice(
    house: House, part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    profile(house, house.ines, "pump")
    house.match()
    house.publish("A pump")
    house.await_others()

    def fail(*_: object) -> None:
        raise DatabaseError

    with monkeypatch.context() as patched:
        patched.setattr(matching, "deliver_hits", fail)
        with pytest.raises(DatabaseError):
            match_new_versions(house.organisation.pk)
    assert counted(part) == 1
    house.match()
    assert house.got(house.ines) == ["A pump"]
    assert counted(part) == 1


def test_a_very_long_text_reaches_its_readers_and_does_not_count(house: House, part: Part) -> None:
    profile(house, house.ines, "pump")
    house.match()
    house.publish("A pump", "of many words " * (VERY_LONG // 12))
    house.match()
    assert house.got(house.ines) == ["A pump"]
    assert counted(part) == 0


def test_what_is_foreseen_does_not_count(house: House, part: Part) -> None:
    profile(house, house.ines, "pump")
    house.match()
    with house.inside():
        Forecast.objects.create(title="A pump", text="", language="en", audience=house.everyone, asked_by=house.nadia)
    house.match()
    with house.inside():
        assert len(ForecastAnswer.objects.get().profiles) == 1
    assert counted(part) == 0


def test_a_standing_from_a_file_counts_no_version_that_was_counted_before_it_was_kept(house: House, part: Part) -> None:
    profile(house, house.ines, "pump")
    standing, again = Standing(part), Standing(part)
    with house.inside():
        standing.follow(safe_tx())
    published = house.publish("A pump")
    with house.inside():
        version = EntryVersion.objects.select_related("entry").get(pk=published.pk)
        (seen,) = searchables([version])
        scores = [match.score for match in standing.match(seen, version.tx)]
        again.restore(standing.saved(), standing.tx)
        assert [match.score for match in again.match(seen, version.tx)] == scores
        assert int(again.saved()["asked.features.state"][0]) == 1
        assert [match.key for match in again.match(seen, version.tx + 1)] == again.keys().tolist()
        assert int(again.saved()["asked.features.state"][0]) == 2


# --- From the rows: what came lately ----------------------------------------------------------------------------------


def loaded(house: House, part: Part) -> Standing:
    """The queries of a part, from their rows."""
    standing = Standing(part)
    with house.inside():
        standing.follow(safe_tx())
    return standing


def counted_by(standing: Standing) -> int:
    return int(standing.saved()["asked.features.state"][0])


def scores_of(standing: Standing, text: str) -> dict[int, float]:
    """What a text that passes now would be scored by, for each key."""
    seen = Searchable(1, 1, text, "", "en", "news", "news", (), (), "", timezone.now())
    return {match.key: match.score for match in standing.match(seen, standing.tx)}


@pytest.fixture
def lately(house: House) -> House:
    """Pumps in every text, a valve in one of ten, and no weir; all asked for."""
    for query in ("pump", "valve", "weir", "pump valve"):
        profile(house, house.ines, query)
    for number in range(30):
        house.publish(f"A pump {'and a valve' if number % 10 == 0 else ''}")
    house.await_others()
    return house


def test_whoever_loads_from_the_rows_begins_with_what_came_lately(lately: House, part: Part) -> None:
    one, other = loaded(lately, part), loaded(lately, part)
    assert counted_by(one) == counted_by(other) == 30
    ours = scores_of(one, "pump valve weir")
    assert ours == scores_of(other, "pump valve weir")
    pump, valve, weir, both = (ours[key] for key in sorted(ours))
    assert 0 < pump < valve < weir
    assert both == pytest.approx(pump + valve)


def test_parts_score_as_the_whole_does(lately: House, part: Part) -> None:
    with lately.inside():
        divide(2)
    whole = scores_of(loaded(lately, part), "pump valve weir")
    parts = [scores_of(loaded(lately, Part(part.organisation_id, n, 2)), "pump valve weir") for n in range(2)]
    assert parts[0] | parts[1] == whole
    assert len(whole) == len(parts[0]) + len(parts[1]) == 4


def test_what_was_learned_from_counts_no_more_when_it_is_matched(lately: House, part: Part) -> None:
    lately.match()
    assert counted(part) == 30
    assert len(lately.got(lately.ines)) == 30
    lately.publish("Another pump")
    lately.match()
    assert counted(part) == 31


def test_a_first_step_that_fails_learns_anew(lately: House, part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise DatabaseError

    with monkeypatch.context() as patched:
        patched.setattr(matching, "deliver_hits", fail)
        with pytest.raises(DatabaseError):
            match_new_versions(lately.organisation.pk)
    lately.match()
    assert counted(part) == 30


def test_nothing_is_learned_for_a_snapshot_or_where_nobody_asks(lately: House, part: Part) -> None:
    standing = loaded(lately, part)
    with lately.inside():
        InterestProfile.objects.update(is_active=False)
    assert counted_by(loaded(lately, part)) == 0
    assert keep(standing.saved(), standing.tx, part)
    again = Standing(part)
    with lately.inside():
        assert take_up(again, part, safe_tx())
        again.follow(safe_tx())
    assert counted_by(again) == 30


def test_another_organisations_texts_teach_nothing(lately: House, part: Part) -> None:
    other = Organisation.objects.create(slug="other", name="Other")
    with organisation_context(other.pk):
        make_version("A weir", "", None, make_person("Else"))
    lately.await_others()
    assert counted_by(loaded(lately, part)) == 30


@pytest.mark.parametrize(
    ("bound", "most", "expected"), [("MOST_TEXTS", 7, 7), ("LONGEST", 3, 27), ("MOST_BYTES", 4, 27), ("AT_ONCE", 4, 30)]
)
def test_what_is_learned_from_is_bounded(
    house: House, part: Part, monkeypatch: pytest.MonkeyPatch, bound: str, most: int, expected: int
) -> None:
    profile(house, house.ines, "pump")
    for number in range(30):
        house.publish("A pump", "long" if number in (0, 1, 2) else "")
    house.await_others()
    monkeypatch.setattr(recent, bound, most)
    assert counted_by(loaded(house, part)) == expected + (1 if bound == "MOST_BYTES" else 0)


def test_the_newest_are_learned_from(house: House, part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    profile(house, house.ines, "weir")
    for title in ("An old weir", "A pump", "Another pump"):
        house.publish(title)
    house.await_others()
    all_of_them = scores_of(loaded(house, part), "weir")
    monkeypatch.setattr(recent, "MOST_TEXTS", 2)
    assert counted_by(loaded(house, part)) == 2
    assert scores_of(loaded(house, part), "weir") != all_of_them


def test_a_slow_host_stops_learning_in_time(lately: House, part: Part, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(recent, "LONGEST_LESSON", -1.0)
    assert counted_by(loaded(lately, part)) == 0


def test_a_text_that_cannot_be_read_is_passed_over_and_set_aside(
    lately: House, part: Part, monkeypatch: pytest.MonkeyPatch
) -> None:
    from headwater.distribute.matcher.features import Features

    mark = Features.mark

    def stumble(features: Features, reading: Reading, now: datetime) -> object:
        if reading.searchable.title == "Unlucky pump":
            raise ZeroDivisionError
        return mark(features, reading, now)

    monkeypatch.setattr(Features, "mark", stumble)
    lately.publish("Unlucky pump")
    lately.match()
    assert counted(part) == 30
    assert len(lately.got(lately.ines)) == 30
    with lately.inside():
        assert UnmatchedVersion.objects.get().version.title == "Unlucky pump"


def test_rows_are_posted_where_texts_say_they_cost_least(house: House, part: Part) -> None:
    """Very many ask for the pump, so that it seems to be common; in the texts it is not, and “the” is."""
    with house.inside():
        asked = ["pump"] * 300 + ["the pump"] * 50
        InterestProfile.objects.bulk_create(InterestProfile(person=house.ines, name=q, query=q) for q in asked)
    seen = Searchable(1, 1, "the", "", "en", "news", "news", (), (), "", timezone.now())
    assert loaded(house, part)._matcher.postings_of(seen) == 50
    for number in range(40):
        house.publish(f"The news of day {number}")
    house.await_others()
    standing = loaded(house, part)
    assert standing._matcher.postings_of(seen) == 0
    assert len(scores_of(standing, "the pump")) == 350


def test_between_an_older_snapshot_and_now_a_version_that_comes_by_twice_counts_once(house: House, part: Part) -> None:
    profile(house, house.ines, "pump")
    house.match()
    with at_rest(part) as standing:
        assert standing is not None
        kept, tx = standing.saved(), standing.tx
    version = house.publish("A pump")
    house.match()
    with house.inside():
        Entry.objects.get(pk=version.entry_id).save()
        InterestProfile.objects.create(person=house.omar, query="pump", since_tx=tx_of(version), asked_tx=current_tx())
    forget_standing()
    older = Standing(part)
    older.restore(kept, tx)
    matching._held[part] = older
    house.match()
    assert counted(part) == 1
