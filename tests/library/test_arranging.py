"""What stands around a text: facts, owner, readers, writers, topics, and how the library is kept."""

import pytest
from django.core.exceptions import ValidationError
from django.utils import timezone

from headwater.core.actions import OPERATOR, SYSTEM, Refused
from headwater.core.models import Classification
from headwater.library.actions import (
    accept_topic,
    add_contributor,
    create_article,
    decline_topic,
    describe_article,
    propose_topic,
    remove_contributor,
    replace_verifier,
    set_article_owner,
    set_article_topics,
    set_library,
    share_article,
)
from headwater.library.models import Article, Contributor, LibrarySettings
from headwater.people.models import Audience, Grant, Permission, Person, Unit
from headwater.search.models import Entry, EntryTopic, Kind
from headwater.taxonomy.models import Concept, ConceptScheme
from tests.conftest import make_person


@pytest.fixture
def concept(organisation: object) -> Concept:
    scheme = ConceptScheme.objects.create(slug="safety", title="Safety")
    return Concept.objects.create(scheme=scheme, slug="gas", labels={"en": "Gas"})


def test_facts_change_one_by_one(draft: Article, otto: Person, hadia: Person) -> None:
    describe_article(otto, draft, kind=Kind.POLICY)
    describe_article(otto, draft, verify_every_days=30, verifier=hadia)
    draft.refresh_from_db()
    assert (draft.entry.kind, draft.verify_every_days, draft.verifier, draft.reference) == (
        Kind.POLICY,
        30,
        hadia,
        "SAF-014",
    )
    describe_article(otto, draft, reference="SAF-014")
    replace_verifier(otto, draft)
    draft.refresh_from_db()
    assert draft.verifier is None


@pytest.mark.parametrize(
    "values, field",
    [
        ({"kind": Kind.GATHERED}, "kind"),
        ({"verify_every_days": 0}, "verify_every_days"),
        ({"verify_every_days": 3651}, "verify_every_days"),
    ],
)
def test_facts_that_cannot_be(draft: Article, otto: Person, values: dict[str, object], field: str) -> None:
    with pytest.raises(ValidationError) as error:
        describe_article(otto, draft, **values)  # type: ignore[arg-type]
    assert set(error.value.message_dict) == {field}


def test_a_verifier_must_be_there_and_cleared(draft: Article, otto: Person) -> None:
    gone = make_person("Gone", Permission.EXPERT, left_on=timezone.localdate())
    with pytest.raises(ValidationError):
        describe_article(otto, draft, verifier=gone)


def test_moving_to_another_unit_needs_the_right_to_write_there(draft: Article, otto: Person) -> None:
    Grant.objects.filter(person=otto).update(unit=draft.entry.unit)
    roads = Unit.objects.create(slug="roads", name="Roads", path="/998/")
    otto = Person.objects.get(pk=otto.pk)
    with pytest.raises(Refused, match="that unit"):
        describe_article(otto, draft, unit=roads)
    describe_article(OPERATOR, draft, unit=roads)
    draft.entry.refresh_from_db()
    assert draft.entry.unit == roads


def test_who_arranges(draft: Article, article: Article, otto: Person, ines: Person, nadia: Person, ada: Person) -> None:
    for stranger in (ines, ada):
        with pytest.raises(Refused):
            describe_article(stranger, article, kind=Kind.FAQ)
    describe_article(nadia, article, kind=Kind.FAQ)


def test_a_knowledge_manager_arranges_only_what_they_may_read(otto: Person, nadia: Person, unit: Unit) -> None:
    private = create_article(otto, Kind.FAQ, "Private", unit=unit)
    with pytest.raises(Refused):
        describe_article(nadia, private, kind=Kind.POLICY)


def test_a_contributor_who_is_an_expert_arranges(draft: Article, otto: Person, unit: Unit, ines: Person) -> None:
    expert = make_person("Xenia", Permission.EXPERT, unit=unit)
    add_contributor(otto, draft, expert)
    add_contributor(otto, draft, ines)
    describe_article(expert, draft, kind=Kind.REFERENCE)
    with pytest.raises(Refused):
        describe_article(ines, draft, kind=Kind.FAQ)


def test_handing_over(article: Article, otto: Person, hadia: Person, ines: Person) -> None:
    set_article_owner(otto, article, hadia)
    article.entry.refresh_from_db()
    assert article.entry.owner == hadia
    with pytest.raises(Refused):
        set_article_owner(otto, article, ines)


def test_nobody_takes_an_article_by_managing_knowledge(
    article: Article, nadia: Person, otto: Person, ada: Person
) -> None:
    with pytest.raises(Refused, match="yourself"):
        set_article_owner(nadia, article, nadia)
    with pytest.raises(Refused):
        set_article_owner(ada, article, ada)
    set_article_owner(nadia, article, otto)


def test_an_owner_must_be_cleared(nadia: Person, ines: Person, unit: Unit) -> None:
    secret = create_article(nadia, Kind.DECISION, "Tender", unit=unit, classification=Classification.RESTRICTED)
    with pytest.raises(ValidationError):
        set_article_owner(nadia, secret, ines)
    with pytest.raises(ValidationError):
        set_article_owner(SYSTEM, secret, ines)


def test_sharing_holds_at_once(article: Article, otto: Person, ines: Person) -> None:
    few = Audience.objects.create(slug="few", name="Few", rule={"person": otto.pk})
    readable = Entry.objects.current().readable_by(ines).filter(pk=article.entry_id)
    assert readable.exists()
    share_article(otto, article, few, Classification.INTERNAL)
    assert not readable.exists()


def test_who_shares(article: Article, otto: Person, ines: Person, nadia: Person, cast: Audience) -> None:
    add_contributor(otto, article, ines)
    for other in (ines, nadia):
        with pytest.raises(Refused):
            share_article(other, article, cast, Classification.PUBLIC)


def test_nobody_locks_themselves_or_the_owner_out(article: Article, otto: Person, nadia: Person) -> None:
    with pytest.raises(ValidationError, match="Your own clearance"):
        share_article(otto, article, None, Classification.RESTRICTED)
    with pytest.raises(ValidationError, match="owner's clearance"):
        share_article(OPERATOR, article, None, Classification.RESTRICTED)


def test_contributors_come_and_go(draft: Article, otto: Person, ines: Person, hadia: Person, nadia: Person) -> None:
    with pytest.raises(Refused):
        add_contributor(nadia, draft, nadia)
    add_contributor(otto, draft, ines)
    add_contributor(otto, draft, ines)
    assert Contributor.objects.count() == 1
    with pytest.raises(Refused):
        remove_contributor(nadia, draft, ines)
    remove_contributor(ines, draft, ines)
    assert not Contributor.objects.exists()


def test_topics_are_set_and_the_change_is_followed(
    article: Article, otto: Person, concept: Concept, ines: Person
) -> None:
    before = Entry.objects.get(pk=article.entry_id).tx
    set_article_topics(otto, article, [concept])
    assert [link.concept for link in article.entry.topic_links.all()] == [concept]
    assert Entry.objects.get(pk=article.entry_id).tx >= before
    set_article_topics(otto, article, [])
    assert not article.entry.topic_links.exists()
    with pytest.raises(Refused):
        set_article_topics(ines, article, [concept])


def test_a_retired_topic_is_not_set(article: Article, otto: Person, concept: Concept) -> None:
    concept.state = Concept.State.RETIRED
    concept.save()
    set_article_topics(otto, article, [concept])
    assert not article.entry.topic_links.exists()


def test_readers_propose_and_keepers_decide(article: Article, ines: Person, otto: Person, concept: Concept) -> None:
    topic = propose_topic(ines, article.entry, concept)
    assert topic.proposed
    with pytest.raises(Refused):
        accept_topic(ines, topic)
    with pytest.raises(Refused):
        decline_topic(ines, topic)
    accept_topic(otto, topic)
    assert not EntryTopic.objects.get().proposed
    with pytest.raises(ValidationError):
        decline_topic(otto, topic)
    other = Concept.objects.create(scheme=concept.scheme, slug="air", labels={"en": "Air"})
    decline_topic(otto, propose_topic(ines, article.entry, other))
    assert EntryTopic.objects.count() == 1


def test_proposing_needs_the_right_to_read(draft: Article, ines: Person, concept: Concept) -> None:
    with pytest.raises(Refused):
        propose_topic(ines, draft.entry, concept)


def test_who_decides_how_the_library_is_kept(nadia: Person, otto: Person, ada: Person, hadia: Person) -> None:
    for person in (nadia, ada):
        set_library(person, needs_review=False, allows_self_approval=False, verify_every_days=90)
    for person in (otto, hadia):
        with pytest.raises(Refused):
            set_library(person, needs_review=False, allows_self_approval=True)
    assert LibrarySettings.objects.count() == 1
    assert create_article(otto, Kind.FAQ, "New").verify_every_days == 90
