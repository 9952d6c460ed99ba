"""What stands around a text: kind, unit, reference, topics, owner, who may read and who may write."""

from django.core.exceptions import ValidationError
from django.db.models import F
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from headwater.core.actions import Actor, action, note, require
from headwater.core.addresses import address
from headwater.core.models import Classification
from headwater.library import rules
from headwater.library.actions.holding import locked
from headwater.library.actions.writing import clean_reference
from headwater.library.models import Article, Contributor, LibrarySettings
from headwater.people.models import Audience, Permission, Person, Unit
from headwater.people.notices import settle, tell
from headwater.search.models import Entry, EntryTopic, Kind
from headwater.taxonomy.models import Concept

DAYS = range(1, 3651)


@action
def describe_article(
    actor: Actor,
    article: Article,
    kind: Kind | None = None,
    unit: Unit | None = None,
    reference: str | None = None,
    verifier: Person | None = None,
    verify_every_days: int | None = None,
) -> Article:
    """Change an article's kind, unit, reference, verifier or interval of checks; what is not given stays."""
    article = _arranged(actor, article)
    entry = article.entry
    if kind is not None:
        entry.kind = _article_kind(kind)
    if unit is not None and unit.pk != entry.unit_id:
        require(
            rules.may_create(actor, unit), _("You may not write for that unit, so you cannot move an article there.")
        )
        entry.unit = unit
    if reference is not None:
        article.reference = clean_reference(reference, article)
    if verify_every_days is not None:
        article.verify_every_days = _interval(verify_every_days)
    if verifier is not None:
        article.verifier = verifier
        _check_reach(verifier, entry, "verifier")
    entry.save(update_fields=["kind", "unit"])
    article.save(update_fields=["reference", "verify_every_days", "verifier"])
    return article


@action
def set_article_owner(actor: Actor, article: Article, owner: Person) -> Article:
    """Hand an article over to another owner, who is told."""
    article = _arranged(actor, article)
    # Owning means reading: a knowledge manager may hand on what they read, and not take what they govern for nobody.
    takes = isinstance(actor, Person) and actor.pk == owner.pk
    require(
        not takes or rules.may_govern(actor, article),
        _("You cannot make yourself the owner. Ask its owner or a steward."),
    )
    _check_reach(owner, article.entry, "owner")
    before = article.entry.owner_id
    article.entry.owner = owner
    article.entry.save(update_fields=["owner"])
    note(before=before, owner=owner.pk)
    words = format_lazy(_("You now own “{title}”."), title=article.entry.title[:200])
    tell(owner, words, address("library:article", pk=article.pk), f"owner:{article.pk}")
    return article


@action
def replace_verifier(actor: Actor, article: Article, verifier: Person | None = None) -> Article:
    """Name another verifier; without one, the owner is asked when the next check is due."""
    article = _arranged(actor, article)
    if verifier is not None:
        _check_reach(verifier, article.entry, "verifier")
    note(before=article.verifier_id, verifier=verifier.pk if verifier else None)
    article.verifier = verifier
    article.save(update_fields=["verifier"])
    return article


@action
def share_article(actor: Actor, article: Article, audience: Audience | None, classification: Classification) -> Article:
    """Decide who may read an article: an audience (none: its owner and stewards only) and a classification."""
    article = locked(article)
    require(rules.may_govern(actor, article), _("Only its owner and its unit's stewards decide who reads an article."))
    entry = article.entry
    if isinstance(actor, Person) and actor.clearance < classification:
        raise ValidationError(
            {"classification": _("Your own clearance does not reach that: you would lose the article.")}
        )
    if entry.owner is not None and entry.owner.clearance < classification:
        raise ValidationError(
            {"classification": _("The owner's clearance does not reach that. Name another owner first.")}
        )
    note(audience_before=entry.audience_id, classification_before=entry.classification)
    entry.audience, entry.classification = audience, classification
    entry.save(update_fields=["audience", "classification"])
    return article


@action
def set_article_topics(actor: Actor, article: Article, topics: list[Concept]) -> Article:
    """Say what an article is about; topics that were only proposed and are named here are accepted."""
    article = _arranged(actor, article)
    entry = article.entry
    chosen = {concept.pk for concept in topics if concept.state != Concept.State.RETIRED}
    EntryTopic.objects.filter(entry=entry).exclude(concept__in=chosen).delete()
    EntryTopic.objects.filter(entry=entry, proposed=True).update(proposed=False)
    EntryTopic.objects.bulk_create((EntryTopic(entry=entry, concept_id=pk) for pk in chosen), ignore_conflicts=True)
    _touch(entry)
    _settle_if_none(entry)
    note(topics=sorted(chosen))
    return article


@action
def propose_topic(actor: Actor, entry: Entry, concept: Concept) -> EntryTopic:
    """Propose that an entry is about a concept; its owner or a steward accepts or declines."""
    require(
        isinstance(actor, Person) and rules.may_read(actor, entry), _("There is no such entry, or you may not read it.")
    )
    if concept.state == Concept.State.RETIRED:
        raise ValidationError({"topic": _("This topic is no longer offered. Choose another one.")})
    topic, is_new = EntryTopic.objects.get_or_create(entry=entry, concept=concept, defaults={"proposed": True})
    if is_new and entry.owner is not None and entry.owner_id != actor.actor_id:
        words = format_lazy(_("A topic is proposed for “{title}”."), title=entry.title)
        tell(entry.owner, words, address("library:topics", pk=entry.pk), f"topics:{entry.pk}")
    return topic


@action
def accept_topic(actor: Actor, topic: EntryTopic) -> EntryTopic:
    """Accept a proposed topic of an entry."""
    require(rules.may_settle(actor, topic.entry), _("Only its owner, stewards and knowledge managers accept topics."))
    topic.proposed = False
    topic.save(update_fields=["proposed"])
    _touch(topic.entry)
    _settle_if_none(topic.entry)
    return topic


@action
def decline_topic(actor: Actor, topic: EntryTopic) -> None:
    """Decline a proposed topic of an entry."""
    require(rules.may_settle(actor, topic.entry), _("Only its owner, stewards and knowledge managers decline topics."))
    if not topic.proposed:
        raise ValidationError({"topic": _("It was accepted already. Take it off among the article's topics.")})
    note(entry=topic.entry_id, concept=topic.concept_id)
    topic.delete()
    _settle_if_none(topic.entry)


def _settle_if_none(entry: Entry) -> None:
    """The owner has nothing left to decide about."""
    if not entry.topic_links.filter(proposed=True).exists():
        settle(f"topics:{entry.pk}")


@action
def add_contributor(actor: Actor, article: Article, person: Person) -> Contributor:
    """Let a person read and edit an article's drafts."""
    article = locked(article)
    require(rules.may_govern(actor, article), _("Only its owner and its unit's stewards add contributors."))
    _check_reach(person, article.entry, "person")
    contributor, created = Contributor.objects.get_or_create(article=article, person=person)
    if created:
        words = format_lazy(
            _("You may now write on “{title}”."), title=article.latest.title[:200] if article.latest else ""
        )
        tell(person, words, address("library:article", pk=article.pk), f"contributor:{article.pk}")
    return contributor


@action
def remove_contributor(actor: Actor, article: Article, person: Person) -> None:
    """Take a contributor off an article; what they wrote stays. Everybody may take themselves off."""
    own = isinstance(actor, Person) and actor.pk == person.pk
    require(own or rules.may_govern(actor, article), _("Only its owner and its unit's stewards remove contributors."))
    Contributor.objects.filter(article=article, person=person).delete()
    note(person=person.pk)


@action
def set_library(
    actor: Actor, needs_review: bool, allows_self_approval: bool, verify_every_days: int = 180
) -> LibrarySettings:
    """Decide how the library is kept: whether publishing needs a second person, how often new articles are checked."""
    require(
        rules.may_set_library(actor), _("Only knowledge managers and administrators decide how the library is kept.")
    )
    values = {
        "needs_review": needs_review,
        "allows_self_approval": allows_self_approval,
        "verify_every_days": _interval(verify_every_days),
    }
    settings = LibrarySettings.current()
    for name, value in values.items():
        setattr(settings, name, value)
    settings.save()
    note(**values)
    return settings


def _arranged(actor: Actor, article: Article) -> Article:
    article = locked(article)
    require(
        rules.may_arrange(actor, article) or (rules.may_edit(actor, article) and _is_expert(actor, article)),
        _("Only its owner, its unit's stewards and knowledge managers change what stands around an article."),
    )
    return article


def _is_expert(actor: Actor, article: Article) -> bool:
    """Contributors who are experts of its unit know its kind and topics as well as its owner does."""
    return isinstance(actor, Person) and actor.may(Permission.EXPERT, article.entry.unit)


def _article_kind(kind: Kind) -> Kind:
    if kind == Kind.GATHERED:
        raise ValidationError({"kind": _("Gathered documents come from sources. Choose what kind of article this is.")})
    return kind


def _interval(days: int) -> int:
    if days not in DAYS:
        raise ValidationError({"verify_every_days": _("Between 1 day and 10 years (3650 days).")})
    return days


def _check_reach(person: Person, entry: Entry, where: str) -> None:
    if not rules.reaches(person, entry):
        words = _("%(name)s has left, or is not cleared for this article.")
        raise ValidationError({where: ValidationError(words, params={"name": person.name})})


def _touch(entry: Entry) -> None:
    """Topics lie in a table of their own; followers of entries see the change by this."""
    Entry.objects.filter(pk=entry.pk).update(title=F("title"))
