"""The demonstration, loaded once: every page has something to show, and the past holds together."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import psycopg
import pytest
from django.apps import apps
from django.conf import settings
from django.db import connections
from django.db.models import Count, F, Q
from django.utils import timezone
from psycopg import sql

from headwater.core.models import Event, Organisation
from headwater.core.wall import organisation_context
from headwater.demo.load import load_demonstration
from headwater.distribute.learned import words_of
from headwater.distribute.models import (
    Acknowledgement,
    Delivery,
    Directive,
    Dispatch,
    InterestProfile,
    LearnedInterest,
    Reminder,
)
from headwater.gather.models import Document, Failure, InformationNeed, Run, Source
from headwater.library.models import Article, Feedback
from headwater.people.models import Audience, Community, Person, Unit
from headwater.search.models import Entry, EntryVersion, SearchGap


@pytest.fixture(scope="module")
def ministry(django_db_setup: None, django_db_blocker: Any, tmp_path_factory: Any) -> Iterator[Organisation]:
    """The Ministry of Public Works as `init --demo` makes it; every table is emptied afterwards."""
    home = tmp_path_factory.mktemp("demonstration") / "home"
    home.mkdir()
    with django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        patch.setattr(settings, "HEADWATER_HOME", home)
        yield load_demonstration()
        _empty_every_table()


def _empty_every_table() -> None:
    connections["default"].close()
    names = {model._meta.db_table for model in apps.get_models(include_auto_created=True) if model._meta.managed}
    tables = sorted(names - {"django_content_type", "auth_permission", "django_migrations"})
    owner = settings.DATABASES["owner"]
    with psycopg.connect(
        host=owner["HOST"],
        port=owner["PORT"] or None,
        user=owner["USER"],
        password=owner["PASSWORD"],
        dbname=owner["NAME"],
        autocommit=True,
    ) as connection:
        connection.execute(sql.SQL("TRUNCATE {} CASCADE").format(sql.SQL(", ").join(map(sql.Identifier, tables))))


@pytest.fixture
def inside(ministry: Organisation) -> Iterator[Organisation]:
    with organisation_context(ministry.pk):
        yield ministry


def test_loading_again_does_nothing(ministry: Organisation) -> None:
    with organisation_context(ministry.pk):
        events = Event.objects.count()
    assert load_demonstration() == ministry
    with organisation_context(ministry.pk):
        assert Event.objects.count() == events


def test_it_is_marked_as_made_even_where_its_making_was_interrupted(ministry: Organisation) -> None:
    made = Organisation.objects.filter(pk=ministry.pk).values_list("is_being_made", flat=True)
    assert list(made) == [False]
    made.update(is_being_made=True)
    load_demonstration()
    assert list(made.all()) == [False]


def test_about_sixty_people_in_a_tree_of_units(inside: Organisation) -> None:
    assert inside.is_demonstration
    assert 60 <= Person.objects.count() <= 70
    assert Unit.objects.filter(parent__parent=None, parent__isnull=False).count() == 8
    assert not Unit.objects.filter(Q(head=None) | Q(deputy=None)).exists()
    assert Community.objects.annotate(people=Count("members")).filter(people__gte=5).count() == 3
    assert not Audience.objects.filter(members=None).exists()


def test_sources_have_a_failure_a_silence_a_change_a_vanished_and_a_near_copy(inside: Organisation) -> None:
    assert Document.objects.count() >= 60
    assert set(Failure.objects.values_list("cause", flat=True)) == {"encrypted", "truncated"}
    assert [source.slug for source in Source.objects.all() if source.is_silent] == ["flood-centre"]
    assert Entry.objects.filter(document__isnull=False, current_version__number=2).count() == 3
    assert Document.objects.exclude(vanished_at=None).count() == 1
    assert Entry.objects.exclude(copy_of=None).count() >= 1
    assert not Run.objects.exclude(state=Run.State.DONE).exists()
    assert {"en", "fr", "es", "ar"} <= set(EntryVersion.objects.values_list("language", flat=True))


def test_articles_have_revisions_owners_checks_and_every_standing(inside: Organisation) -> None:
    assert Article.objects.count() >= 25
    assert set(Article.objects.values_list("state", flat=True)) == {"published", "draft", "review"}
    assert {"verified", "due", "disputed"} <= set(Entry.objects.values_list("standing", flat=True))
    procedure = Article.objects.get(reference="SAF-014")
    assert procedure.published is not None
    assert procedure.published.number == 7
    assert procedure.captured_from is not None
    assert Feedback.objects.filter(state=Feedback.State.OPEN).exclude(text="").exists()


def test_of_three_people_words_are_learned_that_bring_them_something(inside: Organisation) -> None:
    learned = LearnedInterest.objects.select_related("person")
    assert learned.count() == 3
    assert {each.person.name for each in learned if not each.follows_use} == {"Hadia Sorun"}
    for interest in learned:
        assert interest.due_at is None
        assert interest.examples_used
        assert len({each.word for each in words_of(interest)}) > 10
        brought = Delivery.objects.filter(reasons__profile=interest.profile)
        assert 1 <= brought.count() <= 20, interest.person.name


def test_the_procedure_is_signed_by_most_and_overdue_for_some(inside: Organisation) -> None:
    directive = Directive.objects.get(name__startswith="Confined spaces: air")
    asked = Delivery.objects.filter(reasons__directive=directive)
    assert asked.count() > 20
    assert 0.6 < asked.filter(state="acknowledged").count() / asked.count() < 0.95
    overdue = asked.filter(due_at__lt=timezone.now()).exclude(state="acknowledged")
    assert 2 <= overdue.count() <= 8
    assert asked.filter(sent_at=None).exists()  # somebody cannot be reached
    assert Acknowledgement.objects.filter(directive=directive, manner=Acknowledgement.Manner.LIST).count() == 2
    assert Reminder.objects.filter(delivery__in=asked, rung="head").exists()


def test_deadlines_strike_with_the_hour(inside: Organisation) -> None:
    dues = Delivery.objects.filter(must_acknowledge=True, due_at__isnull=False).values_list("due_at", flat=True)
    assert {(due.minute % 30, due.second, due.microsecond) for due in dues if due is not None} == {(0, 0, 0)}


def test_ines_has_something_to_sign_that_she_signed_before(inside: Organisation) -> None:
    ines = Person.objects.get(name="Ines Marlow")
    waiting = Delivery.objects.get(person=ines, version__entry__article__reference="SAF-014", state="due")
    assert waiting.due_at is not None
    assert waiting.due_at > timezone.now()
    assert Acknowledgement.objects.filter(person=ines, version__entry=waiting.version.entry).exists()


def test_every_profile_brings_something_and_every_delivery_says_why(inside: Organisation) -> None:
    with_matches = InterestProfile.objects.filter(pk__in=Delivery.objects.values("reasons__profile"))
    assert InterestProfile.objects.count() - with_matches.count() <= 1
    assert not Delivery.objects.filter(reasons=None).exists()


def test_nothing_happens_before_its_time(inside: Organisation) -> None:
    assert not Delivery.objects.filter(created_at__lt=F("version__published_at")).exists()
    assert not Delivery.objects.filter(opened_at__lt=F("created_at")).exists()
    assert not Delivery.objects.filter(acknowledged_at__lt=F("created_at")).exists()
    assert not Acknowledgement.objects.filter(at__gt=timezone.now()).exists()
    assert not EntryVersion.objects.filter(gathered_at__lt=F("published_at")).exists()


def test_no_mail_of_the_past_is_sent_today(inside: Organisation) -> None:
    assert set(Dispatch.objects.values_list("state", flat=True)) == {Dispatch.State.SENT}
    recent = timezone.now() - timedelta(minutes=30)
    assert not Delivery.objects.filter(push="at_once", sent_at=None, rolled=False, created_at__gt=recent).exists()


def test_needs_and_gaps_wait_for_somebody(inside: Organisation) -> None:
    assert InformationNeed.objects.filter(entry_links__state="accepted").exists()
    assert InformationNeed.objects.filter(due_on__lt=timezone.localdate()).exists()
    assert SearchGap.objects.filter(askers__isnull=False).exists()


def test_the_copies_of_the_documents_go_with_the_home(inside: Organisation) -> None:
    folder = Path(Source.objects.get(slug="manuals").settings["path"])
    assert (folder / "four-gas-detector-manual.pdf").is_file()
    assert folder.parts[-3:-1] == ("home", "documents")
