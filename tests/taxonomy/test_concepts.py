"""Topics: proposed, accepted, changed, merged, retired; by whom; and which a text names."""

import pytest
from django.core.exceptions import ValidationError

from headwater.core.actions import OPERATOR, SYSTEM, Refused
from headwater.people.models import Person
from headwater.search.models import Entry, EntryTopic, Kind
from headwater.taxonomy import actions
from headwater.taxonomy.models import Broader, Concept, ConceptScheme
from headwater.taxonomy.suggest import concepts_for_text


@pytest.fixture
def drains(nadia: Person) -> Concept:
    return actions.propose_concept(nadia, "Drains")


def test_proposing_and_accepting(otto: Person, nadia: Person, drains: Concept) -> None:
    concept = actions.propose_concept(otto, " Storm   drains ", broader=drains, definition="For rain.")
    assert (concept.state, concept.labels, concept.slug) == ("proposed", {"en": "Storm drains"}, "storm-drains")
    assert concept.scheme == drains.scheme
    assert actions.accept_concept(nadia, concept).state == "accepted"
    with pytest.raises(ValidationError, match="was not proposed"):
        actions.accept_concept(nadia, concept)


def test_who_may(ines: Person, otto: Person, hadia: Person, drains: Concept) -> None:
    with pytest.raises(Refused):
        actions.propose_concept(ines, "Topic")
    proposed = actions.propose_concept(otto, "Topic")
    for refused in (
        lambda: actions.accept_concept(otto, proposed),
        lambda: actions.change_concept(otto, proposed, definition="x"),
        lambda: actions.retire_concept(otto, drains),
        lambda: actions.restore_concept(otto, drains),
        lambda: actions.merge_concept(otto, proposed, drains),
        lambda: actions.create_scheme(otto, "Scheme"),
        lambda: actions.rename_scheme(otto, drains.scheme, "Scheme"),
        lambda: actions.remove_scheme(otto, drains.scheme),
        lambda: actions.import_scheme(otto, b""),
    ):
        with pytest.raises(Refused):
            refused()
    assert actions.accept_concept(hadia, proposed).pk


@pytest.mark.parametrize(
    "label, language, field", [("", "en", "label"), ("x" * 201, "en", "label"), ("X", "e!", "language")]
)
def test_bad_labels(nadia: Person, label: str, language: str, field: str) -> None:
    with pytest.raises(ValidationError) as refused:
        actions.propose_concept(nadia, label, language)
    assert list(refused.value.message_dict) == [field]


def test_a_topic_is_there_once(nadia: Person, drains: Concept) -> None:
    with pytest.raises(ValidationError, match="already"):
        actions.propose_concept(nadia, "DRAINS")
    actions.retire_concept(nadia, drains)
    assert actions.propose_concept(nadia, "Drains").slug == "drains-2"


def test_labels_in_any_script(nadia: Person) -> None:
    arabic = actions.propose_concept(nadia, "السلامة", "ar")
    assert arabic.slug == "السلامة"
    assert actions.propose_concept(nadia, "!!!", "en").slug == "topic"
    assert arabic.label("fr") == "السلامة"


def test_changing(nadia: Person, drains: Concept) -> None:
    pipes = actions.propose_concept(nadia, "Pipes", broader=drains)
    actions.change_concept(
        nadia, drains, {"en": "Drains", "FR": "Égouts"}, {"en": ["sewers", " ", "gullies"]}, "Carry water."
    )
    drains.refresh_from_db()
    assert drains.labels == {"en": "Drains", "fr": "Égouts"}
    assert drains.alternatives == {"en": ["sewers", "gullies"]}
    for wrong in (pipes, drains):
        with pytest.raises(ValidationError, match="narrower than this"):
            actions.change_concept(nadia, drains, broader=[wrong])
    roads = actions.propose_concept(nadia, "Roads")
    actions.change_concept(nadia, pipes, broader=[roads])
    assert list(pipes.broader.all()) == [roads]
    with pytest.raises(ValidationError, match="at least one language"):
        actions.change_concept(nadia, drains, labels={})


def test_merging_takes_everything_along(nadia: Person, drains: Concept) -> None:
    sewers = actions.propose_concept(nadia, "Sewers")
    pipes = actions.propose_concept(nadia, "Pipes", broader=sewers)
    both, one = (Entry.objects.create(kind=Kind.GATHERED, title=title) for title in ("Both", "One"))
    for entry, concept in ((both, drains), (both, sewers), (one, sewers)):
        EntryTopic.objects.create(entry=entry, concept=concept)
    actions.merge_concept(nadia, sewers, drains)
    sewers.refresh_from_db()
    drains.refresh_from_db()
    assert (sewers.state, sewers.merged_into) == ("retired", drains)
    assert drains.alternatives == {"en": ["Sewers"]}
    assert list(pipes.broader.all()) == [drains]
    assert set(EntryTopic.objects.values_list("entry", "concept")) == {(both.pk, drains.pk), (one.pk, drains.pk)}
    with pytest.raises(ValidationError, match="not merged"):
        actions.restore_concept(nadia, sewers)
    for wrong in (drains, sewers):
        with pytest.raises(ValidationError, match="another topic"):
            actions.merge_concept(nadia, drains, wrong)


def test_merging_with_the_broader_one(nadia: Person, drains: Concept) -> None:
    pipes = actions.propose_concept(nadia, "Pipes", broader=drains)
    actions.merge_concept(nadia, pipes, drains)
    assert not Broader.objects.exists()


def test_retiring_and_restoring(nadia: Person, drains: Concept) -> None:
    actions.retire_concept(nadia, drains)
    assert actions.restore_concept(nadia, drains).state == "accepted"
    with pytest.raises(ValidationError, match="was retired"):
        actions.restore_concept(nadia, drains)


def test_schemes(nadia: Person, drains: Concept) -> None:
    scheme = actions.create_scheme(nadia, "Field words")
    assert (scheme.slug, actions.rename_scheme(nadia, scheme, "Words").title) == ("field-words", "Words")
    with pytest.raises(ValidationError, match="taken already"):
        actions.create_scheme(nadia, "Field words")
    entry = Entry.objects.create(kind=Kind.GATHERED, title="Storm")
    EntryTopic.objects.create(entry=entry, concept=drains)
    with pytest.raises(ValidationError, match="Something is about"):
        actions.remove_scheme(nadia, drains.scheme)
    entry.delete()
    actions.remove_scheme(nadia, drains.scheme)
    assert list(ConceptScheme.objects.all()) == [scheme]


def test_which_topics_a_text_names(nadia: Person, drains: Concept) -> None:
    actions.change_concept(SYSTEM, drains, alternatives={"en": ["storm drain", "sewer"], "fr": ["égout"]})
    storm = actions.propose_concept(nadia, "Storm")
    found = concepts_for_text("The storm drains were blocked. After the storm, SEWERS overflowed.", title="Storms")
    assert [(each.concept, each.times) for each in found] == [(storm, 6), (drains, 2)]
    assert [each.concept for each in concepts_for_text("Les egouts débordent", "fr")] == [drains]
    assert concepts_for_text("Les egouts débordent", "en") == []
    actions.retire_concept(nadia, drains)
    assert concepts_for_text("sewers and drains") == []
    assert concepts_for_text("") == []
    assert concepts_for_text("storm " * 10, limit=0) == []


def test_a_topic_proposed_from_the_command_line(db: None, drains: Concept) -> None:
    assert actions.propose_concept(OPERATOR, "Pumps").state == "accepted"
