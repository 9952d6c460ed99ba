"""What was learned of a person, in words: how strong each word is, and what other strengths would bring.

Weights are on one scale: a text matches when its words together bring 1, and a word that is a tenth of a text brings a
tenth of its weight.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import timedelta

from django.core.exceptions import ValidationError
from django.db.models import Q, QuerySet
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from headwater.core.wall import organisation_context
from headwater.distribute.function_words import is_function_word
from headwater.distribute.matcher.reading import Reading
from headwater.distribute.matcher.weighing import TITLE, Terms, terms_of
from headwater.distribute.models import Delivery, LearnedInterest
from headwater.people.models import Person
from headwater.search.language.analyzer import analyze
from headwater.search.language.searchable import Searchable
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
MOST_WORDS = 5  # at once
IGNORED_AFTER = timedelta(days=14)
ENOUGH_IGNORED = 10
"""So many that were left unopened say as much as one that was called not useful: then they are learned from."""
BEGINNING = 20_000
"""Letters of a text that are learned from and looked at: seven pages say what it is about. In what is longer each word
has so small a share that none would count, and a text as long as a shelf of books takes seconds to be cut into words.
"""


@dataclass(frozen=True)
class LearnedWord:
    """One word as the page shows it: how it is written, whether it counts in titles, its strength, whose it is."""

    term: str
    word: str
    in_title: bool
    strength: str
    is_own: bool


def strength_of(weight: float) -> str:
    """The key of STRENGTHS that a weight is nearest to."""
    if weight < 0:
        return "against"
    return next((name for name, least in _LEAST if weight > least), NEVER)


def words_of(interest: LearnedInterest) -> list[LearnedWord]:
    """The words that tell most, the strongest first, those of the person's own choice always among them.

    Not letters by themselves, such as units of measure, nor function words: they count, and say nothing to a reader.
    """
    found = {
        term: weight for term, weight in interest.effective.items() if term in interest.edits or _says(interest, term)
    }
    places = {term: place for place, (term, _weight) in enumerate(interest.terms)}
    ranked = sorted(found, key=lambda term: (term not in interest.edits, places.get(term, 0), term))[:SHOWN]
    return [_shown(interest, term, found[term]) for term in sorted(ranked, key=lambda term: (-found[term], term))]


def _says(interest: LearnedInterest, term: str) -> bool:
    word = as_written(interest, term)
    return (len(word) > 1 or not word.isascii()) and not is_function_word(word, interest.person.reading_language)


def as_written(interest: LearnedInterest, term: str) -> str:
    """How people write a term."""
    bare = term.removeprefix(TITLE)
    return interest.words.get(bare, bare)


def never_of(interest: LearnedInterest) -> list[LearnedWord]:
    """The words that the person does not want to count."""
    return [_shown(interest, term, 0.0) for term, weight in sorted(interest.edits.items()) if not weight]


def _shown(interest: LearnedInterest, term: str, weight: float) -> LearnedWord:
    word = as_written(interest, term)
    return LearnedWord(term, word, term.startswith(TITLE), strength_of(weight), term in interest.edits)


def with_strengths(interest: LearnedInterest, strengths: Mapping[str, str]) -> dict[str, float]:
    """The person's edits, were these strengths chosen too: {term: key of STRENGTHS}; what is as it was stays."""
    edits = dict(interest.edits)
    for term, strength in strengths.items():
        weight = interest.effective.get(term, 0.0)
        if strength in STRENGTHS and strength != strength_of(weight):
            edits[term] = STRENGTHS[strength][0]
    return edits


def terms_named(interest: LearnedInterest, word: str, person: Person) -> dict[str, str]:
    """{term: how it is written} of what somebody wrote: a term as it is known here, or words in their language.

    Raises `ValidationError` when that is no word, or more than MOST_WORDS.
    """
    if word in interest.effective or word in interest.edits:
        return {word: as_written(interest, word)}
    analysis = analyze(word[:100], person.reading_language)
    pairs = zip(analysis.stems, analysis.surfaces, strict=True)
    found = {stem: surface for stem, surface in pairs if not stem.isdigit()}
    if not 0 < len(found) <= MOST_WORDS:
        raise ValidationError({"word": _("Write one word, or a few.")})
    return found


def readable_versions(person: Person) -> QuerySet[EntryVersion]:
    """The current versions of all that the person may read."""
    entries = Entry.objects.current().readable_by(person)
    return EntryVersion.objects.filter(pk__in=entries.values("current_version")).select_related("entry")


def read_terms(versions: Sequence[EntryVersion]) -> list[Terms]:
    """The terms of each version (with `entry` at hand), as far as they are learned from."""
    return [terms_of(Reading(begun(searchable))) for searchable in searchables(versions)]


def begun(version: Searchable) -> Searchable:
    """What is looked at of a version: itself, or one with only the BEGINNING of its text."""
    return version if len(version.text) <= BEGINNING else replace(version, text=version.text[:BEGINNING])


# --- When it is learned -----------------------------------------------------------------------------------------------


def is_learning_due(organisation_id: int) -> bool:
    """Whether somebody's interest is to be learned anew now."""
    with organisation_context(organisation_id):
        return LearnedInterest.objects.filter(due_at__lte=timezone.now()).exists()


def plan_learning(organisation_id: int) -> None:
    """Have learned anew whoever said or did something since the last time, or let enough lie. Nightly."""
    with organisation_context(organisation_id):
        for interest in LearnedInterest.objects.filter(follows_use=True, due_at=None):
            if _has_something_to_say(interest):
                LearnedInterest.objects.filter(pk=interest.pk).update(due_at=timezone.now())


def _has_something_to_say(interest: LearnedInterest) -> bool:
    mine = Delivery.objects.filter(person=interest.person_id).exclude(state=Delivery.State.WITHDRAWN)
    told = mine.filter(tx__gte=interest.learned_tx)
    if told.filter(Q(useful__isnull=False) | Q(acknowledged_at__isnull=False)).exists():
        return True
    lying = mine.filter(is_ignored())
    if interest.learned_at is not None:
        lying = lying.filter(created_at__gte=interest.learned_at - IGNORED_AFTER)
    return lying[:ENOUGH_IGNORED].count() == ENOUGH_IGNORED


def is_ignored() -> Q:
    """Filter on deliveries: left unopened for so long that it says something, and nothing else was said of it."""
    before = timezone.now() - IGNORED_AFTER
    return Q(useful=None, acknowledged_at=None, read_at=None, created_at__lt=before)
