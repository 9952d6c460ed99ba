"""What stands around a text: facts, owner, readers, writers, topics, settings."""

from django.shortcuts import get_object_or_404
from django.utils.translation import gettext as _
from ninja import Field, Status

from headwater.core.actions import require
from headwater.core.bodies import Body
from headwater.core.models import Classification
from headwater.core.references import Id, Reference, referred, referred_all, required
from headwater.library import actions, rules
from headwater.library.api import found
from headwater.library.api.routing import router
from headwater.library.api.shapes import ArticleKind, ArticleOut, SettingsOut, TopicOut
from headwater.library.models import LibrarySettings
from headwater.people.models import Audience, Person, Unit
from headwater.people.request import Request
from headwater.search.models import EntryTopic, Kind
from headwater.taxonomy.models import Concept


class DetailsIn(Body):
    """Facts to change; what is left out stays."""

    kind: ArticleKind | None = None
    unit: Reference | None = None
    reference: str | None = None
    verifier: Id | None = None
    verify_every_days: int | None = None


class PersonIn(Body):
    """A person's id."""

    person: Id


class VerifierIn(Body):
    """A person's id; none: the owner is asked."""

    person: Id | None = None


class SharingIn(Body):
    """Who may read: an audience (none: owner and stewards only) and a classification."""

    audience: Reference | None
    classification: Classification


class TopicsIn(Body):
    """Concepts, by id or slug."""

    topics: list[Reference] = Field(max_length=200)


class TopicIn(Body):
    """A concept, by id or slug."""

    topic: Reference


@router.patch("/articles/{pk}", response=ArticleOut, operation_id="describe_article")
def describe_article(request: Request, pk: int, given: DetailsIn) -> ArticleOut:
    """Change kind, unit, reference, verifier or interval."""
    done = actions.describe_article(
        request.person,
        found.article(request, pk),
        kind=Kind(given.kind) if given.kind else None,
        unit=referred(Unit, given.unit, "unit"),
        reference=given.reference,
        verifier=referred(Person, given.verifier, "verifier"),
        verify_every_days=given.verify_every_days,
    )
    return ArticleOut.of(found.again(request, done))


@router.put("/articles/{pk}/owner", response=ArticleOut, operation_id="set_article_owner")
def set_article_owner(request: Request, pk: int, given: PersonIn) -> ArticleOut:
    """Hand an article over."""
    owner = required(Person, given.person, "person")
    return ArticleOut.of(
        found.again(request, actions.set_article_owner(request.person, found.article(request, pk), owner))
    )


@router.put("/articles/{pk}/verifier", response=ArticleOut, operation_id="replace_verifier")
def replace_verifier(request: Request, pk: int, given: VerifierIn) -> ArticleOut:
    """Name another verifier, or none."""
    verifier = referred(Person, given.person, "person")
    done = actions.replace_verifier(request.person, found.article(request, pk), verifier)
    return ArticleOut.of(found.again(request, done))


@router.put("/articles/{pk}/sharing", response=ArticleOut, operation_id="share_article")
def share_article(request: Request, pk: int, given: SharingIn) -> ArticleOut:
    """Decide who may read an article."""
    audience = referred(Audience, given.audience, "audience")
    done = actions.share_article(request.person, found.article(request, pk), audience, given.classification)
    return ArticleOut.of(found.again(request, done))


@router.post("/articles/{pk}/contributors", response={201: ArticleOut}, operation_id="add_contributor")
def add_contributor(request: Request, pk: int, given: PersonIn) -> Status[ArticleOut]:
    """Let a person write on an article."""
    article = found.article(request, pk)
    actions.add_contributor(request.person, article, required(Person, given.person, "person"))
    return Status(201, ArticleOut.of(found.again(request, article)))


@router.delete("/articles/{pk}/contributors/{person}", response={204: None}, operation_id="remove_contributor")
def remove_contributor(request: Request, pk: int, person: int) -> Status[None]:
    """Take a contributor off an article."""
    actions.remove_contributor(request.person, found.article(request, pk), get_object_or_404(Person, pk=person))
    return Status(204, None)


@router.put("/articles/{pk}/topics", response=ArticleOut, operation_id="set_article_topics")
def set_article_topics(request: Request, pk: int, given: TopicsIn) -> ArticleOut:
    """Say what an article is about."""
    topics = referred_all(Concept, given.topics, "topics")
    done = actions.set_article_topics(request.person, found.article(request, pk), topics)
    return ArticleOut.of(found.again(request, done))


@router.post("/entries/{pk}/topics", response={201: TopicOut}, operation_id="propose_topic")
def propose_topic(request: Request, pk: int, given: TopicIn) -> Status[TopicOut]:
    """Propose that an entry is about a concept."""
    concept = required(Concept, given.topic, "topic")
    return Status(201, TopicOut.of(actions.propose_topic(request.person, found.entry(request, pk), concept)))


@router.post("/topics/{pk}/acceptance", response=TopicOut, operation_id="accept_topic")
def accept_topic(request: Request, pk: int) -> TopicOut:
    """Accept a proposed topic."""
    return TopicOut.of(actions.accept_topic(request.person, _topic(request, pk)))


@router.post("/topics/{pk}/refusal", response={204: None}, operation_id="decline_topic")
def decline_topic(request: Request, pk: int) -> Status[None]:
    """Decline a proposed topic."""
    actions.decline_topic(request.person, _topic(request, pk))
    return Status(204, None)


def _topic(request: Request, pk: int) -> EntryTopic:
    topic = get_object_or_404(EntryTopic.objects.select_related("entry__unit", "concept"), pk=pk)
    found.entry(request, topic.entry_id)
    return topic


@router.get("/settings", response=SettingsOut, operation_id="show_library_settings")
def show_library_settings(request: Request) -> SettingsOut:
    """How the library is kept."""
    require(
        rules.writes_anywhere(request.person) or rules.may_set_library(request.person),
        _("Only those who write in the library see how it is kept."),
    )
    return SettingsOut.of(LibrarySettings.current())


@router.put("/settings", response=SettingsOut, operation_id="set_library")
def set_library(request: Request, given: SettingsOut) -> SettingsOut:
    """Decide how the library is kept."""
    return SettingsOut.of(actions.set_library(request.person, **given.dict()))
