"""Two people at the same moment, in real transactions of their own: nothing is lost and nothing doubled."""

import threading
from collections.abc import Callable
from typing import Any

import pytest
from django.core.exceptions import ValidationError
from django.db import connections

from headwater.core.actions import OPERATOR
from headwater.core.models import Organisation
from headwater.core.wall import organisation_context
from headwater.library.actions import (
    add_contributor,
    create_article,
    publish_article,
    save_article,
    set_library,
    verify_article,
)
from headwater.library.models import Article, Revision, Verification
from headwater.people.models import Permission, Person
from headwater.search.models import EntryVersion, Kind
from tests.conftest import make_person
from tests.library.conftest import BODY


@pytest.fixture
def place(committed: None) -> tuple[int, int, list[int]]:
    """A committed article with eight contributors: ids of organisation, article, people."""
    organisation = Organisation.objects.create(slug="waterworks", name="Waterworks")
    with organisation_context(organisation.pk):
        owner = make_person("Otto", Permission.CONTRIBUTOR)
        set_library(OPERATOR, needs_review=False, allows_self_approval=False)
        article = create_article(owner, Kind.PROCEDURE, "Confined spaces", BODY)
        others = [make_person(f"Writer {number}", Permission.CONTRIBUTOR) for number in range(7)]
        for person in others:
            add_contributor(owner, article, person)
    return organisation.pk, article.pk, [owner.pk, *(person.pk for person in others)]


def together(organisation: int, works: list[Callable[[], Any]]) -> list[Any]:
    """Run each in a thread and a transaction of its own, as nearly at once as can be; results or errors."""
    gate, results = threading.Barrier(len(works)), [None] * len(works)

    def run(number: int, work: Callable[[], Any]) -> None:
        try:
            gate.wait(timeout=20)
            with organisation_context(organisation):
                results[number] = work()
        except ValidationError as error:
            results[number] = error
        finally:
            connections.close_all()

    threads = [threading.Thread(target=run, args=(number, work)) for number, work in enumerate(works)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    return results


def test_eight_savers_lose_nothing(place: tuple[int, int, list[int]]) -> None:
    organisation, article_id, people = place

    def saver(person_id: int) -> Callable[[], Revision]:
        def save() -> Revision:
            article = Article.objects.get(pk=article_id)
            base = article.revisions.get(number=1)
            return save_article(
                Person.objects.get(pk=person_id), article, "Confined spaces", f"{BODY}\nBy {person_id}.\n", base
            )

        return save

    saved = together(organisation, [saver(person) for person in people])
    assert all(isinstance(one, Revision) for one in saved)
    with organisation_context(organisation):
        revisions = list(Revision.objects.filter(article=article_id).order_by("number"))
        assert [one.number for one in revisions] == list(range(1, 10))
        assert {one.body.strip().splitlines()[-1] for one in revisions[1:]} == {f"By {person}." for person in people}
        assert [one.is_aside for one in revisions].count(False) == 2
        latest = Article.objects.get(pk=article_id).latest
        assert latest is not None
        assert not latest.is_aside


def test_publishing_at_once_publishes_once(place: tuple[int, int, list[int]]) -> None:
    organisation, article_id, people = place

    def publish() -> EntryVersion:
        return publish_article(Person.objects.get(pk=people[0]), Article.objects.get(pk=article_id))

    results = together(organisation, [publish] * 4)
    assert sorted(type(one).__name__ for one in results) == ["EntryVersion", *["ValidationError"] * 3]
    with organisation_context(organisation):
        assert EntryVersion.objects.count() == 1


def test_saving_while_it_is_published_publishes_a_whole_text(place: tuple[int, int, list[int]]) -> None:
    organisation, article_id, people = place

    def save() -> Revision:
        article = Article.objects.get(pk=article_id)
        return save_article(
            Person.objects.get(pk=people[1]), article, "T", "New words", article.revisions.get(number=1)
        )

    def publish() -> EntryVersion:
        return publish_article(Person.objects.get(pk=people[0]), Article.objects.get(pk=article_id))

    together(organisation, [save, publish])
    with organisation_context(organisation):
        article = Article.objects.select_related("published__version", "latest").get(pk=article_id)
        assert article.published is not None
        assert article.published.version is not None
        assert article.latest is not None
        assert article.published.version.text == article.published.body
        assert article.latest.body == "New words\n"


def test_a_version_that_changes_under_the_reader_is_not_vouched_for(place: tuple[int, int, list[int]]) -> None:
    organisation, article_id, people = place
    with organisation_context(organisation):
        owner, article = Person.objects.get(pk=people[0]), Article.objects.get(pk=article_id)
        version_id = publish_article(owner, article).pk
        article.refresh_from_db()
        assert article.latest is not None
        save_article(owner, article, "T", "New words", article.latest)

    def publish() -> EntryVersion:
        return publish_article(Person.objects.get(pk=people[0]), Article.objects.get(pk=article_id), "New words.")

    def verify() -> Verification:
        version = EntryVersion.objects.get(pk=version_id)
        return verify_article(
            Person.objects.get(pk=people[0]), Article.objects.get(pk=article_id), version, "Walked the site"
        )

    together(organisation, [publish, verify])
    with organisation_context(organisation):
        article = Article.objects.select_related("entry").get(pk=article_id)
        vouched = Verification.objects.filter(version=article.entry.current_version_id).exists()
        assert not vouched
        assert article.entry.standing == ""
