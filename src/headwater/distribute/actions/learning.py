"""The verbs about learning what a person wants: switching it on and off, examples, and the words themselves."""

from django.core.exceptions import ValidationError
from django.utils import timezone
from django.utils.translation import gettext as _

from headwater.core.actions import Actor, action, note, require
from headwater.core.jobs import safe_tx
from headwater.distribute import rules
from headwater.distribute.breadth import refuse_learned_flood
from headwater.distribute.following import current_tx
from headwater.distribute.learned import STRENGTHS, terms_named
from headwater.distribute.models import InterestProfile, LearnedExample, LearnedInterest
from headwater.people.models import Person
from headwater.search.models import Entry

MOST_EDITS = 200
MOST_EXAMPLES = 100


@action
def start_learning(actor: Actor, person: Person) -> LearnedInterest:
    """Let Headwater learn from what a person finds useful, acknowledges and leaves unopened. Only they switch it on.

    It looks back a year, at what they did before this too; the page says so beside the button.
    """
    interest = _interest_of(actor, person)
    if not interest.follows_use:
        interest.follows_use, interest.consented_at = True, timezone.now()
        interest.due_at = timezone.now()
        interest.save()
    return interest


@action
def stop_learning(actor: Actor, person: Person, keep: bool = False) -> None:
    """Learn no more from what a person does. With `keep` the words that were learned go on matching; else they go."""
    _require_own(actor, person)
    interest = LearnedInterest.objects.select_for_update().filter(person=person).first()
    note(kept=keep)
    if interest is None:
        return
    if keep:
        interest.follows_use, interest.due_at = False, None
        interest.save()
        return
    profile = interest.profile
    interest.delete()
    profile.is_active, profile.removed_at = False, timezone.now()
    profile.save()


@action
def weigh_word(actor: Actor, person: Person, word: str, strength: str, confirmed: bool = False) -> LearnedInterest:
    """Say how strongly a word counts: very_strong, strong, some, little, against, or never. It outlives learning.

    Where half of the newest texts would come by it, it is kept only when that is `confirmed`.
    """
    interest = _interest_of(actor, person)
    if strength not in STRENGTHS:
        offered = ", ".join(STRENGTHS)
        raise ValidationError({"strength": _("A strength is one of these: %(all)s.") % {"all": offered}})
    terms = terms_named(interest, word, person)
    is_more = any(interest.effective.get(term, 0.0) < STRENGTHS[strength][0] for term in terms)
    interest.edits.update(dict.fromkeys(terms, STRENGTHS[strength][0]))
    interest.words = {**interest.words, **terms}
    if len(interest.edits) > MOST_EDITS:
        raise ValidationError({"word": _("You have changed 200 words: that is the most.")})
    if is_more:
        refuse_learned_flood(person, interest, confirmed)
    interest.save()
    interest.profile.save(update_fields=["changed_at"])
    note(strength=strength, **({"confirmed": True} if confirmed else {}))
    return interest


@action
def add_example(actor: Actor, person: Person, entry: Entry, wanted: bool = True) -> LearnedInterest:
    """Name something as an example of what a person wants more of (or, not `wanted`, less of)."""
    interest = _interest_of(actor, person)
    if not Entry.objects.current().readable_by(person).filter(pk=entry.pk).exists():
        raise ValidationError({"entry": _("Nothing that you may read has this number.")})
    if interest.examples.exclude(entry=entry).count() >= MOST_EXAMPLES:
        raise ValidationError({"entry": _("A hundred examples are the most. Take one away first.")})
    LearnedExample.objects.update_or_create(interest=interest, entry=entry, defaults={"is_wanted": wanted})
    return _to_learn(interest)


@action
def remove_example(actor: Actor, person: Person, entry: Entry) -> LearnedInterest:
    """Take an example away; what was learned from it goes at the next learning."""
    interest = _interest_of(actor, person)
    interest.examples.filter(entry=entry).delete()
    return _to_learn(interest)


def _to_learn(interest: LearnedInterest) -> LearnedInterest:
    interest.due_at = timezone.now()
    interest.save()
    return interest


def _interest_of(actor: Actor, person: Person) -> LearnedInterest:
    """The person's learned interest, locked; made now when there is none yet."""
    _require_own(actor, person)
    Person.objects.select_for_update(no_key=True).filter(pk=person.pk).first()
    found = LearnedInterest.objects.select_for_update(of=("self",)).filter(person=person).first()
    if found is not None:
        return found
    profile = InterestProfile.objects.create(
        name=_("Learned from you"), person=person, created_by=person, since_tx=safe_tx(), asked_tx=current_tx()
    )
    return LearnedInterest.objects.create(person=person, profile=profile)


def _require_own(actor: Actor, person: Person) -> None:
    require(rules.may_hold_profile(actor, person), _("Only the person decides what is learned about them."))
