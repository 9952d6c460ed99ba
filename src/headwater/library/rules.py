"""Who may do what in the library, and when. The system (a job, the local operator) may do what needs no person."""

from headwater.core.actions import Actor, System
from headwater.library.models import Article, LibrarySettings, Revision
from headwater.people.models import Permission, Person, Unit
from headwater.search.models import Entry

WRITERS = (Permission.CONTRIBUTOR, Permission.EXPERT, Permission.STEWARD, Permission.KNOWLEDGE_MANAGER)
REVIEWERS = (Permission.EXPERT, Permission.STEWARD, Permission.KNOWLEDGE_MANAGER)


def _may_any(person: Person, permissions: tuple[Permission, ...], unit: Unit | None) -> bool:
    return any(person.may(permission, unit) for permission in permissions)


def may_create(actor: Actor, unit: Unit | None) -> bool:
    """Writers of that unit; of the whole organisation when there is no unit."""
    return isinstance(actor, System) or (isinstance(actor, Person) and _may_any(actor, WRITERS, unit))


def writes_anywhere(person: Person) -> bool:
    """Whether the person may write in at least one unit."""
    return person.is_active and any(permission in WRITERS for permission, _path in person.granted)


def reaches(person: Person, entry: Entry) -> bool:
    """The person is active and cleared for it."""
    return person.is_active and person.clearance >= entry.classification


def may_govern(actor: Actor, article: Article) -> bool:
    """Owner and stewards of its unit: they decide who reads it, who writes it, and when it goes."""
    if isinstance(actor, System):
        return True
    entry = article.entry
    return (
        isinstance(actor, Person)
        and reaches(actor, entry)
        and (entry.owner_id == actor.pk or actor.may(Permission.STEWARD, entry.unit))
    )


def may_arrange(actor: Actor, article: Article) -> bool:
    """Who governs it, and knowledge managers of its unit who may read it: kind, unit, topics, owner, verifier."""
    if may_govern(actor, article):
        return True
    if not (isinstance(actor, Person) and actor.may(Permission.KNOWLEDGE_MANAGER, article.entry.unit)):
        return False
    # What was put away is read by nobody any more; whoever could read it before may still bring it back.
    was_readable = (
        article.published_id is not None and Entry.objects.readable_by(actor).filter(pk=article.entry_id).exists()
    )
    return was_readable or may_see_drafts(actor, article)


def may_edit(actor: Actor, article: Article) -> bool:
    """Who governs it, and its contributors; nobody while it lies in the trash."""
    if article.trashed_at is not None:
        return False
    if may_govern(actor, article):
        return True
    if not (isinstance(actor, Person) and reaches(actor, article.entry)):
        return False
    return any(contributor.person_id == actor.pk for contributor in article.contributors.all())


def may_see_drafts(person: Person, article: Article) -> bool:
    """Who edits it, and whoever was asked to review its newest revision."""
    return Article.objects.draft_circle(person).filter(pk=article.pk).exists()


def may_publish(actor: Actor, article: Article) -> bool:
    """Who governs it, and contributors who are knowledge managers of its unit."""
    if article.trashed_at is not None:
        return False
    if may_govern(actor, article):
        return True
    return (
        isinstance(actor, Person)
        and actor.may(Permission.KNOWLEDGE_MANAGER, article.entry.unit)
        and may_edit(actor, article)
    )


def may_review(reviewer: Person, revision: Revision, settings: LibrarySettings) -> bool:
    """Experts, stewards, knowledge managers of its unit with the clearance; for their own text only where allowed."""
    entry = revision.article.entry
    own = revision.author_id == reviewer.pk and not settings.allows_self_approval
    return not own and reaches(reviewer, entry) and _may_any(reviewer, REVIEWERS, entry.unit)


def may_read(person: Person, entry: Entry) -> bool:
    """The access filter, for one entry that has something to read."""
    return Entry.objects.current().readable_by(person).filter(pk=entry.pk).exists()


def may_verify(person: Person, article: Article) -> bool:
    """The named verifier, the owner, and experts and stewards of its unit; all only if they may read it."""
    entry = article.entry
    called = (
        person.pk in (article.verifier_id, entry.owner_id)
        or person.may(Permission.EXPERT, entry.unit)
        or person.may(Permission.STEWARD, entry.unit)
    )
    return called and may_read(person, entry)


def may_dispute(person: Person, entry: Entry) -> bool:
    """Whose word warns readers at once: owner, verifier, experts, stewards and knowledge managers of its unit."""
    named = entry.owner_id == person.pk or Article.objects.filter(entry=entry, verifier=person).exists()
    return named or _may_any(person, REVIEWERS, entry.unit)


def may_settle(actor: Actor, entry: Entry) -> bool:
    """Who may answer a report: its readers who are owner, verifier, contributor, steward or knowledge manager."""
    if isinstance(actor, System):
        return True
    if not isinstance(actor, Person) or not may_read(actor, entry):
        return False
    article = Article.objects.filter(entry=entry).first()
    named = entry.owner_id == actor.pk or (article is not None and article.verifier_id == actor.pk)
    return (
        named
        or _may_any(actor, (Permission.STEWARD, Permission.KNOWLEDGE_MANAGER), entry.unit)
        or (article is not None and may_edit(actor, article))
    )


def may_set_library(actor: Actor) -> bool:
    """Knowledge managers and administrators of the whole organisation."""
    return isinstance(actor, System) or (
        isinstance(actor, Person) and _may_any(actor, (Permission.KNOWLEDGE_MANAGER, Permission.ADMINISTRATOR), None)
    )
