"""What was learned of a person, in words: how strong each word is, and what other strengths would bring.

Weights are on one scale: a text matches when its words together bring 1, and a word that is a tenth of a text brings a
tenth of its weight.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from headwater.core.wall import organisation_context
from headwater.distribute.matcher.reading import Reading
from headwater.distribute.matcher.weighing import TITLE, Terms, terms_of
from headwater.distribute.models import Delivery, LearnedInterest
from headwater.people.models import Person
from headwater.search.models import Entry, EntryVersion
from headwater.search.seen import searchables

NEVER = "never"
STRENGTHS = {
    "very_strong": (10.0, _("very strong")),
    "strong": (6.0, _("strong")),
    "some": (3.0, _("some")),
    "little": (1.0, _("a little")),
    "against": (-4.0, _("speaks against")),
    NEVER: (0.0, _("not at all")),
}
_LEAST = (("very_strong", 8.0), ("strong", 4.5), ("some", 2.0), ("little", 0.0))
LEAST_SHARING = 8
"""A word is handed to a newcomer only when so many of their unit or role have it: it is nobody's own taste."""
SHOWN = 24
DAYS = 90
_LOOKED_AT = 400
_TITLES = 5


@dataclass(frozen=True)
class LearnedWord:
    """One word as the page shows it: how it is written, whether it counts in titles, its strength, whose it is."""

    term: str
    word: str
    in_title: bool
    strength: str
    is_own: bool


@dataclass(frozen=True)
class Effect:
    """Of how many newest texts of DAYS days how many match before and after; the titles of some that come and go."""

    looked_at: int
    before: int
    after: int
    gained: tuple[str, ...]
    lost: tuple[str, ...]


def strength_of(weight: float) -> str:
    """The key of STRENGTHS that a weight is nearest to."""
    if weight < 0:
        return "against"
    return next((name for name, least in _LEAST if weight > least), NEVER)


def words_of(interest: LearnedInterest) -> list[LearnedWord]:
    """The words that count most, the strongest first, those of the person's own choice always among them."""
    found = interest.effective
    ranked = sorted(found, key=lambda term: (term not in interest.edits, -abs(found[term]), term))[:SHOWN]
    return [_shown(interest, term, found[term]) for term in sorted(ranked, key=lambda term: (-found[term], term))]


def never_of(interest: LearnedInterest) -> list[LearnedWord]:
    """The words that the person does not want to count."""
    return [_shown(interest, term, 0.0) for term, weight in sorted(interest.edits.items()) if not weight]


def _shown(interest: LearnedInterest, term: str, weight: float) -> LearnedWord:
    bare = term.removeprefix(TITLE)
    word = interest.words.get(bare, bare)
    return LearnedWord(term, word, term.startswith(TITLE), strength_of(weight), term in interest.edits)


def with_strengths(interest: LearnedInterest, strengths: Mapping[str, str]) -> dict[str, float]:
    """The person's edits, were these strengths chosen too: {term: key of STRENGTHS}; what is as it was stays."""
    edits = dict(interest.edits)
    for term, strength in strengths.items():
        weight = interest.effective.get(term, 0.0)
        if strength in STRENGTHS and strength != strength_of(weight):
            edits[term] = STRENGTHS[strength][0]
    return edits


def effect_of(person: Person, before: Mapping[str, float], after: Mapping[str, float]) -> Effect:
    """What other words would have brought in the last days, of the newest texts that the person may read."""
    recent = readable_versions(person).filter(published_at__gte=timezone.now() - timedelta(days=DAYS))
    versions = list(recent.order_by("-published_at")[:_LOOKED_AT])
    read = list(zip(versions, read_terms(versions), strict=True))
    was = {version.pk for version, terms in read if _brings(before, terms) >= 1}
    would = {version.pk for version, terms in read if _brings(after, terms) >= 1}
    titles = {version.pk: version.title for version in versions}
    gained = [titles[pk] for pk in titles if pk in would - was]
    lost = [titles[pk] for pk in titles if pk in was - would]
    return Effect(len(versions), len(was), len(would), tuple(gained[:_TITLES]), tuple(lost[:_TITLES]))


def readable_versions(person: Person) -> QuerySet[EntryVersion]:
    """The current versions of all that the person may read."""
    entries = Entry.objects.current().readable_by(person)
    return EntryVersion.objects.filter(pk__in=entries.values("current_version")).select_related("entry")


def read_terms(versions: Sequence[EntryVersion]) -> list[Terms]:
    """The terms of each version (with `entry` at hand)."""
    return [terms_of(Reading(searchable)) for searchable in searchables(versions)]


def _brings(weights: Mapping[str, float], terms: Terms) -> float:
    return sum(weights.get(term, 0.0) * share for term, share in terms.shares.items())


# --- When it is learned -----------------------------------------------------------------------------------------------


def is_learning_due(organisation_id: int) -> bool:
    """Whether somebody's interest is to be learned anew now."""
    with organisation_context(organisation_id):
        return LearnedInterest.objects.filter(due_at__lte=timezone.now()).exists()


def plan_learning(organisation_id: int) -> None:
    """Have learned anew whoever said or did something since the last time. Nightly."""
    with organisation_context(organisation_id):
        for interest in LearnedInterest.objects.filter(follows_use=True, due_at=None):
            told = Delivery.objects.filter(person=interest.person_id, tx__gte=interest.learned_tx)
            if told.filter(Q(useful__isnull=False) | Q(acknowledged_at__isnull=False)).exists():
                LearnedInterest.objects.filter(pk=interest.pk).update(due_at=timezone.now())
