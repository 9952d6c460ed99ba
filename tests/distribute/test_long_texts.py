"""Texts as long as a shelf of books: what is learned reads their beginnings, as many as a page has time for."""

from datetime import time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from headwater.core.models import Organisation
from headwater.distribute import recalling
from headwater.distribute.actions import add_example
from headwater.distribute.digests import make_digests
from headwater.distribute.jobs import learn_due
from headwater.distribute.learned import BEGINNING
from headwater.distribute.likeness import nearest_example
from headwater.distribute.models import Delivery, InterestProfile, LearnedInterest, Preference
from headwater.distribute.preview import preview_learned
from headwater.distribute.sending import plan
from headwater.distribute.standing import Standing
from headwater.people.models import Audience, Person
from headwater.search.models import EntryVersion
from headwater.search.seen import searchables
from tests.conftest import enrol
from tests.distribute.conftest import Postbox, make_version, send_all, text_of

WHOLE_TEXT = '"text", "search_entryversion"'
LONG = "The pump hums. " * (BEGINNING // 15 + 1) + "A weir is mended. " * 3_000


@pytest.fixture
def long(ines: Person, everyone: Audience, nadia: Person) -> EntryVersion:
    """A text that is about pumps for seven pages, and about weirs from there on."""
    enrol(everyone)
    return make_version("A shelf of books", LONG, everyone, nadia)


def brought(person: Person, **edits: float) -> list[str]:
    profile = InterestProfile(person=person, name="Learned", query="")
    interest = LearnedInterest(person=person, profile=profile, edits=edits)
    return [item.title for item in preview_learned(person, interest).items]


def test_a_text_is_about_what_its_beginning_says(long: EntryVersion, ines: Person) -> None:
    assert brought(ines, pump=10.0) == ["A shelf of books"]
    assert brought(ines, weir=10.0) == []


def test_a_worker_matches_what_is_learned_against_the_same(long: EntryVersion, ines: Person, nadia: Person) -> None:
    standing = Standing()
    for person, word in ((ines, "pump"), (nadia, "weir")):
        profile = InterestProfile.objects.create(person=person, name=word, query="")
        LearnedInterest.objects.create(person=person, profile=profile, edits={word: 10.0})
        standing.put_profile(profile)
    (seen,) = searchables([long])
    assert [match.words for match in standing.match(seen, 2**62)] == [["pump"]]
    assert len(standing.keys_of(seen)) == 1


def test_no_more_of_a_text_is_fetched_than_is_read(long: EntryVersion, ines: Person) -> None:
    with CaptureQueriesContext(connection) as captured:
        (found,) = [version for version, _terms in recalling.Recent(ines, 90)._read]
    assert found.text == LONG[:BEGINNING]
    assert not any(WHOLE_TEXT in query["sql"] for query in captured.captured_queries)


def test_of_many_long_texts_the_newest_are_read(
    long: EntryVersion, ines: Person, everyone: Audience, nadia: Person, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_version("Newer", "The pump hums. " * 40, everyone, nadia)
    make_version("Newest", "The pump hums. " * 40, everyone, nadia)
    monkeypatch.setattr(recalling, "MOST_LETTERS", 1_300)
    assert brought(ines, pump=10.0) == ["Newest", "Newer"]
    monkeypatch.setattr(recalling, "MOST_LETTERS", BEGINNING + 1_300)
    assert brought(ines, pump=10.0) == ["Newest", "Newer", "A shelf of books"]


def test_what_is_learned_of_an_example_is_what_its_beginning_says(
    organisation: Organisation, long: EntryVersion, ines: Person, everyone: Audience, nadia: Person
) -> None:
    make_version("Pay", "Salaries rise in April.", everyone, nadia)
    add_example(ines, ines, long.entry)
    while learn_due(organisation.pk):
        pass
    interest = LearnedInterest.objects.get(person=ines)
    assert "pump" in interest.words
    assert "weir" not in interest.words
    likes = {word: nearest_example(interest, make_version(word, word, everyone, nadia)) for word in ("pump", "weir")}
    assert likes == {"pump": long.entry, "weir": None}


def test_a_mail_and_a_digest_about_it_are_written_without_reading_it(
    organisation: Organisation, postbox: Postbox, long: EntryVersion, ines: Person, nadia: Person
) -> None:
    early, due = timezone.now() - timedelta(days=1), timezone.now() + timedelta(days=2)
    Preference.objects.create(person=nadia, digest_at=time(0))
    Delivery.objects.create(person=nadia, version=long, push="digest", created_at=early)
    asked = Delivery.objects.create(person=ines, version=long, push="at_once", must_acknowledge=True, due_at=due)
    with CaptureQueriesContext(connection) as captured:
        plan([Delivery.objects.select_related("version").defer("version__text").get(pk=asked.pk)])
        make_digests(organisation.pk)
        send_all(organisation)
    told = {mail["To"]: text_of(mail) for mail in postbox.mails}
    assert len(told) == 2
    assert any(f"({round(len(LONG) / 1350)} min)" in text for text in told.values())
    assert all("A shelf of books" in text for text in told.values())
    assert not any(WHOLE_TEXT in query["sql"] for query in captured.captured_queries)
