"""The organisation's own space of meanings: of its open texts, the same for whoever rescores, and gone with them."""

from datetime import timedelta

import pytest
from django.utils import timezone

from headwater.core.models import Organisation
from headwater.distribute.actions import add_example
from headwater.distribute.jobs import learn_due
from headwater.distribute.matcher import meaning as matcher_meaning
from headwater.distribute.meaning import current_meaning, make_meaning, open_to_everybody
from headwater.distribute.models import InterestProfile, LearnedInterest, MeaningSpace
from headwater.distribute.preview import preview_learned
from headwater.distribute.standing import Standing
from headwater.people.models import Audience, AudienceMember, Person
from headwater.search.models import Entry, EntryVersion
from headwater.search.seen import searchables
from tests.conftest import enrol
from tests.distribute.conftest import make_version

TEXTS = ("The culvert and the weir.", "The drain and the weir.", "Salary and payroll.", "Payroll and tax.")


@pytest.fixture
def shelf(everyone: Audience, nadia: Person, monkeypatch: pytest.MonkeyPatch) -> list[EntryVersion]:
    """Twelve texts, of which a space may be made here."""
    monkeypatch.setattr(matcher_meaning, "FEWEST", 12)
    enrol(everyone)
    return [make_version("", TEXTS[number % 4], everyone, nadia) for number in range(12)]


def learned_of(person: Person, **terms: float) -> LearnedInterest:
    profile = InterestProfile.objects.create(person=person, name="Learned", query="")
    return LearnedInterest.objects.create(
        person=person, profile=profile, terms=[list(each) for each in terms.items()], examples_used=1
    )


def test_the_first_learning_makes_it_and_a_better_one_takes_its_place(
    organisation: Organisation, ines: Person, shelf: list[EntryVersion]
) -> None:
    make_meaning(organisation.pk)
    assert not MeaningSpace.objects.exists(), "nobody has learned interests yet"
    add_example(ines, ines, shelf[0].entry)
    learn_due(organisation.pk)
    made = MeaningSpace.objects.get()
    assert made.texts == 12
    first = current_meaning()
    assert first is current_meaning()
    MeaningSpace.objects.update(made_at=timezone.now() - timedelta(days=1))
    make_meaning(organisation.pk)
    assert MeaningSpace.objects.get().pk == made.pk
    assert current_meaning() is not first


def test_no_restricted_text_is_in_it_and_of_too_few_there_is_none(
    organisation: Organisation, ines: Person, shelf: list[EntryVersion]
) -> None:
    learned_of(ines, weir=1.0)
    make_meaning(organisation.pk)
    assert MeaningSpace.objects.exists()
    Entry.objects.filter(pk=shelf[0].entry_id).update(classification=2)
    make_meaning(organisation.pk)
    assert current_meaning() is None


def closed_by(how: str, version: EntryVersion, reader: Person) -> None:
    """Let there be somebody who may not read a text."""
    entries = Entry.objects.filter(pk=version.entry_id)
    if how == "its owner's alone":
        entries.update(audience=None)
    elif how == "for some":
        some = Audience.objects.create(slug="some", name="Some", rule={"person": reader.pk})
        some.member_links.create(person=reader)
        entries.update(audience=some)
    else:
        Person.objects.filter(pk=reader.pk).update(clearance=0)


@pytest.mark.parametrize("how", ["its owner's alone", "for some", "nobody below internal"])
def test_no_text_that_anybody_may_not_read_is_in_it(
    organisation: Organisation, ines: Person, shelf: list[EntryVersion], how: str
) -> None:
    """Not even one that its reader may read: the space is the same for all."""
    learned_of(ines, weir=1.0)
    assert open_to_everybody().count() == 12
    make_meaning(organisation.pk)
    closed_by(how, shelf[0], ines)
    assert not open_to_everybody().filter(pk=shelf[0].entry_id).exists()
    make_meaning(organisation.pk)
    assert not MeaningSpace.objects.exists(), "too few are left"


def test_who_has_left_closes_nothing(organisation: Organisation, otto: Person, shelf: list[EntryVersion]) -> None:
    Person.objects.filter(pk=otto.pk).update(clearance=0, left_on=timezone.localdate() - timedelta(days=9))
    AudienceMember.objects.filter(person=otto).delete()
    assert open_to_everybody().count() == 12


def test_once_nobody_learns_it_goes(organisation: Organisation, ines: Person, shelf: list[EntryVersion]) -> None:
    interest = learned_of(ines, weir=1.0)
    make_meaning(organisation.pk)
    assert MeaningSpace.objects.exists()
    interest.delete()
    make_meaning(organisation.pk)
    assert not MeaningSpace.objects.exists()


def test_workers_and_pages_rescore_alike(organisation: Organisation, ines: Person, shelf: list[EntryVersion]) -> None:
    interest = learned_of(ines, weir=1.0, culvert=0.6, drain=0.6)
    standing = Standing()
    assert alike(standing, ines, interest) == 0, "the words alone are not enough"
    make_meaning(organisation.pk)
    assert alike(standing, ines, interest) == 6
    again = Standing()
    again.restore(standing.saved(), standing.tx)
    assert alike(again, ines, interest) == 6, "a snapshot keeps how much nearness counts"
    MeaningSpace.objects.all().delete()
    assert alike(standing, ines, interest) == 0


def alike(standing: Standing, person: Person, interest: LearnedInterest) -> int:
    """How many a worker matches; a page says the same number."""
    standing.follow(2**60)
    versions = list(EntryVersion.objects.select_related("entry"))
    matched = sum(bool(standing.match(searchable, 2**60)) for searchable in searchables(versions))
    assert preview_learned(person, interest).count == matched
    return matched
