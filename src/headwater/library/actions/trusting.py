"""Whether a text can be relied on: verification by a named person, and the reports of its readers."""

from datetime import timedelta

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.text import format_lazy
from django.utils.translation import gettext_lazy as _

from headwater.core.actions import Actor, action, note, require
from headwater.core.addresses import address
from headwater.library import rules
from headwater.library.actions.holding import check_in_use, locked
from headwater.library.models import Article, Feedback, Verification
from headwater.library.standing import refresh_standing
from headwater.people.models import Notice, Person
from headwater.people.notices import settle, tell
from headwater.search.models import Entry, EntryVersion

EVIDENCE_LETTERS = 10
SAME_WORDS_FOR = timedelta(hours=24)
REPORTS = (Feedback.Kind.ERROR, Feedback.Kind.UNCLEAR)


@action
def verify_article(
    actor: Actor, article: Article, version: EntryVersion, evidence: str, every_days: int | None = None
) -> Verification:
    """Vouch by name that exactly this version still holds, and say what was checked; one article at a time."""
    article = locked(article)
    check_in_use(article)
    require(isinstance(actor, Person), _("A person verifies, by name; no job and no operator does it for them."))
    assert isinstance(actor, Person)
    require(
        rules.may_verify(actor, article),
        _("Only its verifier, its owner, and experts and stewards of its unit verify it."),
    )
    if article.entry.current_version_id != version.pk:
        raise ValidationError({"version": _("A newer version was published while you read. Check that one.")})
    evidence = _evidence(actor, article, evidence)
    if every_days is not None:
        if not 1 <= every_days <= 3650:
            raise ValidationError({"every_days": _("Between 1 day and 10 years (3650 days).")})
        article.verify_every_days = every_days
    article.verify_due_on = timezone.localdate() + timedelta(days=article.verify_every_days)
    article.save(update_fields=["verify_every_days", "verify_due_on"])
    settle(f"verify:{article.pk}")
    verification = Verification.objects.create(
        article=article, version=version, person=actor, evidence=evidence, due_on=article.verify_due_on
    )
    refresh_standing(article.entry)
    return verification


@action
def give_feedback(
    actor: Actor,
    entry: Entry,
    kind: Feedback.Kind,
    text: str = "",
    disputes: bool = False,
    version: EntryVersion | None = None,
) -> Feedback:
    """Say that a text helped or not, or that something in it is wrong or unclear."""
    require(
        isinstance(actor, Person) and rules.may_read(actor, entry), _("There is no such entry, or you may not read it.")
    )
    assert isinstance(actor, Person)
    _check_feedback(actor, entry, kind, text, disputes, version)
    about = version or entry.current_version
    values = {"text": text.strip(), "disputes": disputes}
    if kind in REPORTS:
        feedback = Feedback.objects.create(entry=entry, version=about, person=actor, kind=kind, **values)
    else:
        feedback = _vote(actor, entry, about, kind, values)
    if Feedback.objects.open().filter(pk=feedback.pk).exists():
        _tell_keepers(feedback)
    if feedback.disputes:
        refresh_standing(entry)
    return feedback


@action
def dispute_entry(actor: Actor, feedback: Feedback) -> Feedback:
    """Warn readers of a text until that report is settled."""
    require(
        rules.may_settle(actor, feedback.entry),
        _("Only its owner, verifier, stewards and knowledge managers put a warning on it."),
    )
    if feedback.state != Feedback.State.OPEN or feedback.kind not in REPORTS:
        raise ValidationError({"feedback": _("Only an open report can warn readers.")})
    feedback.disputes = True
    feedback.save(update_fields=["disputes"])
    refresh_standing(feedback.entry)
    return feedback


@action
def settle_feedback(actor: Actor, feedback: Feedback, outcome: Feedback.State, answer: str) -> Feedback:
    """Answer a report: fixed, or no change needed and why. Whoever reported is told."""
    require(
        rules.may_settle(actor, feedback.entry),
        _("Only its owner, verifier, contributors, stewards and knowledge managers settle reports."),
    )
    if outcome == Feedback.State.OPEN:
        raise ValidationError({"outcome": _("Say whether it was fixed, or that no change is needed.")})
    if feedback.state != Feedback.State.OPEN:
        raise ValidationError({"feedback": _("Somebody settled it already.")})
    if not answer.strip():
        raise ValidationError({"answer": _("Answer in a sentence: the person who reported it reads it.")})
    feedback.state, feedback.answer, feedback.settled_at = outcome, answer.strip(), timezone.now()
    feedback.settled_by = actor if isinstance(actor, Person) else None
    feedback.save()
    settle(f"feedback:{feedback.pk}")
    refresh_standing(feedback.entry)
    words = format_lazy(
        _("Your report on “{title}” was answered: {answer}"),
        title=feedback.entry.title[:150],
        answer=feedback.answer[:250],
    )
    if feedback.person_id != getattr(actor, "pk", None) and rules.may_read(feedback.person, feedback.entry):
        tell(feedback.person, words, address("home:entry", pk=feedback.entry_id), f"answer:{feedback.pk}")
    return feedback


def _evidence(person: Person, article: Article, evidence: str) -> str:
    """What was checked, in words of its own: the same words for several articles would vouch for none of them."""
    evidence = " ".join(evidence.split())
    if len(evidence) < EVIDENCE_LETTERS:
        raise ValidationError(
            {"evidence": _("Say what you checked: a measurement, a document, a visit, a person you asked.")}
        )
    recent = Verification.objects.filter(person=person, at__gte=timezone.now() - SAME_WORDS_FOR).exclude(
        article=article
    )
    if recent.filter(evidence__iexact=evidence).exists():
        raise ValidationError(
            {"evidence": _("You used these very words for another article today. Say what you checked for this one.")}
        )
    return evidence


def _check_feedback(
    person: Person, entry: Entry, kind: Feedback.Kind, text: str, disputes: bool, version: EntryVersion | None
) -> None:
    if kind in REPORTS and not text.strip():
        raise ValidationError({"text": _("Say what is wrong or unclear, so that somebody can mend it.")})
    if len(text) > 4000:
        raise ValidationError({"text": _("At most 4,000 characters.")})
    if version is not None and version.entry_id != entry.pk:
        raise ValidationError({"version": _("That version belongs to another entry.")})
    if disputes and kind not in REPORTS:
        raise ValidationError({"disputes": _("Only a report of something wrong or unclear can warn readers.")})
    require(
        not disputes or rules.may_dispute(person, entry),
        _(
            "Only its owner, its verifier and its unit's experts, stewards and knowledge managers warn readers at once."
            " Report it without the warning."
        ),
    )


def _vote(
    person: Person, entry: Entry, version: EntryVersion | None, kind: Feedback.Kind, values: dict[str, object]
) -> Feedback:
    """Helpful or not: one for each person and version, and they may change their mind."""
    votes = Feedback.objects.filter(entry=entry, version=version, person=person).exclude(kind__in=REPORTS)
    found = votes.first() or Feedback(entry=entry, version=version, person=person)
    found.kind, found.at, found.state = kind, timezone.now(), Feedback.State.OPEN
    for name, value in values.items():
        setattr(found, name, value)
    found.save()
    return found


def _tell_keepers(feedback: Feedback) -> None:
    """Owner and verifier hear of a report; a warning to readers is urgent."""
    entry = feedback.entry
    article = Article.objects.select_related("verifier").filter(entry=entry).first()
    urgency = Notice.Urgency.URGENT if feedback.disputes else Notice.Urgency.NORMAL
    words = format_lazy(
        _("{name} reports on “{title}”: {text}"),
        name=feedback.person.name,
        title=entry.title[:150],
        text=feedback.text[:200],
    )
    for keeper in {entry.owner, article.verifier if article else None} - {None, feedback.person}:
        assert keeper is not None
        tell(keeper, words, address("library:report", pk=feedback.pk), f"feedback:{feedback.pk}", urgency)
    note(disputes=feedback.disputes)
