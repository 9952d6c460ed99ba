"""Single topics: proposed, accepted, changed, merged, retired."""

import re

from django.core.exceptions import ValidationError
from django.db import models
from django.utils.translation import gettext as _

from headwater.core.actions import Actor, action, note, require
from headwater.taxonomy import rules
from headwater.taxonomy.models import Broader, Concept, ConceptScheme
from headwater.taxonomy.slugs import free_slugs, slug_of
from headwater.taxonomy.suggest import normal

OWN_SCHEME = "own"
LONGEST = 200


def _require_keeper(actor: Actor) -> None:
    require(rules.may_keep_topics(actor), _("Only stewards, knowledge managers and administrators settle topics."))


@action
def propose_concept(
    actor: Actor,
    label: str,
    language: str = "en",
    broader: Concept | None = None,
    definition: str = "",
    scheme: ConceptScheme | None = None,
) -> Concept:
    """Propose a topic that is missing. Whoever keeps topics proposes what is accepted at once."""
    require(rules.may_propose(actor), _("Only who writes here proposes topics."))
    labels = checked_labels({language: label})
    _refuse_known(labels)
    home = scheme or (broader.scheme if broader else own_scheme())
    taken = set(Concept.objects.filter(slug__startswith=slug_of(labels)).values_list("slug", flat=True))
    concept = Concept.objects.create(
        scheme=home,
        slug=next(free_slugs([slug_of(labels)], taken)),
        labels=labels,
        definition=definition.strip(),
        state=Concept.State.ACCEPTED if rules.may_keep_topics(actor) else Concept.State.PROPOSED,
    )
    if broader is not None:
        Broader.objects.create(narrower=concept, broader=broader)
    return concept


def own_scheme() -> ConceptScheme:
    """The organisation's own list, for what no imported scheme has."""
    scheme, _created = ConceptScheme.objects.get_or_create(slug=OWN_SCHEME, defaults={"title": _("Our own topics")})
    return scheme


def checked_labels(labels: dict[str, str]) -> dict[str, str]:
    """Labels by language, tidied. Raises `ValidationError` for a bad code, an empty or overlong label."""
    tidy = {}
    for language, label in labels.items():
        code, text = language.strip().lower(), " ".join(str(label).split())
        if not re.fullmatch(r"[a-z]{2,3}(-[a-z0-9]{2,8})*", code):
            raise ValidationError({"language": _("“%s” is no language code; write for example en or fr.") % language})
        if not text or len(text) > LONGEST:
            raise ValidationError({"label": _("A label has from one to %s letters.") % LONGEST})
        tidy[code] = text
    if not tidy:
        raise ValidationError({"label": _("A topic needs a label in at least one language.")})
    return tidy


def _refuse_known(labels: dict[str, str]) -> None:
    for language, label in labels.items():
        known = Concept.objects.exclude(state=Concept.State.RETIRED).filter(**{f"labels__{language}__iexact": label})
        if known.exists():
            raise ValidationError({"label": _("There is a topic “%s” already.") % label})


@action
def accept_concept(actor: Actor, concept: Concept) -> Concept:
    """Accept a proposed topic."""
    _require_keeper(actor)
    if concept.state != Concept.State.PROPOSED:
        raise ValidationError({"concept": _("This topic was not proposed, or was settled already.")})
    concept.state = Concept.State.ACCEPTED
    concept.save(update_fields=["state"])
    return concept


@action
def change_concept(
    actor: Actor,
    concept: Concept,
    labels: dict | None = None,
    alternatives: dict | None = None,
    definition: str | None = None,
    broader: list[Concept] | None = None,
) -> Concept:
    """Change a topic's labels and alternatives by language, its definition, and what is broader; the rest stays."""
    _require_keeper(actor)
    if labels is not None:
        concept.labels = checked_labels(labels)
    if alternatives is not None:
        concept.alternatives = {
            language: [
                checked_labels({language: each})[language.strip().lower()] for each in several if str(each).strip()
            ]
            for language, several in alternatives.items()
        }
    if definition is not None:
        concept.definition = definition.strip()
    concept.save()
    if broader is not None:
        _set_broader(concept, broader)
    return concept


def _checked_alternatives(alternatives: dict[str, list[str]]) -> dict[str, list[str]]:
    tidy: dict[str, list[str]] = {}
    for language, several in alternatives.items():
        for label in several:
            if str(label).strip():
                ((code, text),) = checked_labels({language: label}).items()
                tidy.setdefault(code, []).append(text)
    return tidy


def _set_broader(concept: Concept, broader: list[Concept]) -> None:
    below = narrower_ids(concept)
    for each in broader:
        if each.pk in below:
            raise ValidationError({"broader": _("“%s” is narrower than this topic, or the topic itself.") % each})
    Broader.objects.filter(narrower=concept).exclude(broader__in=broader).delete()
    links = (Broader(narrower=concept, broader=each) for each in broader)
    Broader.objects.bulk_create(links, ignore_conflicts=True)


def narrower_ids(concept: Concept) -> set[int]:
    """The ids of the topic and of everything narrower, however deep (rings come to an end)."""
    found, edge = {concept.pk}, {concept.pk}
    while edge:
        edge = set(Broader.objects.filter(broader__in=edge).values_list("narrower", flat=True)) - found
        found |= edge
    return found


@action
def retire_concept(actor: Actor, concept: Concept) -> Concept:
    """Offer a topic no more. What is about it stays so."""
    _require_keeper(actor)
    concept.state = Concept.State.RETIRED
    concept.save(update_fields=["state"])
    return concept


@action
def restore_concept(actor: Actor, concept: Concept) -> Concept:
    """Offer a retired topic again."""
    _require_keeper(actor)
    if concept.state != Concept.State.RETIRED or concept.merged_into_id is not None:
        raise ValidationError({"concept": _("Only a topic that was retired, and not merged, comes back.")})
    concept.state = Concept.State.ACCEPTED
    concept.save(update_fields=["state"])
    return concept


@action
def merge_concept(actor: Actor, concept: Concept, into: Concept) -> Concept:
    """Make one topic of two: everything about the first is about the second, and its labels find the second."""
    _require_keeper(actor)
    if concept == into or into.state == Concept.State.RETIRED:
        raise ValidationError({"into": _("Choose another topic, one that is not retired.")})
    for language, label in concept.labels.items():
        known = {normal(each) for each in [into.labels.get(language, ""), *into.alternatives.get(language, [])]}
        if normal(label) not in known:
            into.alternatives = {**into.alternatives, language: [*into.alternatives.get(language, []), label]}
    into.save(update_fields=["alternatives"])
    _repoint(concept, into)
    Broader.objects.filter(narrower=models.F("broader")).delete()
    concept.state, concept.merged_into = Concept.State.RETIRED, into
    concept.save(update_fields=["state", "merged_into"])
    note(into=into.pk)
    return into


def _repoint(concept: Concept, into: Concept) -> None:
    """Everything that points at the one points at the other, whichever room it belongs to; doubles fall away."""
    for relation in Concept._meta.related_objects:
        model, column = relation.related_model, relation.field
        if relation.many_to_many or column.name == "merged_into":
            continue
        rows = model._default_manager.filter(**{column.name: concept})
        for row in rows:
            _move(row, column.name, into)


def _move(row: models.Model, column: str, into: Concept) -> None:
    setattr(row, column, into)
    try:
        row.validate_constraints(exclude={"organisation"})
    except ValidationError:
        row.delete()
        return
    row.save(update_fields=[column])
